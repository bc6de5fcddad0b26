"""winmail.dat: its bodies and files are found in it; what is damaged is kept as the file that it came as."""

import base64
import random
import struct
import time

import pytest

from inbox.mail.mime.parse import parse
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.mime.tnef import read_tnef
from inbox.mail.receive.parser import Parser
from tests.inbox.mail.mime import tnef_made as made

PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 24
RTF_OF_HTML = (
    r"{\rtf1\ansi\ansicpg1252\fromhtml1 {\fonttbl{\f0 Arial;}}{\*\htmltag19 <html>}{\*\htmltag64 <p>}"
    r"\htmlrtf {\htmlrtf0 Gr\'fc\'dfe, {\*\htmltag84 <b>}\htmlrtf {\b \htmlrtf0 \u26085?\u26412?"
    r"{\*\htmltag92 </b>}\htmlrtf }\htmlrtf0 "
    r"{\*\htmltag72 </p>}\htmlrtf \par}\htmlrtf0 {\*\htmltag27 </html>}}"
)
RTF_OF_WORDS = (
    r"{\rtf1\ansi\ansicpg1250{\fonttbl{\f0 Arial;}}{\info{\title no}}"
    r"\pard Za\'bf\'f3\'b3\'e6\par Next \{line\}\tab x\par}"
)


def mail(data: bytes, words: bytes = b"", kind: bytes = b"application/ms-tnef; name=winmail.dat") -> bytes:
    """Return a mail of Outlook's: plain words and a winmail.dat."""
    head = b"From: kim@example.org\nSubject: s\nContent-Type: multipart/mixed; boundary=B\n\n"
    first = b"--B\nContent-Type: text/plain\n\n" + words + b"\n"
    packed = base64.encodebytes(data)
    return (
        head + first + b"--B\nContent-Type: " + kind + b"\nContent-Transfer-Encoding: base64\n\n" + packed + b"--B--\n"
    )


def files(read: ParsedMail) -> list[tuple[str, str, bytes]]:
    """Return name, type and bytes of each file."""
    return [(file.name, file.content_type, file.data) for file in read.attachments]


def test_the_files_inside_are_attachments() -> None:
    data = made.tnef(
        made.message(made.text(made.BODY, "words in the wrapper")),
        made.attachment(b"UEBERS~1.PDF", b"%PDF-1", made.text(made.LONG_NAME, "Übersicht Oktober.pdf")),
        made.attachment(b"plan.txt", b"a plan", made.text(made.MIME_TAG, "text/plain")),
    )

    read = parse(mail(data, b"words outside"))

    assert read.text == "words outside"
    assert files(read) == [
        ("Übersicht Oktober.pdf", "application/octet-stream", b"%PDF-1"),
        ("plan.txt", "text/plain", b"a plan"),
    ]


@pytest.mark.parametrize("kind", [b"application/vnd.ms-tnef", b"application/octet-stream; name=WINMAIL.DAT"])
def test_it_is_known_by_type_or_name(kind: bytes) -> None:
    data = made.tnef(made.attachment(b"plan.txt", b"a plan"))

    assert files(parse(mail(data, b"x", kind))) == [("plan.txt", "application/octet-stream", b"a plan")]


def test_the_body_inside_is_read_when_the_mail_has_none() -> None:
    data = made.tnef(made.message(made.text(made.BODY, "words in the wrapper\r\nand more")))

    read = parse(mail(data))

    assert (read.text, read.html, read.attachments) == ("words in the wrapper\nand more", "", ())


def test_html_inside_shows_its_pictures() -> None:
    data = made.tnef(
        made.message(
            made.number(made.CODEPAGE, 28591),
            made.octets(made.HTML, "<p>Grüße <img src='cid:logo@x'></p>".encode("latin-1")),
        ),
        made.attachment(b"logo.png", PNG, made.text(made.CONTENT_ID, "logo@x")),
    )

    read = parse(mail(data))

    assert read.html == '<p>Grüße <img src="cid:logo%40x"></p>'
    assert [(file.name, file.inline) for file in read.attachments] == [("logo.png", True)]


def test_html_hidden_in_rich_text_is_found() -> None:
    read = parse(mail(made.tnef(made.message(made.rich(RTF_OF_HTML)))))

    assert read.html == "<p>Grüße, <b>日本</b></p>"
    assert read.text == "Grüße, 日本"


def test_rich_text_gives_its_words() -> None:
    read = parse(mail(made.tnef(made.message(made.rich(RTF_OF_WORDS)))))

    assert (read.text, read.html) == ("Zażółć\nNext {line}\tx", "")


def test_a_mail_inside_is_kept_with_its_files() -> None:
    inner = made.tnef(
        made.message(made.text(made.SUBJECT, "Inner words"), made.text(made.BODY, "said inside")),
        made.attachment(b"deep.txt", b"deep"),
    )
    data = made.tnef(made.attachment(b"", b"", made.inner_mail(inner)))

    read = parse(mail(data, b"x"))

    assert files(read) == [
        ("Inner words.txt", "text/plain", b"said inside"),
        ("deep.txt", "application/octet-stream", b"deep"),
    ]


@pytest.mark.parametrize("data", [b"", b"no TNEF at all", b"\x78\x9f\x3e\x22\x01\x00" + b"\xff" * 60])
def test_what_is_damaged_stays_the_file_that_it_was(data: bytes) -> None:
    read = parse(mail(data, b"words outside"))

    assert read.text == "words outside"
    assert files(read) == [("winmail.dat", "application/ms-tnef", data)]


def test_a_count_that_never_ends_costs_no_mail() -> None:
    bomb = made.tnef(made.item(1, 0x9003, 6, struct.pack("<I", 0xFFFFFFFF)))
    begun = time.process_time()

    read = parse(mail(bomb, b"words outside"))

    assert time.process_time() - begun < 10
    assert (read.text, [file.name for file in read.attachments]) == ("words outside", ["winmail.dat"])


def test_wounded_files_are_opened_or_kept() -> None:
    whole = made.tnef(
        made.message(made.text(made.BODY, "b"), made.rich(RTF_OF_HTML)), made.attachment(b"a.txt", b"abc" * 30)
    )
    chance = random.Random(7)  # noqa: S311 - repeatable, no secret
    for _ in range(40):
        wounded = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            wounded[chance.randrange(6, len(wounded))] = chance.randrange(256)

        opened = read_tnef(bytes(wounded))

        assert opened is None or isinstance(opened.text, str)


def test_the_confined_child_opens_it() -> None:
    data = made.tnef(made.message(made.rich(RTF_OF_HTML)), made.attachment(b"plan.txt", b"a plan"))

    with Parser() as parser:
        read = parser.parse(mail(data))

    assert (read.html, [file.name for file in read.attachments]) == ("<p>Grüße, <b>日本</b></p>", ["plan.txt"])
