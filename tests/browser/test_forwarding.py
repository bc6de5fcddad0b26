"""Forward by keys, and talk with a supplier that the customer never sees."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.house import House, letter
from tests.browser.reading import find

pytestmark = pytest.mark.browser

WERK = "werk@partner.example.com"


def test_a_forward_by_keys_and_the_answer_to_its_answer(house: House) -> None:
    mail = letter("Pump drips", "It drips since Monday.")
    mail.add_attachment(b"the plan", maintype="application", subtype="pdf", filename="plan.pdf")
    mail.add_attachment(b"a;b", maintype="text", subtype="csv", filename="list.csv")
    house.post(mail)
    page = house.sit("mateo")
    find(page, "Pump drips")

    page.keyboard.press("f")
    expect(page.get_by_role("heading", name="Forward", exact=True)).to_be_visible()
    page.get_by_label("To", exact=True).fill(f"Werk <{WERK}>")
    page.get_by_label("Words above it").fill("Can you mend it for 500?")
    page.get_by_label("list.csv").uncheck()
    expect(page.locator("[data-slot=saved]")).to_have_text("Draft saved")
    page.get_by_role("link", name="Cancel").click()
    expect(page.locator("#text")).to_have_value("")  # the box that writes to the customer

    page.keyboard.press("f")
    expect(page.get_by_label("To", exact=True)).to_have_value(f"Werk <{WERK}>")
    expect(page.get_by_label("Words above it")).to_have_value("Can you mend it for 500?")
    page.get_by_label("list.csv").uncheck()
    page.get_by_role("button", name="Forward", exact=True).click()

    ours = page.locator(".message.outbound.party")
    expect(ours).to_contain_text("Other party")
    expect(ours.get_by_role("button", name="Do not send")).to_be_visible()
    sent = house.wait_for_sent("Can you mend it for 500?", to=WERK)
    assert "It drips since Monday." in sent["text"]
    _answer(house, page, sent["number"])
    theirs = page.locator(".message.inbound.party")
    expect(theirs).to_contain_text("410 Euro")

    theirs.get_by_role("link", name="Answer this party").click()
    expect(page.locator("form[data-keeps]")).to_contain_text(WERK)
    page.locator("textarea[name=text]").fill("Agreed, 410 it is.")
    page.keyboard.press("Control+Enter")
    last = house.wait_for_sent("Agreed, 410 it is.")

    assert last["recipients"] == [WERK]
    assert "410 Euro" in last["text"]


def _answer(house: House, page: Page, number: int) -> None:
    """Let the supplier answer the mail of that number, and wait until the ticket shows it."""
    mime = house.sent_bytes(number)
    head = mime.partition(b"\r\n\r\n")[0].decode()
    our_id = next(line for line in head.split("\r\n") if line.lower().startswith("message-id:")).partition(": ")[2]
    answer = letter("Re: Fwd: Pump drips", "410 Euro, not less.", sender=f"Werk <{WERK}>")
    answer["In-Reply-To"] = our_id
    house.post(answer)
    expect(page.locator(".message.inbound.party")).to_be_visible()
