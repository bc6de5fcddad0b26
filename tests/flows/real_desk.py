"""The demo desk as people use it over HTTP: forms with files, and what can be read back of their effect."""

import json
import re
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from io import BytesIO
from typing import Final, TypeVar
from urllib.parse import urljoin
from uuid import uuid4

import pyotp
from django.test.client import encode_multipart
from imapclient import IMAPClient

from tests.bench.desk import Answer, Browser, Desk

T = TypeVar("T")
Form = Mapping[str, str | Sequence[str]]
Files = Sequence[tuple[str, bytes]]
SETTLED_S: Final = 40
PASSWORD: Final = "Sumpfdotterblume 47"
_BOUNDARY: Final = "postern-form"


@dataclass(slots=True)
class Visitor(Browser):
    """A person's requests, with forms as a browser sends them."""

    def form(self, path: str, fields: Form, files: Files = (), **headers: str) -> Answer:
        """Return the answer to a multipart form with its page's token and a fresh `once`."""
        token = self.cookies.get("postern_csrf", "")
        data = {"once": str(uuid4()), **fields, "csrfmiddlewaretoken": token, "files": [_file(*file) for file in files]}
        sent = {
            "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
            "Referer": f"http://localhost:{self.port}/",
            **headers,
        }
        return self._ask("POST", path, encode_multipart(_BOUNDARY, data), sent)

    def page(self, path: str) -> str:
        """Return the text of a page that must be there."""
        answer = self.get(path)
        assert answer.status == 200, (path, answer.status, answer.headers.get("location"))
        return answer.body.decode()

    def is_inside(self) -> bool:
        """Tell whether the desk lets this person in."""
        return self.get("/").status == 200


def _file(name: str, data: bytes) -> BytesIO:
    file = BytesIO(data)
    file.name = name
    return file


def found(pattern: str, page: str) -> str:
    """Return what the group of `pattern` matches in a page; it must be there."""
    match = re.search(pattern, page, re.DOTALL)
    assert match is not None, pattern
    return match[1]


def option_of(page: str, field: str, label: str) -> str:
    """Return the value of the choice in a list whose words begin with `label`; it must be there."""
    choices = found(rf'<select name="{field}".*?>(.*?)</select>', page)
    return found(rf'<option value="([^"]+)"[^>]*>{re.escape(label)}', choices)


def wait_for(look: Callable[[], T | None]) -> T:
    """Return what `look` finds once it finds something."""
    until = time.monotonic() + SETTLED_S
    while not (thing := look()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.25)
    return thing


def code_of(secret: str, *, steps: int = 0) -> str:
    """Return the code of an authenticator app, now or some steps from now, with five seconds left before it changes."""
    left_s = 30 - time.time() % 30
    if left_s < 5:
        time.sleep(left_s)
    return pyotp.TOTP(secret).at(int(time.time()) + 30 * steps)


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A person whom the administration has just added, signed in with an app of their own."""

    email: str
    visitor: Visitor
    secret: str
    recovery: tuple[str, ...]


@dataclass(slots=True)
class RealDesk:
    """The running desk, the people who have signed in, and tickets that no case has used yet."""

    desk: Desk
    _people: dict[str, Visitor] = field(default_factory=dict)
    _numbers: list[int] = field(default_factory=list)
    _lines: list[Visitor] = field(default_factory=list)
    _regular: Newcomer | None = None
    _count: int = 0

    def stranger(self, cookies: Mapping[str, str] | None = None) -> Visitor:
        """Return somebody who has not signed in, with the token of the door's form, or who brings these cookies."""
        visitor = Visitor(self.desk.port, dict(cookies or {}))
        self._lines.append(visitor)
        if cookies is None:
            visitor.get("/login/")
        return visitor

    def close(self) -> None:
        """Close everybody's connection."""
        for visitor in self._lines:
            if visitor.connection is not None:
                visitor.connection.close()

    def person(self, role: str = "Senior agent") -> Visitor:
        """Return the demo's first person of that role; they sign in once for all cases."""
        if role not in self._people:
            browser = self.desk.signed_in(role)
            self._people[role] = Visitor(browser.port, browser.cookies, browser.connection)
            self._lines.append(self._people[role])
        return self._people[role]

    def ticket(self) -> int:
        """Return the number of an open ticket of Support that no case has used."""
        if not self._numbers:
            inbox = found(r'<option value="([0-9a-f-]{36})"[^>]*>Support', self.person().page("/new"))
            rows = re.findall(r'href="/t/(\d+)', self.person().page(f"/?folder=open&inbox={inbox}"))
            self._numbers = [int(number) for number in dict.fromkeys(rows)]
        return self._numbers.pop()

    def ticket_page(self, number: int) -> str:
        """Return the page of a ticket."""
        return self.person().page(f"/t/{number}")

    def version(self, number: int) -> str:
        """Return the version of a ticket now."""
        return found(r'<article class="conversation"[^>]*data-version="(\d+)"', self.ticket_page(number))

    def state(self, number: int) -> str:
        """Return the state of a ticket now."""
        return found(r'<article class="conversation"[^>]*data-state="(\w+)"', self.ticket_page(number))

    def entries(self, number: int) -> list[dict[str, object]]:
        """Return what was done on a ticket, oldest first, as the compliance officer exports it; looks left out."""
        answer = self.person("Compliance officer").form("/audit/export", {"format": "jsonl", "ticket": str(number)})
        assert answer.status == 200, answer.status
        lines: list[dict[str, object]] = [json.loads(line) for line in answer.body.splitlines()]
        return [line for line in lines if line.get("action") not in {None, "ticket.view", "ticket.list"}]

    def acts(self, number: int) -> list[str]:
        """Return the actions of those entries."""
        return [str(entry["action"]) for entry in self.entries(number)]

    def newcomer_email(self, **more: str) -> str:
        """Return the address of a person whom the administration adds with PASSWORD, and `more` fields of the form."""
        self._count += 1
        email = f"new{self._count}@nordlicht.example.org"
        fields = {"email": email, "name": f"New {self._count}", "language": "en", "timezone": "UTC", **more}
        answer = self.person("Security admin").form("/admin/accounts/user/add/", fields | {"password_new": PASSWORD})
        assert answer.status == 302, errors_in(answer)
        return email

    def half_inside(self, email: str) -> tuple[Visitor, Answer]:
        """Return somebody of that address whose password was right, and the answer to it."""
        visitor = self.stranger()
        return visitor, visitor.form("/login/", {"login": email, "password": PASSWORD})

    def newcomer(self, **more: str) -> Newcomer:
        """Return a new person who has enrolled with the code before this one, so that this one is still good."""
        email = self.newcomer_email(**more)
        visitor, _answer = self.half_inside(email)
        secret = found(r'class="secret">.*?<code>([A-Z2-7 ]+)</code>', visitor.page("/login/enrol/")).replace(" ", "")
        answer = visitor.form("/login/enrol/", {"code": code_of(secret, steps=-1)})
        assert answer.status == 200, answer.status
        return Newcomer(email, visitor, secret, codes_in(answer.body.decode()))

    def regular(self) -> Newcomer:
        """Return a newcomer who stays the same: the door takes only so many codes a minute."""
        if self._regular is None:
            self._regular = self.newcomer()
        return self._regular

    def deliver(self, mime: bytes) -> None:
        """Put a mail into the mailbox of Support, as its mail server does."""
        imap = self.desk.demo()["imap"]
        assert isinstance(imap, dict)
        with IMAPClient(imap["host"], port=imap["port"], ssl=False) as client:
            client.login(imap["user"], imap["password"])
            client.append("INBOX", mime)

    def sent(self, word: str) -> EmailMessage | None:
        """Return the mail at the sink whose subject or text holds `word`, None while there is none."""
        sink = str(self.desk.demo()["sink"])
        for mail in json.loads(_fetched(urljoin(sink, "/mails.json"))):
            if word in mail["subject"] or word in mail["text"]:
                mime = _fetched(urljoin(sink, f"/mails/{mail['number']}.eml"))
                return message_from_bytes(mime, _class=EmailMessage, policy=default)
        return None


def errors_in(answer: Answer) -> str:
    """Return the status of an answer and what its form complains about."""
    errors = re.findall(r'class="errorlist[^"]*"[^>]*>(.*?)</ul>', answer.body.decode(), re.DOTALL)
    return f"{answer.status} {errors}"


def codes_in(page: str) -> tuple[str, ...]:
    """Return the recovery codes that a page shows."""
    return tuple(re.findall(r"<li><code>([^<]+)</code></li>", page))


def _fetched(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the sink's own address
        content: bytes = answer.read()
        return content
