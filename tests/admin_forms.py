"""What forms of the administration always send, and what they answer."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

_PARTS: Final = ("addresses", "acknowledgements", "opening_hours", "holidays")


Parts = Mapping[str, Sequence[Mapping[str, str]]]
_NONE: Final[Parts] = {}


def inbox_form(name: str, parts: Parts = _NONE, *, language: str = "en") -> dict[str, str]:
    """Return the form of an inbox with the new rows of its parts: {"addresses": [{"address": "..."}]}."""
    form = {"name": name, "language": language, "time_zone": "UTC"}
    for part in _PARTS:
        rows = parts.get(part, ())
        form |= {f"{part}-TOTAL_FORMS": str(len(rows)), f"{part}-INITIAL_FORMS": "0"}
        form |= {f"{part}-{place}-{key}": value for place, row in enumerate(rows) for key, value in row.items()}
    return form


def errors_in(page: str) -> str:
    """Return what a form's answer finds fault with, in one line."""
    found = re.findall(r'class="errorlist[^"]*"[^>]*>(.*?)</ul>', page, re.DOTALL)
    return re.sub(r"<[^>]+>|\s+", " ", " ".join(found))
