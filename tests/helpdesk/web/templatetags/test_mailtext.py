"""What came by mail, shown as text: links lead to the page that asks, nothing else becomes markup."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.templatetags.mailtext import DOUBTS, UNKNOWN_DOUBT, Folded, doubt, fold, linked, out_address
from inbox.mail.mime.doubt import Doubt
from inbox.tickets.rows import Extras, MessageView
from inbox.tickets.states import Direction, Protection

ID = UUID("01890000-0000-7000-8000-000000000001")
MESSAGE = MessageView(
    extras=Extras(),
    id=ID,
    direction=Direction.INBOUND,
    author=None,
    sender_name="",
    sender_address="",
    at=datetime(2026, 1, 1, tzinfo=UTC),
    written_at=None,
    text="",
    fold_at=None,
    has_html=False,
    html_height=0,
    remote_images=0,
    participants=(),
    attachments=(),
    doubts=(),
    unverified_sender=False,
    machine=False,
    other_party=False,
    answers_id=None,
    unreadable=False,
    protection=Protection.SERVER_SEALED,
)


class _Links(HTMLParser):
    """Collects what a browser would make of the markup."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.targets: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.targets += [value or "" for name, value in attrs if name == "href"]


def _read(html: str) -> _Links:
    links = _Links()
    links.feed(html)
    return links


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("see https://a.example/x.", "https://a.example/x"),
        ("(http://a.example/b(1))", "http://a.example/b(1)"),
        ("<https://a.example/?q=1&r=2>", "https://a.example/?q=1&r=2"),
        ("HTTPS://A.EXAMPLE/ now", "HTTPS://A.EXAMPLE/"),
        ('"https://a.example/"x', "https://a.example/"),
        ("https://a.example/\u202egnp.exe", "https://a.example/"),
        ("https://münchen.example/straße", "https://münchen.example/straße"),
    ],
)
def test_web_address_leads_to_the_page_that_asks(text: str, address: str) -> None:
    found = _read(linked(text, ID)).targets

    assert [parse_qs(urlsplit(target).query) for target in found] == [{"m": [str(ID)], "u": [address]}]
    assert [urlsplit(target).path for target in found] == ["/out"]


@pytest.mark.parametrize(
    "text",
    ["javascript:alert(1)", "data:text/html,x", "www.a.example", "mailto:a@b.example", "xhttps://a.example", "http://"],
)
def test_nothing_else_becomes_a_link(text: str) -> None:
    assert _read(linked(text, ID)).tags == []


def test_an_endless_address_stays_text() -> None:
    assert _read(linked("https://a.example/" + "x" * 3000, ID)).tags == []


def test_markup_of_the_sender_is_shown_as_it_was_written() -> None:
    assert linked("<b onclick=x>&amp;</b>", ID) == "&lt;b onclick=x&gt;&amp;amp;&lt;/b&gt;"


@given(st.text(st.sampled_from("ab<>&\"' \n/:.()http://s?=\u202e"), max_size=80))
def test_text_survives_and_only_links_are_made(text: str) -> None:
    html = linked(text, ID)

    assert set(_read(html).tags) <= {"a"}
    assert unescape(re.sub(r"<[^>]*>", "", html)) == text


def test_out_address_escapes_what_it_carries() -> None:
    assert out_address("https://a.example/?x=1&m=2#y z", ID) == (
        f"/out?m={ID}&u=https%3A%2F%2Fa.example%2F%3Fx%3D1%26m%3D2%23y+z"
    )


@pytest.mark.parametrize(
    ("text", "fold_at", "parts"),
    [
        ("Hello\n", None, Folded("Hello", "", 0)),
        ("Hello\n\n> a\n> b\n", 7, Folded("Hello", "> a\n> b", 2)),
        ("> all", 0, Folded("", "> all", 1)),
        ("Hello\n\n", 6, Folded("Hello", "", 0)),
    ],
)
def test_fold_parts_what_was_quoted(text: str, fold_at: int | None, parts: Folded) -> None:
    assert fold(replace(MESSAGE, text=text, fold_at=fold_at)) == parts


def test_every_doubt_has_words() -> None:
    assert set(DOUBTS) == {code.value for code in Doubt}


def test_an_unknown_doubt_still_warns() -> None:
    assert (doubt("no_from"), doubt("something_new")) == (DOUBTS["no_from"], UNKNOWN_DOUBT)
