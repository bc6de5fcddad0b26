"""Files inside a plain text become attachments when they are whole; what only looks like one stays words."""

import binascii
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.inside import take_out, y_decoded
from inbox.mail.mime.parse import parse

DATA = bytes(range(256)) * 3


def uu(data: bytes, name: bytes = b"photo.jpg") -> bytes:
    """Return a uuencoded file."""
    lines = [binascii.b2a_uu(data[at : at + 45]) for at in range(0, len(data), 45)]
    return b"begin 644 " + name + b"\n" + b"".join(lines) + b"`\nend\n"


def yenc(data: bytes, name: bytes = b"big file.bin", *, size: int | None = None, crc: int | None = None) -> bytes:
    """Return a yEnc file; `size` and `crc` may lie."""
    body = bytearray()
    for byte in data:
        value = (byte + 42) & 255
        body += bytes([0x3D, (value + 64) & 255]) if value in {0, 10, 13, 0x3D} else bytes([value])
    lines = b"\r\n".join(_lines(bytes(body)))
    told = f"{zlib.crc32(data) if crc is None else crc:08x}".encode()
    length = str(len(data) if size is None else size).encode()
    end = b"\r\n=yend size=" + length + b" crc32=" + told + b"\r\n"
    return b"=ybegin line=128 size=" + length + b" name=" + name + b"\r\n" + lines + end


def _lines(body: bytes) -> list[bytes]:
    """Break yEnc letters into lines, never behind the sign that escapes the next."""
    lines, at = [], 0
    while at < len(body):
        stop = at + 128 - (body[at + 127 : at + 128] == b"=")
        lines.append(body[at:stop])
        at = stop
    return lines


def test_a_uuencoded_file_is_taken_out_of_its_words() -> None:
    read = parse(b"From: a@example.org\nContent-Type: text/plain\n\nHello,\n\n" + uu(DATA) + b"\nRegards\n")

    assert read.text == "Hello,\n\n\nRegards"
    assert [(file.name, file.data) for file in read.attachments] == [("photo.jpg", DATA)]


def test_a_yenc_file_is_taken_out_of_its_words() -> None:
    read = parse(b"From: a@example.org\nContent-Type: text/plain\n\nHello,\r\n" + yenc(DATA) + b"Regards\n")

    assert read.text == "Hello,\nRegards"
    assert [(file.name, file.data) for file in read.attachments] == [("big file.bin", DATA)]


def test_two_files_are_found() -> None:
    rest, files = take_out(b"a\n" + uu(DATA, b"one") + b"b\n" + uu(b"x", b"C:\\two") + b"c\n")

    assert rest == b"a\nb\nc\n"
    assert [(file.name, file.data) for file in files] == [("one", DATA), ("two", b"x")]


@pytest.mark.parametrize(
    "text",
    [
        b"begin 644 with the small ones\nand go on\nend\n",
        uu(DATA).replace(b"\nend\n", b"\n"),
        uu(DATA)[:200] + b"\n",
        b"> " + uu(DATA).replace(b"\n", b"\n> "),
        b"=ybegin is the first line of yEnc\n",
        yenc(DATA)[:300],
        b"begin 644 x\n" * 2_000,
        b"=ybegin line=1 size=1 name=x\n" * 2_000,
    ],
)
def test_what_only_looks_like_a_file_stays_words(text: bytes) -> None:
    assert take_out(text) == (text, [])


def test_lines_that_could_be_read_in_many_ways_are_read_in_one() -> None:
    line = b"=ybegin " + b"size=1" * 33 + b" name=" * 33 + b"a" * 700 + b"\n"
    began = time.process_time()

    assert take_out(line * 2_000 + b"\n=yend x\n")[1] == []

    assert time.process_time() - began < 2.0  # seconds; it took a minute


@pytest.mark.parametrize("block", [yenc(DATA, size=5), yenc(DATA, crc=1)])
def test_a_damaged_or_partial_yenc_file_is_kept_as_it_stands(block: bytes) -> None:
    rest, files = take_out(b"a\r\n" + block)

    assert rest == b"a\r\n"
    assert [(file.name, file.data) for file in files] == [("big file.bin.ync", block.removesuffix(b"\r\n"))]


@settings(deadline=None)
@given(st.binary(max_size=600))
def test_every_file_comes_back(data: bytes) -> None:
    assert [file.data for file in take_out(uu(data))[1]] == [data]
    assert [file.data for file in take_out(yenc(data))[1]] == [data]


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_are_refused(junk: bytes) -> None:
    assert isinstance(y_decoded(junk), bytes)
    assert isinstance(take_out(b"begin 644 a\n" + junk), tuple)
