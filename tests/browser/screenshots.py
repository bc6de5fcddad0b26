"""`make screenshots`: the main states at two widths, light and dark, into screenshots/ (ignored)."""

import sys
from pathlib import Path
from typing import Final

from tests.browser.house import PHONE, WIDE, House, running_house
from tests.browser.states import STATES, State, prepare

ROOT: Final = Path(__file__).resolve().parents[2]
_SIZES: Final = {"1440": WIDE, "390": PHONE}
_SCHEMES: Final = ("light", "dark")


def main(wanted: list[str]) -> int:
    """Take the pictures of the states that are `wanted` by name, of all without names."""
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
            page.screenshot(path=folder / f"{state.name}-{width}-{scheme}.png")
        page.context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
