"""A mail crosses the pipe unchanged, and what is no mail is refused by one error."""

import json
from datetime import UTC, datetime

import pytest

from inbox.mail.mime.parsed import Address, Auth, Bounce, Notice, ParsedAttachment, ParsedMail
from inbox.mail.mime.wire import file_sizes, from_head, to_head

FULL = ParsedMail(
    from_=Address("Mara", "mara@example.org"),
    reply_to=(Address("", "desk@example.org"),),
    to=(Address("A", "a@x.org"), Address("B", "b@x.org")),
    cc=(Address("", "c@x.org"),),
    delivered_to=("desk+1@example.net",),
    sender_doubt=("group",),
    subject="Grüße",
    date=datetime(2026, 10, 6, 7, 30, tzinfo=UTC),
    received=datetime(2026, 10, 6, 7, 31, tzinfo=UTC),
    header_id="<1@x.org>",
    in_reply_to=("<0@x.org>",),
    references=("<0@x.org>",),
    text="words\n> old",
    fold_at=6,
    html="<p>words</p>",
    html_source_size=20,
    html_fold=True,
    sanitiser_version=1,
    remote_images=2,
    attachments=(ParsedAttachment("a.bin", "application/x-a", 3, False, "id@x", b"\x00\xff\n"),),  # noqa: FBT003 - in their order
    auto_reply=True,
    machine="bounce",
    bounce=Bounce(
        "failed",
        "a@x.org",
        "5.1.1",
        "<0@x.org>",
        (Notice("failed", "b@x.org", "5.1.1", "a@x.org", "no such user"),),
        ("<0@x.org>", "<1@x.org>"),
        ("v.abc",),
        certain=False,
    ),
    loop="00.11",
    auth=Auth("mx", spf="pass"),
    protected="pgp",
    flaws=("text_cut",),
)


def test_every_field_crosses_the_pipe() -> None:
    head = to_head(FULL)

    assert file_sizes(head) == [3]
    assert from_head(head, [b"\x00\xff\n"]) == FULL
    assert from_head(to_head(ParsedMail()), []) == ParsedMail()


@pytest.mark.parametrize(
    "head", [b"", b"{", b"[]", b"{}", b'{"files": [[1]]}', b'{"files": [["n", "t", "many"]]}', b"\xff"]
)
def test_what_is_no_head_is_refused(head: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        file_sizes(head)
    with pytest.raises(ValueError, match=r".*"):
        from_head(head, [])


def test_a_head_with_other_shapes_is_refused() -> None:
    values = json.loads(to_head(FULL))
    values["from_"] = ["only a name"]

    with pytest.raises(ValueError, match="not the head"):
        from_head(json.dumps(values).encode(), [b"\x00\xff\n"])
    with pytest.raises(ValueError, match=r".*"):
        from_head(to_head(FULL), [])
