"""A mail that comes back is told of where it was sent, and goes on to another address by the keyboard alone."""

import pytest
from playwright.sync_api import expect

from tests.browser.house import House, letter
from tests.browser.reading import find, said
from tests.browser.states import send_back

pytestmark = pytest.mark.browser


def test_a_mail_that_comes_back_goes_to_another_address_by_keyboard(house: House) -> None:
    house.post(letter("The wrong address", "Where is my bell?", sender="Otto <otto.old@mail.example.net>"))
    page = house.sit("lea")
    find(page, "The wrong address")
    page.locator("#text").fill("Your bell left on Monday.")
    page.get_by_role("button", name="Send", exact=True).click()

    send_back(house, "Your bell left on Monday.", "otto.old@mail.example.net")

    box = page.locator(".bounce", has_text="This mail came back from otto.old@mail.example.net.")
    expect(box).to_be_visible(timeout=60_000)  # by itself: nobody reloads the page
    expect(box).to_contain_text("There is no such address.")
    expect(page.locator(".composer")).not_to_contain_text("came back lately")  # the first one may be a slip
    box.get_by_text("Send to another address").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.type("otto.neu@mail.example.net")
    page.keyboard.press("Enter")
    said(page, "It is on its way to the other address.")
    expect(page.locator(".message.outbound", has_text="Your bell left on Monday.")).to_have_count(2)

    house.wait_for_sent("Your bell left on Monday.", to="otto.neu@mail.example.net")
