"""The main states of the pages, by name: what accessibility is asked of and pictures are taken of."""

from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any, Final

from playwright.sync_api import Page, expect

from tests.browser.house import LARGE, House, letter
from tests.browser.reading import find
from tests.servers.reports import Told, make_report

_STRANGER: Final = ""
_NEWSLETTER: Final = """<html><body><h1 style="color:#0a5c4a">Autumn at the wheel makers</h1>
<p>Spokes, rims and <a href="https://wheels.example.net/offers">eleven offers</a>.</p>
<table><tr><th>Rim</th><th>Price</th></tr><tr><td>28 inch</td><td>49 EUR</td></tr></table>
<img src="https://wheels.example.net/open.gif" width="1" height="1"></body></html>"""


Go = Callable[[Page, House], None]


@dataclass(frozen=True, slots=True)
class State:
    """One state: who sees it ("" is a stranger) and how to get there from an empty page."""

    name: str
    who: str
    go: Go

    def show(self, house: House, **options: Any) -> Page:  # Any: playwright's options
        """Return a new page in this state."""
        page = house.sit(self.who, **options) if self.who else house.stranger(**options).new_page()
        self.go(page, house)
        return page


def prepare(house: House) -> None:
    """Post the mails that the states need, let one answer be refused, and another one come back."""
    house.post(
        letter("A question in plain text", "Hello,\n\nwhich tyre fits my 28 inch rim?\n\nRegards\nPetra"),
        letter("Nobody there to answer", "Please answer.", sender="Rita <refuse.rita@mail.example.net>"),
        letter("A letter to nowhere", "Send me the drawing.", sender="Nils <nils.nowhere@mail.example.net>"),
        _newsletter(),
        letter("A very large drawing", "x" * 76 + "\n" + ("y" * 76 + "\n") * (LARGE // 77 + 10)),
    )
    page = house.sit("greta")
    find(page, "Nobody there to answer")
    if not page.get_by_text("There is no such person here").count():
        page.locator("#text").fill("Here is your answer.")
        page.get_by_role("button", name="Send", exact=True).click()
        expect(page.get_by_text("There is no such person here").first).to_be_visible(timeout=60_000)
    find(page, "A question in plain text")
    page.keyboard.press("n")
    page.locator("#text").fill("I asked the workshop: 42 mm at most.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message.note")).to_be_visible()
    _come_back(page, house)
    page.context.close()


def send_back(house: House, text: str, address: str) -> None:
    """Let the sent mail that holds `text` come back: there is no `address`."""
    number = house.wait_for_sent(text, to=address)["number"]
    mime = message_from_bytes(house.sent_bytes(number))
    told = Told(address, words="550 5.1.1 No such user here")
    house.post(make_report(mime["Message-ID"], told, to="support@nordlicht.example.org"))


def _come_back(page: Page, house: House) -> None:
    find(page, "A letter to nowhere")
    if not page.locator(".bounce").count():
        page.locator("#text").fill("Here is the drawing.")
        page.get_by_role("button", name="Send", exact=True).click()
        send_back(house, "Here is the drawing.", "nils.nowhere@mail.example.net")
        expect(page.locator(".bounce")).to_be_visible(timeout=60_000)


def _came_back(page: Page, _house: House) -> None:
    find(page, "A letter to nowhere")
    page.locator(".bounce summary").click()


def _newsletter() -> EmailMessage:
    mail = letter("Autumn at the wheel makers", "See the offers.", sender="Wheels <news@wheels.example.net>")
    mail.add_alternative(_NEWSLETTER, subtype="html")
    return mail


def _at(path: str) -> Go:
    def go(page: Page, _house: House) -> None:
        page.goto(path)
        page.wait_for_load_state()

    return go


def _ticket(subject: str, *keys: str) -> Go:
    def go(page: Page, _house: House) -> None:
        find(page, subject)
        page.mouse.move(0, 0)
        for key in keys:
            page.keyboard.press(key)
        page.wait_for_timeout(500)

    return go


def _newcomer(page: Page, house: House) -> None:
    user = house.newcomer()
    _password(page, user["email"], user["password"])
    expect(page.locator(".qr-box svg")).to_be_visible()


def _codes(page: Page, house: House) -> None:
    _newcomer(page, house)
    page.get_by_role("textbox", name="Code").fill(
        house.code("".join(page.locator(".secret code").inner_text().split()))
    )
    page.get_by_role("button", name="Confirm").click()
    expect(page.locator(".codes")).to_be_visible()


def _code(page: Page, house: House) -> None:
    user = house.user("greta")
    _password(page, user["email"], user["password"])
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()


def _password(page: Page, email: str, password: str) -> None:
    page.goto("/login/")
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Continue").click()


def _selected(page: Page, _house: House) -> None:
    page.goto("/?folder=open")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(page.locator("#bulk")).to_be_visible()


def _out(page: Page, _house: House) -> None:
    find(page, "Autumn at the wheel makers")
    link = page.frame_locator("mail-frame iframe").get_by_role("link").first
    page.goto(link.get_attribute("href") or "")


def _printed(page: Page, _house: House) -> None:
    number = find(page, "A question in plain text")
    page.goto(f"/t/{number}/print")


def _timeline(page: Page, _house: House) -> None:
    page.goto("/audit/")
    page.goto(page.locator("a[href*='/audit/ticket/']").first.get_attribute("href") or "")


def _mail_log(page: Page, _house: House) -> None:
    page.goto("/mail/")
    page.get_by_role("link", name="Log of").first.click()
    page.get_by_role("link", name="Show every look").click()
    page.wait_for_load_state()


def _why(page: Page, _house: House) -> None:
    find(page, "A question in plain text")
    page.locator("details.why > summary").first.click()
    expect(page.locator(".reasons li").first).to_be_visible()


def _said(page: Page, _house: House) -> None:
    page.goto("/mail/outbox")
    page.get_by_text("What the server said").first.click()
    expect(page.locator(".said q").first).to_be_visible()


def _admin(path: str, *, row: bool = False) -> Go:
    def go(page: Page, _house: House) -> None:
        page.goto(f"/admin/{path}")
        if row:
            page.locator("#result_list tbody tr th a").first.click()
            page.wait_for_load_state()

    return go


STATES: Final = (
    State("login", _STRANGER, _at("/login/")),
    State("code", _STRANGER, _code),
    State("enrol", _STRANGER, _newcomer),
    State("codes", _STRANGER, _codes),
    State("list", "greta", _at("/?folder=open")),
    State("selected", "greta", _selected),
    State("empty", "greta", _at("/?folder=spam")),
    State("text", "greta", _ticket("A question in plain text")),
    State("html", "greta", _ticket("Autumn at the wheel makers")),
    State("note", "greta", _ticket("A question in plain text", "n")),
    State("refused", "greta", _ticket("Nobody there to answer")),
    State("came-back", "greta", _came_back),
    State("quarantine", "greta", _ticket("could not be read")),
    State("assign", "greta", _ticket("A question in plain text", "a")),
    State("keys", "greta", _ticket("A question in plain text", "?")),
    State("read-only", "nina", _ticket("A question in plain text")),
    State("new", "greta", _at("/new")),
    State("me", "greta", _at("/me/")),
    State("out", "greta", _out),
    State("print", "greta", _printed),
    State("absent-ticket", "greta", _at("/t/999999")),
    State("absent-page", "greta", _at("/nowhere")),
    State("why", "greta", _why),
    State("mailboxes", "tomasz", _at("/mail/")),
    State("mailbox-log", "tomasz", _mail_log),
    State("unread-mails", "tomasz", _at("/mail/quarantine")),
    State("outbox", "tomasz", _at("/mail/outbox?state=all")),
    State("server-words", "tomasz", _said),
    State("stray-reports", "tomasz", _at("/mail/reports")),
    State("log", "aisha", _at("/audit/")),
    State("timeline", "aisha", _timeline),
    State("export", "aisha", _at("/audit/export")),
    State("admin", "viktor", _admin("")),
    State("admin-people", "viktor", _admin("accounts/user/")),
    State("admin-person", "viktor", _admin("accounts/user/", row=True)),
    State("admin-team", "viktor", _admin("accounts/team/", row=True)),
    State("admin-binding", "viktor", _admin("inboxes/binding/", row=True)),
    State("admin-role", "viktor", _admin("inboxes/role/", row=True)),
    State("admin-mailbox", "tomasz", _admin("mail/mailbox/", row=True)),
)
