"""Hostile HTML: nothing that a mail brings connects, runs, opens or moves anything. Counted at a TCP sink."""

import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from html import escape
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page

from tests.browser.hostile import VECTORS, html_of
from tests.browser.house import House, launch, letter
from tests.browser.reading import find
from tests.browser.sink import Sink, leads_here, running_sink

pytestmark = pytest.mark.browser

_DOMAIN = "evil.test"
_SUBJECT = "All that is hostile"
_HREFS = "all => all.map((a) => a.href)"
_PATIENCE_MS = 90_000
_SETTLE_MS = 3000
_NESTED = {"iframe", "frameset", "javascript-iframe", "srcdoc", "data-iframe", "object", "embed", "portal"}
"""Chromium connects to a nested document's host before a policy stops its load: why mails are sanitised as well."""


@pytest.fixture
def sink() -> Iterator[Sink]:
    """A sink of this test alone."""
    with running_sink() as sink:
        yield sink


@pytest.fixture
def trapped(house: House, sink: Sink) -> Iterator[Browser]:
    """A browser for which every name leads to the sink."""
    browser = launch(house.playwright, leads_here(sink))
    yield browser
    browser.close()


def _attackers(sink: Sink) -> set[str]:
    return {name.removesuffix(f".{_DOMAIN}") for name in sink.names if name.endswith(_DOMAIN)}


def _watched(browser: Browser, **options: Any) -> tuple[Page, list[str]]:  # Any: playwright's options
    """Return a page, and the list of what happened that must not: dialogs and popups."""
    context = browser.new_context(ignore_https_errors=True, **options)
    happened: list[str] = []
    page = context.new_page()

    def dismiss(dialog: Dialog) -> None:
        happened.append(f"dialog {dialog.message}")
        dialog.dismiss()

    page.on("dialog", dismiss)
    context.on("page", lambda other: happened.append(f"popup {other.url}"))
    return page, happened


def _hostile_mails() -> list[EmailMessage]:
    """Return one mail a vector, all of one conversation."""
    mails: list[EmailMessage] = []
    for name in VECTORS:
        mail = letter(_SUBJECT, name, sender="Mallory <mallory@mail.example.net>")
        mail.add_alternative(html_of(name, _DOMAIN), subtype="html")
        if mails:
            mail["In-Reply-To"] = mail["References"] = str(mails[0]["Message-ID"])
        mails.append(mail)
    return mails


@pytest.fixture(scope="module")
def number(running: House) -> str:
    """The ticket that holds them all."""
    mails = _hostile_mails()
    running.post(mails[0])
    page = running.sit("greta")
    number = find(page, _SUBJECT)
    running.post(*mails[1:])
    for _ in range(60):
        told = page.request.get(f"/t/{number}?folder=open&all=1").text()
        if told.count("<mail-frame>") >= len(VECTORS) / 2 and told.count('class="message ') >= len(VECTORS):
            page.context.close()
            return number
        page.wait_for_timeout(2000)
    raise AssertionError("the hostile mails did not come")


def test_sanitised_mails_open_nothing(house: House, number: str, sink: Sink, trapped: Browser) -> None:
    page, happened = _watched(trapped, storage_state=house.state("greta"), base_url=house.address)

    page.goto(f"/t/{number}?folder=open&all=1", timeout=_PATIENCE_MS)
    page.wait_for_timeout(_SETTLE_MS)
    frames = [frame for frame in page.frames if "/m/" in frame.url]
    links = [link for frame in frames for link in frame.locator("a[href]").evaluate_all(_HREFS)]

    assert len(frames) > len(VECTORS) / 2
    assert (_attackers(sink), happened) == (set(), [])
    assert page.evaluate("window.pwned") is None
    assert page.url == f"{house.address}/t/{number}?folder=open&all=1"
    assert links
    assert [link for link in links if not link.startswith(f"{house.address}/out?")] == []


def test_raw_mails_behind_the_other_fences_run_nothing(house: House, number: str, sink: Sink, trapped: Browser) -> None:
    desk = house.sit("greta")
    headers = desk.goto(f"/t/{number}?folder=open").headers  # type: ignore[union-attr] # it answered
    frame = desk.locator("mail-frame iframe").first
    body = desk.request.get(frame.get_attribute("src") or "")
    sandbox = frame.get_attribute("sandbox") or ""
    policies = headers["content-security-policy"], body.headers["content-security-policy"]

    with _raw_server(*policies, theirs=house.address, sandbox=sandbox) as address:
        page, happened = _watched(trapped)
        page.goto(address)
        page.wait_for_timeout(_SETTLE_MS)

        assert page.evaluate("window.pwned") is None
        assert (happened, page.url) == ([], address)
        assert len(page.frames) >= len(VECTORS)
    assert _attackers(sink) <= _NESTED


def test_without_fences_it_connects_runs_and_moves(sink: Sink, trapped: Browser) -> None:
    """The control: the same vectors do what they are for when nobody stops them."""
    with _raw_server("", "", theirs="", sandbox="") as address:
        page, happened = _watched(trapped)
        page.goto(address)
        page.wait_for_timeout(_SETTLE_MS)

    assert len(_attackers(sink)) > 10
    assert happened or page.url != address


@contextmanager
def _raw_server(page_policy: str, body_policy: str, *, theirs: str, sandbox: str) -> Iterator[str]:
    """Serve every vector raw in a frame, under the desk's own policies with its address replaced by this server's."""
    server = _Raw(("127.0.0.1", 0), _Answer)
    address = f"http://localhost:{server.server_address[1]}"
    server.policies = {"/": page_policy.replace(theirs, address), "/m/": body_policy.replace(theirs, address)}
    attribute = f' sandbox="{escape(sandbox)}"' if sandbox else ""
    server.frames = "".join(f'<iframe src="/m/{name}"{attribute}></iframe>' for name in VECTORS)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"{address}/"
    finally:
        server.shutdown()
        server.server_close()


class _Raw(http.server.ThreadingHTTPServer):
    daemon_threads = True
    policies: dict[str, str]
    frames: str


class _Answer(http.server.BaseHTTPRequestHandler):
    server: _Raw

    def do_GET(self) -> None:
        """Answer with the page of frames, or with one vector as it is."""
        name = self.path.removeprefix("/m/")
        framed = name in VECTORS
        body = html_of(name, _DOMAIN) if framed else f"<!doctype html><title>raw</title>{self.server.frames}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        if policy := self.server.policies["/m/" if framed else "/"]:
            self.send_header("Content-Security-Policy", policy)
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing."""
