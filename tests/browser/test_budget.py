"""What a page costs whoever waits for it: bytes over the wire, requests, shifting, and the time to answer a key."""

import pytest
from playwright.sync_api import Page

from tests.browser.house import House

pytestmark = pytest.mark.browser

_SHIFT = """() => new Promise((resolve) => {
  let sum = 0;
  new PerformanceObserver((list) => { for (const entry of list.getEntries()) sum += entry.value; })
    .observe({ type: "layout-shift", buffered: true });
  setTimeout(() => resolve(sum), 300);
})"""
_WATCH = """() => {
  window.waits = [];
  new PerformanceObserver((list) => { for (const { duration } of list.getEntries()) window.waits.push(duration); })
    .observe({ type: "event", durationThreshold: 16, buffered: true });
}"""


class Wire:
    """Counts what comes over the wire into a page: bytes with headers by kind, and requests."""

    def __init__(self, page: Page) -> None:
        self.sizes: dict[str, float] = {}
        self.kinds: dict[str, str] = {}
        session = page.context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.responseReceived", lambda event: self.kinds.update({event["requestId"]: event["type"]}))
        session.on("Network.loadingFinished", self._finished)

    def _finished(self, event: dict[str, object]) -> None:
        size = event["encodedDataLength"]
        assert isinstance(size, int | float)
        if size:
            self.sizes[str(event["requestId"])] = float(size)

    @property
    def total(self) -> float:
        """Return all bytes."""
        return sum(self.sizes.values())

    def of(self, kind: str) -> float:
        """Return the bytes of one kind ("Document", "Script", "Stylesheet", "Image")."""
        return sum(size for request, size in self.sizes.items() if self.kinds.get(request) == kind)


def test_first_visit_is_light_and_stands_still(house: House) -> None:
    page = house.sit("greta")
    wire = Wire(page)

    page.goto("/?folder=open")
    page.wait_for_selector("#light[data-state=on]")
    shift = page.evaluate(_SHIFT)
    # Pages with customers' words are not compressed: their size would tell of them (BREACH). Files are.
    first, requests, files = wire.total, len(wire.sizes), wire.total - wire.of("Document")
    page.goto("/?folder=open")
    page.wait_for_selector("#light[data-state=on]")

    assert requests <= 16
    assert files <= 45_000
    assert wire.total - first - (wire.of("Document") - (first - files)) <= 1_000
    assert shift <= 0.1


def test_keys_are_answered_at_once(house: House) -> None:
    page = house.sit("greta")
    page.goto("/?folder=open")
    page.wait_for_selector("#light[data-state=on]")
    page.evaluate(_WATCH)

    for _ in range(30):
        page.keyboard.press("j")
        page.wait_for_timeout(40)
    page.wait_for_timeout(300)
    waits = sorted(page.evaluate("window.waits"))

    assert len([wait for wait in waits if wait > 100]) <= len(waits) * 0.02
