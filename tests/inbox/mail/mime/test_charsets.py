"""Labels and guesses: what senders write over their letters, and that no bytes are refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.charset_names import codec_of
from inbox.mail.mime.charsets import decode


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ('"utf-8"', "utf-8"),
        ("us-ascii", "cp1252"),
        ("ISO-8859-1", "cp1252"),
        ("windows-1250", "cp1250"),
        ("gb2312", "gb18030"),
        ("ks_c_5601-1987", "cp949"),
        ("iso-8859-8-i", "iso8859-8"),
        ("unicode-1-1-utf-7", "utf-7"),
        ("rot13", None),
        ("zlib", None),
        ("hex", None),
        ("idna", None),
        ("unicode_escape", None),
        ("no-such-thing", None),
        ("", None),
    ],
)
def test_a_label_names_a_codec_that_reads_letters(label: str, codec: str | None) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        ("Grüße".encode("utf-16-be"), "utf-16be", "Grüße"),
        (b"plain words", "utf-16", "plain words"),
        (b"\xfe\xff\x00a", "us-ascii", "a"),
        ("한국어".encode("cp949"), "euc-kr", "한국어"),
        ("日本".encode("cp932"), "shift_jis", "日本"),
        (b"\x1b(I\x31\x1b(B!", "iso-2022-jp", "ｱ!"),
        (b"\x1b$A\x44\x63\x1b(B", "iso-2022-jp-2", "你"),
        (b"\x1b$B\x21", "iso-2022-jp", "!"),
        (b"\x1b(B\x83A", "iso-2022-jp", "ア"),
        (b"Gr\xfc\xdfe", "utf-8", "Grüße"),
        (b"Gr\xfc\xdfe", "x-unknown", "Grüße"),
        (
            "Съешь же ещё этих мягких французских булок".encode("koi8-r"),
            "",
            "Съешь же ещё этих мягких французских булок",
        ),
        (
            "Съешь же ещё этих мягких французских булок".encode("cp1251"),
            "utf-8",
            "Съешь же ещё этих мягких французских булок",
        ),
        (b"\x81\x8d", "", "\ufffd\ufffd"),
    ],
)
def test_bytes_become_text(data: bytes, label: str, text: str) -> None:
    assert decode(data, label) == text


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(["", "utf-8", "utf-7", "utf-16", "hz", "iso-2022-jp", "gb2312", "cp037", "johab"]),
)
def test_no_bytes_are_refused(data: bytes, label: str) -> None:
    assert isinstance(decode(data, label), str)
