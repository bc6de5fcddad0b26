"""The end of a mail as a client sends it: nothing but CRLF dot CRLF, however the bytes come in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.mail.smtpd.body import Body, Fault


def pieces(data: bytes, *, longest: int = 40) -> list[bytes]:
    """Cut what came over the line as the reader does: at each CRLF, and earlier where a line is long."""
    found = []
    while data:
        at = data.find(b"\r\n", 0, longest)
        size = at + 2 if at >= 0 else min(longest - 1, len(data))
        found.append(data[:size])
        data = data[size:]
    return found


def taken(data: bytes, *, limit: int = 1000, longest: int = 40) -> tuple[bytes, Fault | None, bytes]:
    """Return the mail, its fault, and what was said after it."""
    body = Body(limit)
    rest = pieces(data, longest=longest)
    while rest and not body.take(rest.pop(0)):
        pass
    return b"".join(body.chunks()), body.fault, b"".join(rest)


def test_dots_are_unstuffed_at_the_start_of_a_line_alone() -> None:
    data = b"..a\r\n.b\r\na.b\r\n....\r\n" + b"x" * 60 + b".y\r\n.\r\nQUIT\r\n"

    assert taken(data) == (b".a\r\nb\r\na.b\r\n...\r\n" + b"x" * 60 + b".y\r\n", None, b"QUIT\r\n")


@pytest.mark.parametrize(
    "smuggled",
    [b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\n.\r", b"\r\r\n.\r\r\n", b"\r\n\x00.\n"],
)
def test_no_other_end_of_a_line_ends_a_mail(smuggled: bytes) -> None:
    hidden = b"MAIL FROM:<boss@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\nSubject: x\r\n\r\ny\r\n.\r\n"
    data = b"Subject: a\r\n\r\nb" + smuggled + hidden

    _, fault, rest = taken(data)

    assert (fault, rest) == (Fault.BARE_LINE_END, b"")


def test_nuls_and_eight_bit_pass() -> None:
    data = b"Subject: \x00\xff\xfe\r\n\r\n\x00\r\n"

    assert taken(data + b".\r\n") == (data, None, b"")


def test_a_mail_that_is_too_large_is_read_to_its_end_and_dropped() -> None:
    data = b"a" * 30 + b"\r\n"

    assert taken(data * 2 + b".\r\nQUIT\r\n", limit=64) == (data * 2, None, b"QUIT\r\n")
    assert taken(data * 2 + b".\r\nQUIT\r\n", limit=63) == (b"", Fault.TOO_LARGE, b"QUIT\r\n")


@given(
    st.lists(st.binary(max_size=90).filter(lambda line: b"\r" not in line and b"\n" not in line), max_size=12),
    st.integers(3, 64),
)
def test_any_lines_come_through_whole(lines: list[bytes], longest: int) -> None:
    mail = b"".join(line + b"\r\n" for line in lines)
    sent = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)

    assert taken(sent + b".\r\nRSET\r\n", limit=10_000, longest=longest) == (mail, None, b"RSET\r\n")


@given(st.binary(max_size=200), st.integers(3, 64))
def test_no_bytes_break_it_and_none_pass_with_a_bare_end(data: bytes, longest: int) -> None:
    mail, fault, _ = taken(data, longest=longest)

    bare = mail.replace(b"\r\n", b"")
    # The last piece of an unfinished line may end between CR and LF.
    assert fault is not None or not (b"\n" in bare or b"\r" in bare.removesuffix(b"\r"))
