"""What tests look at on the pages: rows, the ticket that is open, words that pass by."""

from playwright.sync_api import Page, expect


def numbers(page: Page) -> list[str]:
    """Return the numbers of the rows as they stand."""
    found: list[str] = page.locator("#rows .row").evaluate_all("rows => rows.map(row => row.dataset.number)")
    return found


def current(page: Page) -> str:
    """Return the number of the open ticket."""
    return page.locator(".conversation").get_attribute("data-number") or ""


def opened(page: Page, number: str) -> None:
    """Wait for a ticket to be open."""
    expect(page.locator(f".conversation[data-number='{number}']")).to_be_visible()


def press_away(page: Page, key: str) -> str:
    """Press a key that takes the open ticket out of the list; return its number when the next one is open."""
    number = current(page)
    page.keyboard.press(key)
    expect(page.locator(f"#row-{number}")).to_have_count(0)
    expect(page.locator(f".conversation:not([data-number='{number}'])")).to_be_visible()
    return number


def said(page: Page, words: str) -> None:
    """Wait for words at the bottom of the page."""
    expect(page.locator("#toasts", has_text=words)).to_be_visible()


def find(page: Page, subject: str) -> str:
    """Open the ticket of that subject from the list of all open ones; return its number."""
    for _ in range(15):
        page.goto("/?folder=open")
        row = page.locator("#rows .row", has_text=subject).first
        if row.count():
            number = row.get_attribute("data-number") or ""
            row.locator(".open").click()
            opened(page, number)
            return number
        page.wait_for_timeout(2000)
    raise AssertionError(f"no ticket {subject!r} in the list")
