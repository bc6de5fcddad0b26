"""The page before a link shows the host that a browser would open, or refuses the link."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from audit.actions import Action
from helpdesk.core.errors import Invalid
from helpdesk.web.mail.links import _host
from inbox.tickets.models import Message
from tests.inbox.tickets.plain import details, entries, open_plain
from tests.make import make_agent, make_inbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

URL = "https://example.org/a?b=c&d=%20#e"


def make_message() -> Message:
    """Return a message."""
    return open_plain(make_inbox()).messages.get()


def reader() -> Client:
    """Return somebody's browser."""
    return client_of(make_agent("Read-only"))


def shown(url: str) -> tuple[str, int]:
    """Return the host that the page names and how many warnings it gives."""
    response = reader().get("/out", {"m": str(make_message().pk), "u": url})
    assert response.status_code == 200
    page = response.content.decode()
    host = re.search(r'class="host"[^>]*>([^<]*)<', page)
    assert host is not None
    return unescape(host[1]), page.count('class="banner danger"')


def test_the_page_shows_the_host_and_writes_nothing() -> None:
    assert shown(URL) == ("example.org", 0)
    assert entries(Action.LINK_OPENED) == []


def test_going_on_is_an_entry_that_names_the_host_alone() -> None:
    message = make_message()

    response = reader().post("/out", {"m": message.pk, "u": URL})

    assert (response.status_code, response.headers["Location"]) == (302, URL)
    assert response.headers["Referrer-Policy"] == "no-referrer"
    (entry,) = entries(Action.LINK_OPENED)
    assert entry.subject_id == message.ticket_id
    assert details(entry) == {"message": str(message.pk), "host": "example.org"}


@pytest.mark.parametrize(
    ("url", "host", "warnings"),
    [
        ("https://EXAMPLE.org/", "example.org", 0),
        ("https://example.org:8443/x", "example.org", 0),
        ("http://example.org/", "example.org", 1),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example", 1),
        ("https://bücher.example/", "xn--bcher-kva.example", 1),
        ("https://faß.example/", "xn--fa-hia.example", 1),
        ("https://аpple.example/", "xn--pple-43d.example", 1),
        ("https://ｅxample.org/", "example.org", 0),
        ("https://bank.example@evil.example/", "evil.example", 1),
        ("https://bank.example:pw@evil.example/", "evil.example", 1),
        ("https://bank.example%2f@evil.example/", "evil.example", 1),
        ("https://192.0.2.1/", "192.0.2.1", 1),
        ("https://3221225985/", "3221225985", 1),
        ("https://0xc0000201/", "0xc0000201", 1),
        ("https://192.0.0x2.0x1/", "192.0.0x2.0x1", 1),
        ("https://[2001:db8::1]/", "2001:db8::1", 1),
        ("http://user@192.0.2.1/", "192.0.2.1", 3),
        ("https://a_b.example/", "a_b.example", 0),
        ("https://evil.example?bank.example/", "evil.example", 0),
        ("https://evil.example#@bank.example/", "evil.example", 0),
        ("mailto:Kim@Example.org?subject=hi", "example.org", 0),
    ],
)
def test_the_true_host_is_shown(url: str, host: str, warnings: int) -> None:
    assert shown(url) == (host, warnings)


REFUSED = [
    "", "x", "/", "//evil.example/", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)",
    "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd", "ftp://evil.example/",
    "blob:https://evil.example/x", "https:", "https://", "https:evil.example", "https:/evil.example",
    "https:///evil.example", "https://bank.example\\@evil.example/", "https://evil.example\\.bank.example/",
    "https://evil.example%00.bank.example/", "https://b%61nk.example/", "https://a b.example/",
    "https://evil.example/\r\nSet-Cookie: a=b", "https://evil.example/\n", "https://evil.example/\t",
    "https://bank\u202eelpmaxe.example/", "https://evil.example/\u2066x", "https://evil.example/\u061cx",
    "https://a..b/", "https://" + "a" * 64 + ".example/", "https://[::1", "https://[evil]/", "mailto:", "mailto:kim",
    "mailto://evil.example/", "https://example.org/" + "x" * 2000, "https://bank.example\u2100evil.example/",
    "https://<b>.example/", "https://a,b.example/",
]  # fmt: skip


@pytest.mark.parametrize("url", REFUSED)
@pytest.mark.parametrize("method", ["get", "post"])
def test_what_no_browser_should_open_is_refused(url: str, method: str) -> None:
    response = getattr(reader(), method)("/out", {"m": str(make_message().pk), "u": url})

    assert response.status_code == 422
    assert "Location" not in response.headers
    assert entries(Action.LINK_OPENED) == []


@given(url=st.text(max_size=60) | st.text(max_size=40).map(lambda rest: f"https://{rest}"))
def test_any_text_is_refused_or_has_a_plain_host(url: str) -> None:
    try:
        host = _host(url)
    except Invalid:
        return
    assert re.fullmatch(r"[a-z0-9._-]+|[0-9a-f.:]+", host)
    assert urlsplit(url).scheme in {"http", "https", "mailto"}


@pytest.mark.parametrize(
    ("message", "status"), [("nonsense", 422), ("", 422), ("5d1e2c34-7f3a-4b60-9c1d-0e8f6a7b9c21", 404)]
)
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_link_belongs_to_a_message(message: str, status: int, method: str) -> None:
    assert getattr(reader(), method)("/out", {"m": message, "u": URL}).status_code == status
    assert entries(Action.LINK_OPENED) == []


def test_a_link_of_a_hidden_message_is_absent() -> None:
    message = make_message()
    stranger = client_of(make_agent("Agent", inbox=make_inbox("Billing", address="billing@desk.example.net")))

    assert stranger.post("/out", {"m": message.pk, "u": URL}).status_code == 404
    assert entries(Action.LINK_OPENED) == []


def test_the_address_is_shown_as_words() -> None:
    message = make_message()

    page = reader().get("/out", {"m": str(message.pk), "u": 'https://example.org/"><b>x'}).content.decode()

    assert "<b>x" not in page
    assert "https://example.org/&quot;&gt;&lt;b&gt;x" in page


def test_the_form_may_lead_outside_from_this_page_alone() -> None:
    client, message = reader(), make_message()

    policies = [client.get(path).headers["Content-Security-Policy"] for path in (f"/out?m={message.pk}&u={URL}", "/")]

    assert ["form-action 'self' https: http: mailto:;" in policy for policy in policies] == [True, False]
