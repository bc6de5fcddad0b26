"""Pictures inside the HTML become files that it shows; anything else that is put there stays closed."""

import base64
import time
from typing import Final

import pytest

from inbox.mail.mime.embedded import without_data
from inbox.mail.mime.parse import parse

PNG: Final = b"\x89PNG\r\n\x1a\n" + b"\x00" * 24
WORDS: Final = base64.b64encode(PNG).decode()


def test_pictures_are_taken_out_each_with_its_own_address() -> None:
    html, found = without_data(
        f"<img src=\"data:image/png;base64,{WORDS}\"><IMG SRC = 'data:image/x;base64,{WORDS[:20]}\n{WORDS[20:]}'>",
        mark="m",
    )

    assert html == '<img src="cid:m-1"><IMG SRC = "cid:m-2">'
    assert [(picture.name, picture.content_id, picture.data) for picture in found] == [
        ("image-1.png", "m-1", PNG),
        ("image-2.png", "m-2", PNG),
    ]


@pytest.mark.parametrize(
    "html",
    [
        '<img src="data:image/svg+xml;base64,PHN2Zy8+">',
        '<a href="data:text/html;base64,PGI+">x</a>',
        '<img src="data:image/png,raw">',
        '<img src="cid:x">',
        "",
    ],
)
def test_what_is_no_picture_stays(html: str) -> None:
    assert without_data(html, mark="m") == (html, [])


def test_a_big_picture_does_not_hide_the_html() -> None:
    big = base64.b64encode(PNG + b"\x00" * 900_000).decode()
    head = b"From: kim@example.org\nContent-Type: text/html\n\n"

    read = parse(head + f'<p>see <img src="data:image/png;base64,{big}"></p>'.encode())

    assert read.text == "see"
    assert [(file.name, file.inline, file.size) for file in read.attachments] == [("image-1.png", True, 900_032)]
    assert read.flaws == ()


@pytest.mark.parametrize(
    "html", ['src="data:image/png;base64,' * 30_000, "src=" + " " * 200_000, "src='data:image/" + "a" * 200_000]
)
def test_hostile_html_takes_no_time(html: str) -> None:
    begun = time.process_time()

    without_data(f"{html}base64,", mark="m")

    assert time.process_time() - begun < 2.0
