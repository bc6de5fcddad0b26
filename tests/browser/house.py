"""One demo desk, one Chromium, and the people who sit down at it: what every browser test stands on."""

import json
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

import pyotp
from imapclient import IMAPClient
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, StorageState, expect, sync_playwright

from tests.bench.desk import Desk, running_demo

CHROMIUM = "/usr/bin/chromium"
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
WIDE = {"width": 1440, "height": 900}
PHONE = {"width": 390, "height": 844}
PATIENCE_MS = 20_000
UNDO_S = 4
LARGE = 3_000_000
"""A larger mail is not fetched, but told of."""
_SETTINGS = {
    "POSTERN_POLL_S": "2",
    "POSTERN_UNDO_S": str(UNDO_S),
    "POSTERN_KIND": "demo",
    "POSTERN_MAIL_MAX_BYTES": str(LARGE),
}
_STEP_S = 30
_NEWCOMER = """
from accounts.services.people import create_user
from inbox.inboxes.models import Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
user = create_user("{email}", "Nora Neu", "{password}")
role = Role.objects.get(name="Agent")
make_binding(BindingSpec(role, (), all_inboxes=True, people=(user,), reason="new"), by=None)
"""


@dataclass(slots=True)
class House:
    """The running desk with its browser. `complaints` are what any page wrote on its console as an error."""

    desk: Desk
    browser: Browser
    playwright: Playwright
    complaints: list[str] = field(default_factory=list)
    _states: dict[str, StorageState] = field(default_factory=dict)
    _steps: dict[str, int] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """Return the desk's address without a slash at its end."""
        return f"http://localhost:{self.desk.port}"

    def sit(self, who: str, *, fresh: bool = False, **options: Any) -> Page:  # Any: playwright's options
        """Return a page of `who` (the name before the dot), signed in behind the door.

        A person signs in once for all tests; `fresh` gives a session of its own.
        """
        if fresh:
            page = self.stranger(**options).new_page()
            self.sign_in(page, who)
            return page
        return self.stranger(storage_state=self.state(who), **options).new_page()

    def state(self, who: str) -> StorageState:
        """Return the cookies of the session that `who` has in all tests."""
        if who not in self._states:
            context = self.stranger()
            self.sign_in(context.new_page(), who)
            self._states[who] = context.storage_state()
            context.close()
        return self._states[who]

    def stranger(self, **options: Any) -> BrowserContext:  # Any: playwright's options
        """Return an empty browser, signed in as nobody."""
        context = self.browser.new_context(**{"viewport": WIDE, "base_url": self.address, **options})
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", lambda line: self.complaints.append(line.text) if line.type == "error" else None)
        context.on("weberror", lambda fault: self.complaints.append(str(fault.error)))
        return context

    def forgive(self, *statuses: str) -> None:
        """Forget the complaints about answers that the test asked for."""
        self.complaints[:] = [line for line in self.complaints if not any(status in line for status in statuses)]

    def sign_in(self, page: Page, who: str) -> None:
        """Go through the door: address and password, then the code of the app."""
        user = self.user(who)
        page.goto(f"{self.address}/login/")
        page.get_by_label("E-mail address").fill(user["email"])
        page.get_by_label("Password").fill(user["password"])
        page.get_by_role("button", name="Continue").click()
        page.get_by_role("textbox", name="Code").fill(self.code(user["totp_secret"]))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_selector("nav.nav")

    def user(self, who: str) -> dict[str, str]:
        """Return how the person whose address begins with `who` signs in."""
        users = self.desk.demo()["users"]
        assert isinstance(users, list)
        found: dict[str, str] = next(user for user in users if user["email"].startswith(f"{who}."))
        return found

    def newcomer(self) -> dict[str, str]:
        """Make a person who has a password and no second factor yet."""
        email, password = f"nora.{time.time_ns()}@nordlicht.example.org", "seven-green-teapots-on-a-raft"
        self.desk.manage("shell", "-v0", "-c", _NEWCOMER.format(email=email, password=password))
        return {"email": email, "password": password}

    def code(self, secret: str) -> str:
        """Return a code that was not used yet: each step's code is taken once, and the next one a little early."""
        now = int(time.time() // _STEP_S)
        step = max(now, self._steps.get(secret, 0) + 1)
        if step > now + 1:
            time.sleep((step - 1) * _STEP_S - time.time() + 1)
        self._steps[secret] = step
        return pyotp.TOTP(secret).at(step * _STEP_S)

    def post(self, *letters: EmailMessage | bytes) -> None:
        """Put mails into the IMAP server; the desk finds them by itself within some seconds."""
        imap = self.desk.demo()["imap"]
        assert isinstance(imap, dict)
        with IMAPClient(imap["host"], imap["port"], ssl=False, timeout=30) as client:
            client.login(imap["user"], imap["password"])
            for letter in letters:
                client.append("INBOX", letter if isinstance(letter, bytes) else letter.as_bytes())

    def sent(self) -> list[dict[str, Any]]:  # Any: plain JSON
        """Return what stands at the SMTP sink, the newest first."""
        with urllib.request.urlopen(f"{self.desk.demo()['sink']}mails.json", timeout=10) as answer:  # noqa: S310 - loopback
            mails: list[dict[str, Any]] = json.load(answer)  # Any: plain JSON
        return mails

    def sent_bytes(self, number: int) -> bytes:
        """Return one mail of the sink as it went over the wire."""
        with urllib.request.urlopen(f"{self.desk.demo()['sink']}mails/{number}.eml", timeout=10) as answer:  # noqa: S310 - loopback
            mime: bytes = answer.read()
        return mime

    def wait_for_sent(self, text: str, *, to: str = "", within_s: float = 40) -> dict[str, Any]:  # Any: plain JSON
        """Return the sent mail whose text holds `text`, `to` that address; fail when it has not left in time."""
        until = time.monotonic() + within_s
        while time.monotonic() < until:
            for mail in self.sent():
                if text in mail["text"] and (not to or to in mail["recipients"]):
                    return mail
            time.sleep(0.3)
        raise AssertionError(f"no mail with {text!r} was sent")


@contextmanager
def running_house() -> Iterator[House]:
    """Run a demo desk and a Chromium for as long as the block lasts."""
    expect.set_options(timeout=PATIENCE_MS)
    settings = {
        "POSTERN_POLL_S": "2",
        "POSTERN_UNDO_S": str(UNDO_S),
        "POSTERN_KIND": "demo",
        "POSTERN_MAIL_MAX_BYTES": str(LARGE),
    }
    with running_demo(**settings) as desk, sync_playwright() as playwright:
        browser = launch(playwright)
        yield House(desk, browser, playwright)
        browser.close()


def launch(playwright: Playwright, *flags: str) -> Browser:
    """Start the system's Chromium, silent towards the world."""
    return playwright.chromium.launch(executable_path=CHROMIUM, args=[*QUIET, *flags])


def letter(subject: str, text: str, *, sender: str = "Petra Kunz <petra.kunz@mail.example.net>") -> EmailMessage:
    """Return a plain mail to the Support inbox."""
    mail = EmailMessage()
    mail["From"] = sender
    mail["To"] = "support@nordlicht.example.org"
    mail["Subject"] = subject
    mail["Date"] = "Wed, 25 Nov 2026 09:00:00 +0000"
    mail["Message-ID"] = f"<{abs(hash((subject, text)))}.{time.time_ns()}@mail.example.net>"
    mail.set_content(text)
    return mail
