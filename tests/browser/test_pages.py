"""Every page and main state: accessible in light and dark, whole at 320 px, quiet, its focus in sight."""

from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Page

from tests.browser.house import House
from tests.browser.states import STATES, State, prepare

pytestmark = pytest.mark.browser

_AXE = (Path(__file__).parent / "vendor" / "axe.min.js").read_text(encoding="utf-8")
_RUN = """async () => {
  const { violations } = await axe.run(document, { iframes: false, resultTypes: ["violations"] });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 160)).join(" | ")}`);
}"""
_UNSEEN = """() => {
  const node = document.activeElement;
  if (node === document.body || node.tagName === "IFRAME") return [];
  const drawn = ({ outlineStyle, boxShadow }) => outlineStyle !== "none" || boxShadow !== "none";
  const marked = (one) => one && drawn(getComputedStyle(one));
  return marked(node) || marked(node.closest("label, form, .row")) ? [] : [node.outerHTML.slice(0, 160)];
}"""
_WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module", autouse=True)
def _prepared(running: House) -> None:
    prepare(running)


def _violations(page: Page, scheme: Literal["light", "dark"]) -> list[str]:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.wait_for_timeout(250)  # the admin's colours fade over
    found: list[str] = page.evaluate(_RUN)
    return [f"{scheme} {line}" for line in found]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.name)
def test_state_is_accessible_and_fits(house: House, state: State) -> None:
    page = state.show(house)
    house.forgive("404")
    assert house.complaints == []

    page.evaluate(_AXE)
    found = [*_violations(page, "light"), *_violations(page, "dark")]
    page.set_viewport_size({"width": 320, "height": 640})
    wider = page.evaluate(_WIDER)
    house.forgive("Applying inline style")  # axe's own, beside the page's

    assert (found, wider) == ([], 0)


def test_focus_is_always_in_sight(house: House) -> None:
    page = house.sit("greta")
    page.goto("/?folder=open")
    page.locator("#rows .row .open").first.click()
    page.locator(".conversation").wait_for()
    page.evaluate("document.body.focus(); document.activeElement.blur()")

    unseen = []
    for _ in range(40):
        page.keyboard.press("Tab")
        unseen += page.evaluate(_UNSEEN)

    assert unseen == []
