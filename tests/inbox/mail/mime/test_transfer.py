"""Transfer encodings, whole and damaged."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox.mail.mime.transfer import base64_bytes, decoded


@pytest.mark.parametrize(
    ("raw", "encoding", "data"),
    [
        (b"aGVsbG8=", "base64", b"hello"),
        (b"aGVsbG8", "BASE64", b"hello"),
        (b"aGVsbG8=\r\naGVsbG8=\r\n", "base64", b"hellohello"),
        (b"These are the words as they stand.", "base64", b"These are the words as they stand."),
        (b"aGVsbG8hX", "base64", b"hello!"),
        (b"aGVs\x00bG8h\xff", "base64", b"hello!"),
        (b"", "base64", b""),
        (b"====", "base64", b""),
        (b"a=3Db=\r\nc=zz", "quoted-printable", b"a=bc=zz"),
        (b"%:&5L;&\\\n`\nend\n", "x-uuencode", b"hello"),
        (b"begin 644 a\n%:&5L;&\\ trailing\n\nmore", "uuencode", b"hello"),
        (b"begin 644 a\n\xff\xff\xff\n", "uuencode", b""),
        (b"as it is", "8bit", b"as it is"),
        (b"as it is", "", b"as it is"),
        (b"aGVsbG8=", "base64; charset=utf-8", b"hello"),
    ],
)
def test_an_encoding_is_taken_off(raw: bytes, encoding: str, data: bytes) -> None:
    assert decoded(raw, encoding) == data


@given(st.binary(), st.integers(0, 80))
def test_whole_base64_comes_back(data: bytes, width: int) -> None:
    letters = base64.b64encode(data)
    lines = letters if width == 0 else b"\r\n".join(letters[at : at + width] for at in range(0, len(letters), width))

    assert base64_bytes(lines) == data


@given(st.binary(), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_any_bytes_are_taken(raw: bytes, encoding: str) -> None:
    assert isinstance(decoded(raw, encoding), bytes)
