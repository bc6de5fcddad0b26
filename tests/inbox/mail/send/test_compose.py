"""What is composed reads back as it was written, in lines that every server takes (RFC 5322 2.1.1, 2047, 2231)."""

import string
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Final
from uuid import UUID

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from helpdesk.core.context import Purpose, purpose
from inbox.mail.mime.parse import parse
from inbox.mail.models import OutboundMail
from inbox.mail.send.compose import File, compose
from inbox.mail.send.files import Upload
from inbox.mail.send.reply import NewReply, send_reply
from inbox.mail.states import OutKind
from inbox.tickets.models import Attachment
from tests.make import Letter, make_agent, make_mail, make_mailbox, message_of, receive

PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
_LETTERS: Final = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Cf", "Co"])
_WORDS: Final = st.text(_LETTERS, min_size=1, max_size=300)
_NAMES: Final = st.text(
    st.sampled_from(string.ascii_letters + "äöüßéñ日本語🙂 \"%'();,*=?.[]&$#~"), min_size=1, max_size=180
).map(lambda name: f"x{name.strip()}y.bin")


def _row(subject: str = "Hello", name: str = "Kim", text: str = "A line.") -> OutboundMail:
    row = OutboundMail(id=UUID(int=7), kind=OutKind.REPLY, created_at=datetime(2026, 10, 5, 8, 15, tzinfo=UTC))
    row.header_id, row.subject, row.text, row.html, row.outstanding = "<out.1@example.org>", subject, text, "", None
    row.envelope = {
        "from": ["Süd, Support", "desk@example.org"],
        "to": [[name, "kim@example.net"]],
        "cc": [],
        "bcc": [],
        "reply_to": "",
        "in_reply_to": "",
        "references": [],
    }
    return row


def _mime(row: OutboundMail, *files: File) -> bytes:
    with purpose(Purpose.SYSTEM):
        return compose(row, files).mime


def _longest_line(mime: bytes) -> int:
    assert b"\n" not in mime.replace(b"\r\n", b"")
    return max(len(line) for line in mime.split(b"\r\n"))


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(subject=_WORDS, name=_WORDS)
def test_any_subject_and_name_arrive_in_short_lines(subject: str, name: str) -> None:
    mime = _mime(_row(subject, name))

    mail = parse(mime)
    assert mail.subject == " ".join(subject.replace("=?", "= ?").split())
    assert [row.address for row in mail.to] == ["kim@example.net"]
    assert "".join(mail.to[0].name.split()) == "".join(name.replace("=?", "= ?").split())
    assert _longest_line(mime) <= 998
    assert mime.isascii()


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=_NAMES)
@example(name="x;  ;y.bin")
def test_any_file_name_arrives_and_two_readers_agree(name: str) -> None:
    mime = _mime(_row(), File(name, b"data"))

    (file,) = parse(mime).attachments
    (part,) = BytesParser(_class=EmailMessage, policy=default).parsebytes(mime).iter_attachments()
    assert (file.name, file.data) == (name, b"data")
    assert part.get_filename() == name
    assert _longest_line(mime) <= 998


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(st.sampled_from("ab. ä🙂\n-"), max_size=400).map(lambda part: part * 8))
def test_any_text_stands_in_a_plain_part_that_is_always_there(text: str) -> None:
    mime = _mime(_row(text=f"Hello\n{text}\nEnd"))

    plain = BytesParser(_class=EmailMessage, policy=default).parsebytes(mime)
    assert plain.get_content_type() == "text/plain"
    assert plain.get_content().replace("\r\n", "\n") == f"Hello\n{text}\nEnd\n"
    assert _longest_line(mime) <= 998


@pytest.mark.django_db
def test_the_same_row_gives_the_same_bytes() -> None:
    files = (File("a.png", PNG, "p@example.org"), File("ä.pdf", b"x" * 5000))

    assert _mime(_row(), *files) == _mime(_row(), *files)


@pytest.mark.django_db
def test_a_picture_that_the_text_does_not_show_is_an_ordinary_file() -> None:
    row = _row()
    row.html = '<p><img src="cid:shown@example.org" alt=""></p>'
    shown, hidden = File("a.png", PNG, "shown@example.org"), File("b.png", PNG, "other@example.org")
    no_picture = File("c.html", b"<script>", "shown@example.org")

    mail = parse(_mime(row, shown, hidden, no_picture))

    assert [(file.name, file.inline) for file in mail.attachments] == [
        ("a.png", True),
        ("b.png", False),
        ("c.html", False),
    ]


@pytest.mark.django_db
def test_a_reply_shows_its_own_pictures_and_those_of_the_quoted_mail() -> None:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Kim <kim@example.org>", "hilfe@desk.example.net", "Pump"
    mail.set_content("See.")
    mail.add_alternative('<p>See <img src="cid:theirs@example.org"></p>', subtype="html")
    html = mail.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(PNG, "image", "png", cid="<theirs@example.org>", filename="theirs.png")
    question = message_of(receive(mail.as_bytes()))
    make_mailbox(question.ticket.inbox)
    new = NewReply("So?", UUID(int=3), None, pictures=[Upload("ours.png", "image/png", [PNG + b"2"])])

    row = send_reply(question.ticket, new, by=make_agent())

    with purpose(Purpose.SYSTEM):
        files = [
            File(file.name, data, file.content_id)
            for file, data in zip(Attachment.objects.filter(message=row.message), (PNG + b"2", PNG), strict=True)
        ]
        read = parse(compose(row, files).mime)
    assert [(file.inline, file.data) for file in read.attachments] == [(True, PNG + b"2"), (True, PNG)]
    own, quoted = (read.html.index(f"cid:{file.content_id.replace('@', '%40')}") for file in read.attachments)
    assert own < read.html.index("<blockquote") < quoted
    assert "theirs@example.org" not in read.html


@pytest.mark.django_db
def test_a_reply_without_pictures_brings_none() -> None:
    """The control: files of the quoted mail that do not stand in its text stay where they are."""
    letter = Letter(html="<p>See the list.</p>", files=[("list.csv", b"a;b")])
    ticket = message_of(receive(make_mail(letter=letter))).ticket
    make_mailbox(ticket.inbox)

    row = send_reply(ticket, NewReply("Thanks.", UUID(int=4), None), by=make_agent())

    assert not Attachment.objects.filter(message=row.message).exists()
    assert row.message is not None
