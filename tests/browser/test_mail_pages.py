"""Mail as it is shown and administered: blocked pictures keep a layout, and the pages keep themselves fresh."""

import pytest
from playwright.sync_api import expect

from tests.browser.house import LARGE, House, letter
from tests.browser.reading import find

pytestmark = pytest.mark.browser

_LAYOUT = """<table width="300" cellspacing="0" cellpadding="0"><tr><td width="5">Unsubscribe</td>
<td><img src="https://wheels.example.net/spacer.gif" width="1" height="9"></td></tr>
<tr><td colspan="2"><img src="https://wheels.example.net/rim.png" width="200" height="60"></td></tr></table>"""
_SIZES = """() => ({
  pictures: [...document.images].map((one) => [one.offsetWidth, one.offsetHeight, getComputedStyle(one).outlineStyle]),
  word: document.querySelector("td").getBoundingClientRect().height,
})"""
_AT_MOST_TWO_LINES = 45


def test_a_newsletter_keeps_its_layout_without_its_pictures(house: House) -> None:
    mail = letter("Rims in a table", "See the rims.")
    mail.add_alternative(_LAYOUT, subtype="html")
    house.post(mail)
    page = house.sit("greta")
    find(page, "Rims in a table")
    page.frame_locator("mail-frame iframe").locator("table").wait_for()

    sizes = page.frames[-1].evaluate(_SIZES)

    assert sizes["pictures"] == [[1, 9, "none"], [200, 60, "dashed"]]
    assert sizes["word"] < _AT_MOST_TWO_LINES
    expect(page.get_by_text("2 remote images are blocked")).to_be_visible()


def test_the_quarantine_shows_by_itself_what_comes(house: House) -> None:
    page = house.sit("tomasz")
    page.goto("/mail/quarantine")
    page.mouse.move(0, 0)
    rows = page.locator("desk-fresh tbody tr")
    known = rows.count()

    house.post(letter("Another very large drawing", "x" * 76 + "\n" + ("y" * 76 + "\n") * (LARGE // 77 + 10)))

    expect(rows).to_have_count(known + 1, timeout=90_000)
    expect(rows.first).to_contain_text("larger than this desk fetches")


def test_a_reason_is_opened_by_keys(house: House) -> None:
    house.post(letter("Why is this here", "Hello"))
    page = house.sit("greta")
    find(page, "Why is this here")

    page.locator("details.why > summary").first.focus()
    page.keyboard.press("Enter")

    expect(page.locator(".reasons")).to_contain_text("began a ticket of its own")
    assert house.complaints == []
