"""`make screenshots`: the main states at two widths, light and dark, into screenshots/ (ignored).

With the one word `docs`: the README's three pictures, of a demo that nobody has worked in, into docs/img/.
"""

import sys
from pathlib import Path
from typing import Final

from tests.browser.house import PHONE, WIDE, House, running_house
from tests.browser.reading import find
from tests.browser.states import STATES, State, prepare

ROOT: Final = Path(__file__).resolve().parents[2]
_SIZES: Final = {"1440": WIDE, "390": PHONE}
_README: Final = {"inbox": "Hairline crack below the saddle clamp", "hostile": "Action required: mailbox"}
_SCHEMES: Final = ("light", "dark")


def main(wanted: list[str]) -> int:
    """Take the pictures of the states that are `wanted` by name, of all without names."""
    if wanted == ["docs"]:
        return _documents(ROOT / "docs" / "img")
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    with running_house() as house:
        prepare(house)
        for state in STATES:
            if not wanted or state.name in wanted:
                _take(house, folder, state)
    sys.stdout.write(f"the pictures lie in {folder}\n")
    return 0


def _take(house: House, folder: Path, state: State) -> None:
    for width, size in _SIZES.items():
        page = state.show(house, viewport=size)
        for scheme in _SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(300)  # colours fade over
            page.screenshot(path=folder / f"{state.name}-{width}-{scheme}.png")
        page.context.close()


def _documents(folder: Path) -> int:
    folder.mkdir(exist_ok=True)
    with running_house() as house:
        page = house.sit("greta")
        for name, subject in _README.items():
            find(page, subject)
            page.wait_for_selector("#light[data-state=on]")
            page.mouse.move(0, 0)
            page.wait_for_timeout(1000)
            page.screenshot(path=folder / f"{name}.png")
        officer = house.sit("aisha")
        officer.goto("/audit/")
        officer.screenshot(path=folder / "audit.png")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
