"""An agent's morning by keys alone: ten tickets, an answer that leaves, an undo, a refusal in words."""

import time
from email import message_from_bytes

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import UNDO_S, House, letter
from tests.browser.reading import current, find, numbers, opened, press_away, said

pytestmark = pytest.mark.browser

_COLOUR = "node => getComputedStyle(node).backgroundColor"
_YELLOW = "rgb(255, 247, 219)"


def test_ten_tickets_by_keys_alone(house: House) -> None:
    # On top lie mails that a person can answer, whatever other tests left in the list.
    house.post(*(letter(f"Morning {place}", "My wheel squeaks, can you help?") for place in range(10)))
    page = house.sit("greta")
    page.goto("/?folder=open")
    expect(page.locator("#rows .row", has_text="Morning")).to_have_count(10)
    rows = numbers(page)

    _move(page, rows)
    away = _close_undo_delete(page, rows)
    _assign_and_note(page)
    away.append(_answer_and_close(page, "Your wheel is ready, come by."))
    _close_two(page)
    _look_at_the_keys(page)

    page.goto("/?folder=open")
    assert not set(away) & set(numbers(page))
    _assert_left_as_an_answer(house, "Your wheel is ready, come by.")


def _move(page: Page, rows: list[str]) -> None:
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    opened(page, rows[0])
    for key, row in (("j", 1), ("j", 2), ("k", 1)):
        page.keyboard.press(key)
        opened(page, rows[row])


def _close_undo_delete(page: Page, rows: list[str]) -> list[str]:
    """Close three, take the last back, close it again, delete one; return what is away."""
    away = [press_away(page, "e") for _ in range(3)]
    assert away == rows[1:4]
    page.keyboard.press("z")
    opened(page, away[-1])
    expect(page.locator(f"#row-{away[-1]}")).to_be_visible()
    away[-1:] = [press_away(page, "e"), press_away(page, "#")]
    said(page, "lies in the bin")
    return away


def _assign_and_note(page: Page) -> None:
    page.keyboard.press("a")
    expect(page.locator("#assign")).to_be_visible()
    page.keyboard.press("Enter")
    said(page, "is with")
    assigned = current(page)
    page.keyboard.press("j")
    expect(page.locator(f".conversation:not([data-number='{assigned}'])")).to_be_visible()
    page.keyboard.press("n")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type("He called: the chain fits.")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".message.note", has_text="the chain fits")).to_be_visible()
    expect(page.locator("#text")).to_have_value("")


def _answer_and_close(page: Page, text: str) -> str:
    page.keyboard.press("Escape")
    page.keyboard.press("r")
    expect(page.locator("#text")).to_be_focused()
    page.keyboard.type(text)
    answered = current(page)
    page.keyboard.press("Control+Enter")
    expect(page.locator(f"#row-{answered}")).to_have_count(0)
    return answered


def _close_two(page: Page) -> None:
    for _ in range(2):
        page.keyboard.press("x")
        page.keyboard.press("j")
    expect(page.locator("#bulk-count")).to_have_text("2 selected")
    page.keyboard.press("e")
    said(page, "2 tickets done")


def _look_at_the_keys(page: Page) -> None:
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()


def _assert_left_as_an_answer(house: House, text: str) -> None:
    mail = house.wait_for_sent(text)
    head = message_from_bytes(house.sent_bytes(mail["number"]))
    assert head["In-Reply-To"]
    assert head["References"].split()[-1] == head["In-Reply-To"]
    assert head["From"].endswith(("<support@nordlicht.example.org>", "<billing@nordlicht.example.org>"))
    assert all(head[name] for name in ("Message-ID", "Date", "To", "Subject"))


def test_undo_brings_the_text_back_and_nothing_leaves(house: House) -> None:
    house.post(letter("Undo me a saddle", "Have you a saddle?"))
    page = house.sit("greta")
    find(page, "Undo me a saddle")

    page.keyboard.press("r")
    page.keyboard.type("This was meant for somebody else.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.locator(".message.outbound", has_text="meant for somebody else")).to_be_visible()
    page.locator("#thread").focus()
    page.keyboard.press("z")
    expect(page.locator("#text")).to_have_value("This was meant for somebody else.")
    time.sleep(UNDO_S + 3)

    assert not [mail for mail in house.sent() if "meant for somebody else" in mail["text"]]
    page.reload()
    expect(page.locator("#text")).to_have_value("This was meant for somebody else.")
    page.get_by_role("button", name="Send", exact=True).click()
    house.wait_for_sent("This was meant for somebody else.")


def test_refusal_shows_the_servers_words_and_sends_again(house: House) -> None:
    house.post(letter("Refuse my answer", "Please answer.", sender="Rita <refuse.rita@mail.example.net>"))
    page = house.sit("greta")
    find(page, "Refuse my answer")

    page.keyboard.press("r")
    page.keyboard.type("Here is your answer.")
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_text("There is no such person here")).to_be_visible(timeout=40_000)
    page.get_by_role("button", name="Send again").click()
    expect(page.locator(".message.outbound [data-waits]")).to_be_visible()

    expect(page.get_by_text("There is no such person here")).to_be_visible(timeout=40_000)


def test_note_is_yellow_and_bin_gives_back(house: House) -> None:
    house.post(letter("Bin and back", "A ticket to throw away."))
    page = house.sit("greta")
    number = find(page, "Bin and back")

    page.keyboard.press("n")
    page.keyboard.type("Only for us.")
    colours = [page.locator(".composer").evaluate(_COLOUR)]
    page.keyboard.press("Control+Enter")
    note = page.locator(".message.note", has_text="Only for us.")
    expect(note).to_be_visible()
    colours.append(note.locator("> .text").evaluate(_COLOUR))
    page.locator("#thread").focus()
    page.keyboard.press("#")
    said(page, "lies in the bin")
    page.goto(f"/t/{number}?folder=bin")
    expect(page.get_by_text("This ticket is in the bin.")).to_be_visible()
    assert page.locator("#text").count() == 0
    page.get_by_role("button", name="Restore").click()
    said(page, "is back")
    page.goto(f"/t/{number}")

    expect(page.locator("#text")).to_be_visible()
    assert colours == [_YELLOW, _YELLOW]
