"""What arrives elsewhere appears here without a reload, and takes neither focus nor place."""

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, letter
from tests.browser.reading import find, numbers, opened

pytestmark = pytest.mark.browser

_MARK = "() => { window.notReloaded = true; }"


def test_new_mail_appears_by_itself_and_keeps_focus(house: House) -> None:
    page = house.sit("lea")
    page.goto("/?folder=open")
    expect(page.locator("#light[data-state=on]")).to_have_count(1)
    page.evaluate(_MARK)
    for _ in range(6):
        page.keyboard.press("j")
    focused = page.evaluate("document.activeElement.closest('.row').dataset.number")
    page.mouse.move(1200, 850)

    house.post(letter("Arrives by itself", "Look, no hands."))
    row = page.locator("#rows .row", has_text="Arrives by itself")
    expect(row).to_be_visible(timeout=40_000)

    assert page.evaluate("window.notReloaded")
    assert page.evaluate("document.activeElement.closest('.row').dataset.number") == focused
    assert numbers(page)[0] == row.get_attribute("data-number")
    assert "unread" in (row.get_attribute("class") or "")


def test_colleagues_reply_and_note_appear_where_i_read(house: House) -> None:
    house.post(letter("Watched from two desks", "Who answers?"))
    lea, bashir = house.sit("lea"), house.sit("bashir")
    number = find(lea, "Watched from two desks")
    expect(lea.locator("#light[data-state=on]")).to_have_count(1)
    lea.evaluate(_MARK)
    lea.mouse.move(1200, 850)
    bashir.goto(f"/t/{number}")
    opened(bashir, number)

    bashir.locator("#text").fill("I answer.")
    bashir.get_by_role("button", name="Send", exact=True).click()
    expect(lea.locator(".message.outbound", has_text="I answer.")).to_be_visible()
    lea.locator("#text").fill("I am writing something")
    bashir.locator("form[data-act=close] button").click()
    expect(lea.get_by_text("This ticket has changed while you were here.")).to_be_visible()
    expect(lea.locator(f"#row-{number}")).to_have_count(0)

    assert lea.evaluate("window.notReloaded")
    expect(lea.locator("#text")).to_have_value("I am writing something")


def test_lost_connection_says_so_and_comes_back(house: House) -> None:
    page = house.sit("lea")
    page.goto("/?folder=open")
    expect(page.locator("#light[data-state=on]")).to_have_count(1)

    page.context.set_offline(True)
    expect(page.locator("#offline")).to_be_visible()
    page.context.set_offline(False)

    expect(page.locator("#offline")).to_be_hidden(timeout=40_000)
    house.forgive("ERR_INTERNET_DISCONNECTED")
