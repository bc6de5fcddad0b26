"""Every form over the real server: granian, the worker, a real IMAP server and an SMTP sink, as `demo` runs them."""

import http.client
import re
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlencode
from uuid import UUID, uuid4

import pytest
from django.http import HttpResponse
from django.urls import URLPattern, URLResolver, get_resolver, path

from tests.bench.desk import running_demo
from tests.flows import posts_of_mail, posts_of_mailboxes, posts_of_people, posts_of_tickets
from tests.flows.posts_of_tickets import Case
from tests.flows.real_desk import RealDesk, Visitor, wait_for

Paths = Iterator[tuple[str, str]] | Iterable[tuple[str, str]]
_PARTS: Final = (posts_of_tickets, posts_of_mail, posts_of_mailboxes, posts_of_people)
CASES: Final[dict[str, Case]] = {name: case for part in _PARTS for name, case in part.CASES.items()}
READ_ALIKE: Final = {
    "admin:index": "a page of links",
    "admin:app_list": "a page of links",
    "admin:login": "leads home",
    "admin:password_change": "leads to one's own page",
    "admin:accounts_team_changelist": "a list without acts",
    "admin:inboxes_role_changelist": "a list without acts",
    "admin:inboxes_binding_changelist": "a list without acts",
    "admin:inboxes_inbox_changelist": "a list without acts",
    "admin:mail_mailbox_changelist": "a list without acts",
    "admin:inbox_acknowledgements": "a page of previews",
}
"""Addresses that answer a POST as they answer a GET, each with its reason."""
_NOT_TAKEN: Final = {405, 413}
"""The second is the stream's answer to any body."""


@pytest.fixture(scope="module")
def real() -> Iterator[RealDesk]:
    """The desk of `demo`, started once for this module."""
    with running_demo(POSTERN_POLL_S="2", POSTERN_UNDO_S="5") as desk:
        real = RealDesk(desk)
        try:
            yield real
        finally:
            real.close()


def every_path(patterns: Iterable[URLPattern | URLResolver], before: str = "", space: str = "") -> Paths:
    """Give the name of each address of the URL conf and a path that leads there, to a row that is not there."""
    for each in patterns:
        here = before + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from every_path(each.url_patterns, here, f"{each.namespace}:" if each.namespace else space)
        else:
            yield f"{space}{each.name}", _filled(here)


def _filled(route: str) -> str:
    numbered = re.sub(r"<int:\w+>", "999999", route)
    named = re.sub(r"<(uuid|path):\w+>", str(UUID(int=7)), numbered)
    return "/" + re.sub(r"\^\(\?P<app_label>(\w+).*", r"\1/", named)


def unknown_posts(real: RealDesk, patterns: Iterable[URLPattern | URLResolver]) -> set[str]:
    """Return the names of the addresses that take a POST, asked of the server itself, and that no case speaks of."""
    boss = real.person("Security admin")
    paths = [(name, address) for name, address in every_path(patterns) if name not in CASES]
    return {name for name, address in paths if boss.form(address, {}).status not in _NOT_TAKEN} - READ_ALIKE.keys()


def test_every_address_that_takes_a_post_has_a_case(real: RealDesk) -> None:
    patterns = get_resolver().url_patterns

    assert unknown_posts(real, patterns) == set()
    assert CASES.keys() | READ_ALIKE.keys() <= {name for name, _address in every_path(patterns)}


def test_an_address_without_a_case_is_found(real: RealDesk) -> None:
    planted = [path("t/<int:number>/note", lambda _request: HttpResponse(), name="planted")]

    assert unknown_posts(real, planted) == {"planted"}


@pytest.mark.parametrize("name", CASES)
def test_the_form_works(real: RealDesk, name: str) -> None:
    CASES[name](real)


@contextmanager
def _listening(visitor: Visitor) -> Iterator[list[str]]:
    """Hold the live stream of a person open; what it says is added to the list."""
    heard: list[str] = []
    line = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=60)
    cookies = "; ".join(f"{name}={value}" for name, value in visitor.cookies.items())
    line.request("GET", "/live", headers={"Host": f"localhost:{visitor.port}", "Cookie": cookies})
    lasting = line.sock
    with lasting, line.getresponse() as stream:
        assert (stream.status, stream.headers["Content-Type"]) == (200, "text/event-stream")
        reader = threading.Thread(target=lambda: heard.extend(part.decode() for part in _until_shut(stream)))
        reader.start()
        yield heard
        lasting.shutdown(socket.SHUT_RDWR)
        reader.join(10)


def _until_shut(stream: http.client.HTTPResponse) -> Iterator[bytes]:
    with suppress(http.client.HTTPException, OSError, ValueError):
        yield from stream


def test_an_open_stream_tells_of_a_form(real: RealDesk) -> None:
    number = real.ticket()

    def told() -> bool:
        state = "open" if real.state(number) == "pending" else "pending"
        real.person().form(f"/t/{number}/state", {"state": state, "version": real.version(number)})
        time.sleep(0.3)
        return any(f'"number": {number}, "version": {real.version(number)}' in part for part in heard)

    with _listening(real.person()) as heard:
        assert wait_for(told)

    assert {part.split(":")[0] for part in heard} <= {"retry", "event", "data", "", "\n"}


def _raw_note(visitor: Visitor, number: int, headers: Sequence[tuple[str, str]]) -> http.client.HTTPResponse:
    """Post a note with exactly these headers beside the necessary ones, each cookie on a line of its own."""
    body = urlencode({"text": "Rohrdommel", "csrfmiddlewaretoken": visitor.cookies["postern_csrf"]})
    line = http.client.HTTPConnection("127.0.0.1", visitor.port, timeout=30)
    line.putrequest("POST", f"/t/{number}/note", skip_host=True)
    fixed = [
        ("Host", f"localhost:{visitor.port}"),
        ("Referer", f"http://localhost:{visitor.port}/"),
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Content-Length", str(len(body))),
        ("Connection", "close"),
    ]
    cookies = [("Cookie", f"{name}={value}") for name, value in visitor.cookies.items()]
    for name, value in (*fixed, *cookies, *headers):
        line.putheader(name, value)
    line.endheaders(body.encode())
    return line.getresponse()


def test_headers_of_no_proxy_are_not_believed_and_cookie_lines_are_joined(real: RealDesk) -> None:
    number = real.ticket()
    pretended = [
        ("X-Forwarded-For", "203.0.113.9"),
        ("X_Forwarded_For", "203.0.113.9"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil.example"),
        ("X_Forwarded_Host", "evil.example"),
    ]
    assert len(real.person().cookies) > 1

    with _raw_note(real.person(), number, pretended) as answer:
        assert (answer.status, answer.headers["Location"]) == (302, f"/t/{number}")

    entry = real.entries(number)[-1]
    assert (entry["action"], entry["network"]) == ("ticket.note", "127.0.0.1")


def test_an_upload_above_the_limit_is_told_and_changes_nothing(real: RealDesk) -> None:
    number = real.ticket()
    before = real.version(number)
    fields = {"text": "Too much", "version": before}

    answer = real.person().form(f"/t/{number}/reply", fields, [("big.bin", bytes(25 * 1024 * 1024 + 1))])

    assert answer.status == 413
    assert "The files are too large" in answer.body.decode()
    assert real.version(number) == before
    assert "ticket.reply" not in real.acts(number)


def test_an_upload_at_the_limit_is_taken(real: RealDesk) -> None:
    number = real.ticket()
    fields = {"text": "Just enough", "version": real.version(number)}

    answer = real.person().form(f"/t/{number}/reply", fields, [("big.bin", bytes(25 * 1024 * 1024))])

    assert answer.status == 302
    assert "Just enough" in real.ticket_page(number)


def test_a_form_pressed_twice_at_once_acts_once(real: RealDesk) -> None:
    number = real.ticket()
    fields = {"text": "Doppelschnepfe", "version": real.version(number), "once": str(uuid4())}
    hands = [real.stranger(real.person().cookies) for _ in range(2)]

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda hand: hand.form(f"/t/{number}/reply", fields), hands))

    assert [(answer.status, answer.headers["location"]) for answer in answers] == [(302, f"/t/{number}")] * 2
    assert real.acts(number).count("ticket.reply") == 1
