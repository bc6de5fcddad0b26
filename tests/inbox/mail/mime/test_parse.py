"""Whatever the bytes are, a mail is read, in time and storable; what was sent as a file comes back byte for byte."""

import base64
import quopri
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.limits import MAX_DEPTH, MAX_HEADERS, MAX_PARTS, MAX_TEXT_CHARS, Flaw
from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import Address, ParsedMail
from inbox.mail.mime.wire import from_head, to_head
from tests.inbox.mail.mime.test_samples import SAMPLES

EXAMPLES: Final = 300
FRAGMENTS: Final = (
    b"\x00", b"\r", b"\n", b"\r\n", b"--", b"=?utf-8?q?", b"?=", b'"', b"(", b")", b"<", b">", b";", b",", b":",
    b"\xff\xfe", b"\xe4", b"=", b"=\n", b"\x1b$B", b"\xef\xbb\xbf", b"multipart/mixed", b"message/rfc822", b"base64",
    b"charset=utf-7", b"charset=utf-16", b"charset=idna", b"charset=hz", b"From: ", b"From x\n",
    b"Content-Type: text/html\n\n", b"\n\n", b"filename*0*=utf-8''", b'name="', b"%ff", b"+2AA-", b"<svg>",
    b"<img src=", b'style="', b"&#0;", b"&#xd800;", b"\xed\xa0\x80", b"format=flowed; delsp=yes", b" \n",
    b"\xf4\x90\x80\x80", b"begin 644 x\n", b"begin 644 x\n#86)C\n`\nend\n", b"=ybegin line=9 size=3 name=x\n",
    b"=yend size=3\n",
    b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\n",
    b"DTSTART:20261125T100000Z\nEND:VEVENT\nEND:VCALENDAR\n",
    b"Content-Type: multipart/alternative; boundary=x\n\n--x\n", b"Content-Location: x\n", b"boundary='",
    b"charset=korean", b"Content-Transfer-Encoding: quoted-printable\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n",
    b"From: Desk\nSent: now\n", b"<div id=divRplyFwdMsg>", b"<hr>From: a<br>Sent: b", b"\xe2\x80\xae",
    b" wrote:\n> x\n", b"src=cid:x", b"RRULE:FREQ=SECONDLY\n",
)  # fmt: skip


def assert_storable(mail: ParsedMail) -> None:
    """Fail unless every text can be stored and the mail crosses the pipe unchanged."""
    for text in strings(asdict(mail)):
        assert "\x00" not in text
        text.encode()
    assert from_head(to_head(mail), [file.data for file in mail.attachments]) == mail
    assert all(file.name and "/" not in file.name and file.size == len(file.data) for file in mail.attachments)
    assert mail.fold_at is None or 0 < mail.fold_at < len(mail.text)


def strings(value: object) -> Iterator[str]:
    """Yield every text inside dicts and sequences."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from strings(list(value.values()))
    elif isinstance(value, list | tuple):
        for item in value:
            yield from strings(item)


def test_a_text_that_no_store_takes_is_seen() -> None:
    with pytest.raises(AssertionError):
        assert_storable(ParsedMail(subject="a\x00b"))
    with pytest.raises(UnicodeEncodeError):
        assert_storable(ParsedMail(cc=(Address("\ud800", "a@x.org"),)))


# A grammar of mails: every example says what a reader must find in it.

words = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1, max_size=60)
charsets = st.sampled_from(["utf-8", "utf-16", "utf-8-sig"])
encodings = st.sampled_from(["base64", "quoted-printable", "8bit", "BASE64 ", "x-nonsense"])
breaks = st.sampled_from([b"\n", b"\r\n"])
odd_headers = st.sampled_from([
    b"", b"X-Odd no colon\n", b">From a@example.org\n", b"X-Raw: \xff\xfe\x00\n", b"X-Long: " + b"y" * 2_000 + b"\n",
    b"From : second@example.org\n", b"Subject: =?utf-8?q?never ends\n", b"Date: never\n", b"\tfolded on its own\n",
])  # fmt: skip


def encode(data: bytes, encoding: str) -> bytes:
    """Return `data` in a transfer encoding; the unknown ones leave it."""
    if encoding.strip().lower() == "base64":
        return base64.encodebytes(data)
    return quopri.encodestring(data) if encoding == "quoted-printable" else data


@st.composite
def text_parts(draw: st.DrawFn) -> tuple[bytes, str]:
    """Return a text part and the words in it."""
    text, charset, encoding = draw(words), draw(charsets), draw(encodings)
    if charset == "utf-16":
        encoding = "base64"
    charset_name = charset.removesuffix("-sig")
    head = f"Content-Type: text/plain; charset={charset_name}\nContent-Transfer-Encoding: {encoding}\n\n"
    return head.encode() + encode(text.encode(charset), encoding), text


@st.composite
def file_parts(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """Return a part that holds a file in base64, and the file."""
    data = draw(st.binary(max_size=300))
    name = base64.b64encode(draw(words).encode()).decode()
    forms = [
        f'; filename="=?utf-8?B?{name}?="',
        "; filename=plain.bin",
        "; filename*=utf-8''%C3%A4.bin",
        "",
        '; filename="cut',
    ]
    head = f"Content-Type: application/octet-stream\nContent-Disposition: attachment{draw(st.sampled_from(forms))}\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\n\n" + base64.encodebytes(data), data


@st.composite
def mails(draw: st.DrawFn) -> tuple[bytes, list[str], list[bytes]]:
    """Return a mail in bytes, the texts and the files that were put into it."""
    texts, files = draw(st.lists(text_parts(), min_size=1, max_size=3)), draw(st.lists(file_parts(), max_size=3))
    boundary = draw(st.text("abcXYZ019'()+_,-./:=?", min_size=1, max_size=40).map(lambda found: found.encode()))
    head = (
        b"From: a@example.org\n"
        + draw(odd_headers)
        + b'Content-Type: multipart/mixed; boundary="'
        + boundary
        + b'"\n\n'
    )
    closing = draw(st.sampled_from([b"--", b"", b"-- \t"]))
    pieces = [part for part, _ in texts] + [part for part, _ in files]
    body = b"".join(b"\n--" + boundary + b"\n" + piece for piece in pieces) + b"\n--" + boundary + closing + b"\n"
    return head + body, [text for _, text in texts], [data for _, data in files]


def test_grammar_mails_are_read_whole() -> None:
    reached = 0

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(mails())
    def read(example: tuple[bytes, list[str], list[bytes]]) -> None:
        nonlocal reached
        raw, texts, files = example

        mail = parse(raw)

        assert_storable(mail)
        if Flaw.NO_BOUNDARY not in mail.flaws:
            reached += 1
            assert [file.data for file in mail.attachments][: len(files)] == files
            assert all(letter in mail.text for text in texts for letter in text.split() if letter.isascii())

    read()

    assert reached >= EXAMPLES * 0.9


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_are_read(raw: bytes) -> None:
    assert_storable(parse(raw))


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.sampled_from(sorted(SAMPLES.parent.rglob("*.eml"))), st.randoms(use_true_random=False))
def test_mutated_samples_are_read(path: Path, chance: random.Random) -> None:
    raw = bytearray(path.read_bytes())
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(raw) + 1)
        raw[at : at + chance.choice([0, 0, 1, 20])] = chance.choice(FRAGMENTS)

    assert_storable(parse(bytes(raw)))


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_every_line_end_is_understood(line_end: bytes) -> None:
    raw = b"From: a@example.org\nSubject: hi\n\none\ntwo\n".replace(b"\n", line_end)

    mail = parse(raw)

    assert (mail.subject, mail.text) == ("hi", "one\ntwo")


def test_parts_beyond_the_limit_stay_together() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * (MAX_PARTS + 20)

    mail = parse(raw)

    assert mail.flaws == (Flaw.TOO_MANY_PARTS,)
    assert mail.attachments[-1].data.count(b"--b") == 20


def test_parts_beyond_the_depth_stay_together() -> None:
    raw = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level) for level in range(MAX_DEPTH + 9)
    )

    mail = parse(raw + b"\nx")

    assert mail.flaws == (Flaw.TOO_DEEP,)
    assert b"boundary=b38" in mail.attachments[0].data


def test_headers_beyond_the_limit_are_left_out() -> None:
    mail = parse(b"Subject: first\n" + b"X-More: y\n" * (MAX_HEADERS + 5) + b"\nbody\n")

    assert (mail.subject, mail.text, mail.flaws) == ("first", "body", (Flaw.HEADERS_CUT,))


def test_text_beyond_the_limit_is_cut() -> None:
    mail = parse(b"\n" + b"x" * (MAX_TEXT_CHARS + 5))

    assert (len(mail.text), mail.flaws) == (MAX_TEXT_CHARS, (Flaw.TEXT_CUT,))


def test_html_that_is_too_big_becomes_a_file() -> None:
    raw = b"Content-Type: text/html\n\n" + b"<p>word</p>\n" * 25_000

    mail = parse(raw)

    assert (mail.html, mail.flaws) == ("", (Flaw.HTML_TOO_BIG,))
    assert [(file.name, file.size) for file in mail.attachments] == [("message.html", 12 * 25_000)]
    assert mail.text.startswith("word\n\nword")


def test_html_that_is_too_deep_becomes_a_file() -> None:
    mail = parse(b"Content-Type: text/html\n\n" + b"<div>" * 3_000 + b"words")

    assert (mail.html, mail.text, mail.flaws) == ("", "words", (Flaw.HTML_TOO_DEEP,))


def test_an_image_in_the_text_is_inline_and_another_is_not() -> None:
    raw = (SAMPLES / "parts-related-in-alternative.eml").read_bytes()

    shown, hidden = parse(raw), parse(raw.replace(b"cid:pic@x", b"cid:other"))

    assert [file.inline for file in shown.attachments] == [True]
    assert [file.inline for file in hidden.attachments] == [False]


HTML: Final = b"Content-Type: text/html\n\n"
BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "nested": lambda: HTML + b"<div>" * 51_000,
    "just not too deep": lambda: HTML + b"<div>" * 1_999,
    "ampersands": lambda: HTML + b"&" * 250_000,
    "tags never closed": lambda: HTML + b'<p style="x" ' * 19_000,
    "attributes": lambda: HTML + b"<p " + b"a=b " * 60_000 + b">",
    "megabytes": lambda: HTML + b"<p>x</p>" * 500_000,
    "flowed": lambda: b"Content-Type: text/plain; format=flowed\n\n" + b"twelve signs \n" * 100_000,
    "brackets": lambda: b"From: " + b"(" * 60_000 + b"\n\n",
    "angles": lambda: b"From: " + b"<" * 60_000 + b"\n\n",
    "dots": lambda: b"From: " + b"a." * 30_000 + b"\n\n",
    "encoded words": lambda: b"From: " + b"=?utf-8?q?a?= " * 8_000 + b"\n\n",
    "comments": lambda: b"Authentication-Results: " + b"(" * 60_000 + b"\n\n",
    "parameters": lambda: b"Content-Type: text/plain; " + b'a="' * 20_000 + b"\n\n",
    "odd lines": lambda: b"foo\n" * 200_000,
    "blank continuations": lambda: b"A: b\n" + b" \n" * 200_000,
    "boundaries in one line": lambda: b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b" * 300_000,
    "mails in mails": lambda: b"Content-Type: message/rfc822\n\n" * 50_000,
    "padding": lambda: b"Content-Transfer-Encoding: base64\n\n" + b"YQ==" * 300_000,
}


@pytest.mark.parametrize("name", BOMBS)
def test_crafted_mail_takes_little_time(name: str) -> None:
    raw = BOMBS[name]()
    begun = time.process_time()

    assert_storable(parse(raw))

    assert time.process_time() - begun < 5.0
