"""What could lose a text or send it too early: a session that ends, and keys that only compose."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, letter
from tests.browser.reading import current, find, numbers, said

pytestmark = pytest.mark.browser

_LONG = "\n".join(f"Line {n} of an answer that took an hour." for n in range(1, 41))
_KEYS = [("Enter", False), ("Enter", True), ("Escape", False), ("j", False), ("e", False), ("/", False)]
_COMPOSE = """([selector, key, keyCode, extra]) => {
  const node = selector ? document.querySelector(selector) : document.body;
  node.focus();
  node.dispatchEvent(new CompositionEvent("compositionstart", { bubbles: true }));
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...extra });
  if (keyCode) Object.defineProperty(event, "keyCode", { get: () => keyCode });
  const taken = !node.dispatchEvent(event);
  node.dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
  return taken;
}"""


def _send(page: Page) -> None:
    page.get_by_role("button", name="Send", exact=True).click()


def test_text_outlives_its_session(house: House) -> None:
    house.post(letter("Session ends while writing", "A long question."))
    page = house.sit("mateo", fresh=True)
    find(page, "Session ends while writing")
    where = page.url
    box = page.locator("#text")
    box.fill(_LONG)

    other = page.context.new_page()
    other.goto("/")
    other.get_by_role("button", name="Sign out").click()
    other.get_by_text("You are signed out").wait_for()
    page.bring_to_front()
    box.press_sequentially("!")
    expect(page.locator("[data-slot=trouble]")).to_contain_text("You were signed out. Your text is still here.")
    _send(page)
    expect(page.locator("[data-slot=trouble]")).to_contain_text("You were signed out. Your text is still here.")
    assert page.url == where
    expect(box).to_have_value(f"{_LONG}!")
    assert not [mail for mail in house.sent() if "Line 40" in mail["text"]]

    house.sign_in(other, "mateo")
    page.bring_to_front()
    page.locator("[data-slot=trouble]").get_by_role("button", name="Send again").click()
    expect(page.locator(".message.outbound", has_text="Line 40 of an answer")).to_be_visible()
    house.wait_for_sent("Line 40 of an answer")
    time.sleep(2)

    assert len([mail for mail in house.sent() if "Line 40 of an answer" in mail["text"]]) == 1
    house.forgive("401", "403")


@pytest.mark.parametrize("code", [0, 229], ids=["isComposing", "keyCode 229"])
def test_composing_keys_only_compose(house: House, code: int) -> None:
    subject = f"Composing {code}"
    house.post(letter(subject, "日本語で書いてください。"))
    page = house.sit("lea")
    number = find(page, subject)
    rows = numbers(page)
    page.locator("#text").fill("変換中")
    extra = {"isComposing": code == 0}

    taken = [
        page.evaluate(_COMPOSE, [selector, key, code, {**extra, "ctrlKey": control}])
        for selector in ("#text", "#find", "")
        for key, control in (
            ("Enter", False),
            ("Enter", True),
            ("Escape", False),
            ("j", False),
            ("e", False),
            ("/", False),
        )
    ]
    page.wait_for_timeout(800)

    assert not any(taken)
    assert (current(page), numbers(page)) == (number, rows)
    expect(page.locator("#text")).to_have_value("変換中")
    page.locator("#text").fill("変換しました。")
    page.locator("#text").press("Control+Enter")
    said(page, f"#{number}")
