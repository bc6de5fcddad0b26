"""Two people in one ticket: nobody's word is lost, nobody answers over an answer, one form is one mail."""

import time

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import UNDO_S, House, letter
from tests.browser.reading import find, opened

pytestmark = pytest.mark.browser

_POST_TWICE = """async () => {
  const form = document.querySelector(".composer");
  const post = () => fetch(form.action, {
    method: "POST", body: new FormData(form),
    headers: { Accept: "application/json", "X-CSRFToken": document.querySelector("meta[name=csrf-token]").content },
  }).then((answer) => answer.status);
  return Promise.all([post(), post()]);
}"""


def _both(house: House, subject: str) -> tuple[Page, Page]:
    """Let Lea and Bashir look at the same ticket."""
    house.post(letter(subject, f"{subject}: can somebody help?"))
    lea, bashir = house.sit("lea"), house.sit("bashir")
    number = find(lea, subject)
    bashir.goto(f"/t/{number}")
    opened(bashir, number)
    return lea, bashir


def _answer(page: Page, text: str) -> None:
    page.locator("#text").fill(text)
    page.get_by_role("button", name="Send", exact=True).click()


def test_second_answer_is_stopped_and_may_read_first(house: House) -> None:
    lea, bashir = _both(house, "Two at once, one reads")
    mine = "My own long answer.\n\nWith a second paragraph, and 日本語."
    lea.locator("#text").fill(mine)

    _answer(bashir, "Bashir was quicker.")
    expect(bashir.locator(".message.outbound", has_text="Bashir was quicker.")).to_be_visible()
    lea.get_by_role("button", name="Send", exact=True).click()
    bar = lea.locator(".conflict")
    expect(bar).to_contain_text("Bashir Haddad wrote while you were typing.")
    expect(bar).to_contain_text("Bashir was quicker.")
    expect(lea.locator("#text")).to_have_value(mine)
    lea.get_by_role("button", name="Read it first").click()
    expect(lea.locator(".message.outbound", has_text="Bashir was quicker.")).to_be_visible()
    expect(lea.locator("#text")).to_have_value(mine)
    assert not [mail for mail in house.sent() if "My own long answer." in mail["text"]]
    lea.get_by_role("button", name="Send", exact=True).click()
    expect(lea.locator(".message.outbound", has_text="My own long answer.")).to_be_visible()

    house.wait_for_sent("My own long answer.")
    house.forgive("409")


def test_second_answer_may_go_anyway(house: House) -> None:
    lea, bashir = _both(house, "Two at once, one insists")
    lea.locator("#text").fill("I insist on this.")

    _answer(bashir, "Bashir was first again.")
    expect(bashir.locator(".message.outbound", has_text="first again")).to_be_visible()
    lea.get_by_role("button", name="Send", exact=True).click()
    lea.get_by_role("button", name="Send anyway").click()
    expect(lea.locator(".message.outbound", has_text="I insist on this.")).to_be_visible()

    house.wait_for_sent("I insist on this.")
    house.forgive("409")


def test_one_form_posted_twice_is_one_mail(house: House) -> None:
    house.post(letter("Posted twice", "Is one answer one mail?"))
    page = house.sit("lea")
    find(page, "Posted twice")

    page.locator("#text").fill("One form, one mail.")
    statuses = page.evaluate(_POST_TWICE)
    house.wait_for_sent("One form, one mail.")
    time.sleep(UNDO_S)

    assert statuses == [200, 200]
    assert len([mail for mail in house.sent() if "One form, one mail." in mail["text"]]) == 1
    page.reload()
    expect(page.locator(".message.outbound", has_text="One form, one mail.")).to_have_count(1)
