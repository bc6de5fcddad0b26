"""S/MIME parts that wrap what they sign: the words inside are read, the file stays as it came."""

import base64
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.cms import signed_content
from inbox.mail.mime.parse import parse

INNER = (
    b"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: text/plain; charset=utf-8\n\n"
    b"Gr\xc3\xbc\xc3\x9fe, signed\n--x\nContent-Type: application/pdf; name=plan.pdf\n\nPDF\n--x--\n"
)
SIGNED = bytes.fromhex("06092a864886f70d010702")
ENVELOPED = bytes.fromhex("06092a864886f70d010703")
DATA = bytes.fromhex("06092a864886f70d010701")


def tlv(tag: int, content: bytes) -> bytes:
    """Return a value of DER."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else b"\x84" + size.to_bytes(4, "big")
    return bytes([tag]) + length + content


def endless(tag: int, content: bytes) -> bytes:
    """Return a value of BER whose end is a mark."""
    return bytes([tag, 0x80]) + content + b"\x00\x00"


def wrapped(content: bytes, kind: bytes = SIGNED) -> bytes:
    """Return a SignedData of DER."""
    signed = tlv(0x02, b"\x01") + tlv(0x31, b"") + tlv(0x30, DATA + tlv(0xA0, tlv(0x04, content))) + tlv(0x31, b"")
    return tlv(0x30, kind + tlv(0xA0, tlv(0x30, signed)))


def streamed(content: bytes) -> bytes:
    """Return a SignedData as programs write it that do not know its length: endless, in pieces."""
    pieces = b"".join(tlv(0x04, content[at : at + 50]) for at in range(0, len(content), 50))
    digests = endless(0x31, endless(0x30, tlv(0x06, b"\x2a\x03")))
    inner = endless(0x30, DATA + endless(0xA0, endless(0x24, pieces)))
    return endless(0x30, SIGNED + endless(0xA0, endless(0x30, tlv(0x02, b"\x01") + digests + inner)))


def mail(file: bytes, kind: bytes = b"signed-data") -> bytes:
    """Return a mail that is nothing but an S/MIME file."""
    head = b"From: kim@example.org\nSubject: s\nContent-Type: application/pkcs7-mime; smime-type=" + kind
    return head + b"; name=smime.p7m\nContent-Transfer-Encoding: base64\n\n" + base64.encodebytes(file)


@pytest.mark.parametrize("make", [wrapped, streamed])
def test_what_is_signed_is_read_and_the_file_kept(make: Callable[[bytes], bytes]) -> None:
    file = make(INNER)

    read = parse(mail(file))

    assert (read.text, read.signed, read.protected) == ("Grüße, signed", "smime", "")
    assert [(found.name, found.data) for found in read.attachments] == [("plan.pdf", b"PDF"), ("smime.p7m", file)]


def test_what_is_encrypted_stays_closed() -> None:
    file = wrapped(INNER, ENVELOPED)

    read = parse(mail(file, b"enveloped-data"))

    assert (read.text, read.signed, read.protected) == ("", "", "smime")
    assert [found.data for found in read.attachments] == [file]


def test_wrappings_are_opened_three_deep_at_most() -> None:
    content = b"Content-Type: text/plain\n\ncore\n"
    for _ in range(3):
        content = mail(wrapped(content))

    assert parse(content).text == "core"
    assert parse(mail(wrapped(content))).text == ""


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30",
        b"\x30\x80" * 5_000,
        b"\x30\x84\xff\xff\xff\xff",
        wrapped(b"x")[:-30],
        tlv(0x30, SIGNED),
        b"-----BEGIN PKCS7-----",
        endless(0x30, SIGNED + endless(0xA0, endless(0x30, tlv(0x02, b"\x01") + b"\x31\x80" * 40_000))),
    ],
)
def test_other_bytes_hold_nothing(data: bytes) -> None:
    begun = time.process_time()

    assert signed_content(data) == b""
    assert time.process_time() - begun < 2.0


@settings(deadline=None)
@given(st.binary(max_size=40), st.integers(0, 120))
def test_no_bytes_are_refused(junk: bytes, at: int) -> None:
    whole = streamed(INNER)

    assert isinstance(signed_content(whole[:at] + junk + whole[at + len(junk) :]), bytes)
