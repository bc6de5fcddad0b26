"""mbox files of every kind: nothing is lost between two mails, and nothing of the text is taken for a mail."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from inbox.mail.receive import mbox

LINE = b"From kim@example.org Mon Oct  5 08:15:00 2026\n"


def mails(path: Path) -> list[bytes]:
    """Return the mails of a file."""
    return [b"".join(mbox.read(path, span)) for span in mbox.spans(path)]


def written(tmp_path: Path, data: bytes) -> Path:
    """Write a file and return its path."""
    path = tmp_path / "mails"
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    "line",
    [
        LINE,
        b"From - Thu Jan 01 00:00:00 1970\n",
        b"From 1540930282139999999@xxx Fri Sep 14 10:00:00 +0000 2018\n",
        b"From kim at example.org  Tue Mar  1 9:05:01 2022\n",
        b"From kim@example.org Thu, 1 Jan 2026 00:00:00 +0100\n",
        b"From MAILER-DAEMON Fri Jul  8 12:08:34 2011 remote from host\n",
        b"From kim@example.org 2026-10-05 08:15:00\n",
    ],
)
def test_separators_of_many_programs_are_known(tmp_path: Path, line: bytes) -> None:
    first, second = b"Subject: a\n\none\n", b"Subject: b\n\ntwo\n"

    assert mails(written(tmp_path, line + first + b"\n" + line + second + b"\n")) == [first, second]
    assert mails(written(tmp_path, line + first + line + second)) == [first, second]
    crlf = (line + first + b"\n" + line + second).replace(b"\n", b"\r\n")
    assert mails(written(tmp_path, crlf)) == [each.replace(b"\n", b"\r\n") for each in (first, second)]


@pytest.mark.parametrize(
    "text",
    [
        b"From here it goes on.\nNote: well\n",
        b"From kim@example.org Mon Oct  5 08:15:00 2026\nno field below\n",
        b" From kim@example.org Mon Oct  5 08:15:00 2026\nSubject: x\n",
        b"From " + b"x" * 600 + b" Mon Oct  5 08:15:00 2026\nSubject: x\n",
    ],
)
def test_text_that_begins_alike_is_no_separator(tmp_path: Path, text: bytes) -> None:
    mail = b"Subject: a\n\n" + text

    assert mails(written(tmp_path, LINE + mail)) == [mail]


def test_quoting_is_taken_back_once(tmp_path: Path) -> None:
    data = LINE + b"Subject: a\n\n>From here\n>>From there\n> From me\nx >From y\n>Fromage\n"

    assert mails(written(tmp_path, data)) == [b"Subject: a\n\nFrom here\n>From there\n> From me\nx >From y\n>Fromage\n"]


@pytest.mark.parametrize("length", [b"0", b"3", b"99999999999", b"-1", b"many", b"57"])
def test_a_content_length_hides_no_mail(tmp_path: Path, length: bytes) -> None:
    first, second = b"Content-Length: " + length + b"\nSubject: a\n\none\n", b"Subject: b\n\ntwo\n"

    assert mails(written(tmp_path, LINE + first + b"\n" + LINE + second)) == [first, second]


def test_what_stands_before_the_first_mail_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path, b"\xef\xbb\xbf" + LINE + b"Subject: a\n\n")

    assert (mbox.is_mbox(path), mails(path)) == (True, [b"Subject: a\n"])
    assert mails(written(tmp_path, b"\n\n" + LINE + b"Subject: a\n\nx")) == [b"Subject: a\n\nx"]
    assert mbox.is_mbox(written(tmp_path, b"Subject: a\n\nFrom x\n")) is False
    assert (mbox.is_mbox(written(tmp_path, b"")), mails(tmp_path / "mails")) == (False, [])


@pytest.mark.parametrize(
    ("field", "is_deleted"),
    [
        (b"X-Mozilla-Status: 0009", True),
        (b"X-Mozilla-Status: 0001", False),
        (b"X-Status: AD", True),
        (b"X-Status: A", False),
        (b"Subject: a\n\nX-Status: D", False),
    ],
)
def test_a_mail_that_its_program_marked_as_deleted_is_told(tmp_path: Path, field: bytes, is_deleted: bool) -> None:  # noqa: FBT001 - a parameter
    (span,) = mbox.spans(written(tmp_path, LINE + field + b"\nSubject: a\n\none\n"))

    assert span.is_deleted is is_deleted


def test_a_line_longer_than_a_piece_is_one_line(tmp_path: Path) -> None:
    mail = b"Subject: a\n\n" + b"x" * 200_000 + b"From x\n>" + b"y" * 70_000 + b"\n"

    assert mails(written(tmp_path, LINE + mail + b"\n" + LINE + mail)) == [mail, mail]


def _mail(body: bytes) -> bytes:
    return b"Subject: a\n\n" + body + b"\n"


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.lists(st.sampled_from([b"From x", b">From x", LINE.strip(), b"", b"A: b", b"\x00\xff", b"text"])), max_size=5
    )
)
def test_what_a_careful_program_wrote_comes_back(tmp_path: Path, bodies: list[list[bytes]]) -> None:
    sent = [_mail(b"\n".join(body)) for body in bodies]
    quoted = [
        b"".join(
            b">" + line if line.lstrip(b">").startswith(b"From ") else line for line in mail.splitlines(keepends=True)
        )
        for mail in sent
    ]

    found = mails(written(tmp_path, b"".join(LINE + mail + b"\n" for mail in quoted)))

    assert found == sent


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_no_bytes_break_it(tmp_path: Path, data: bytes) -> None:
    path = written(tmp_path, b"From " + data)

    spans = list(mbox.spans(path))

    assert all(0 <= span.start <= span.end <= len(data) + 5 for span in spans)
    assert len(spans) >= 1
