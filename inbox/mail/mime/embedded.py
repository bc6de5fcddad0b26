"""Pictures that stand in the HTML itself (RFC 2397 `data:` addresses): taken out, to be files that the HTML shows."""

import re
from dataclasses import dataclass

from inbox.mail.mime.names import made_up_name
from inbox.mail.mime.pictures import picture_type
from inbox.mail.mime.transfer import base64_bytes

_DATA = re.compile(
    r"(\bsrc\s{0,9}=\s{0,9})(?:\"data:image/[\w.+-]{1,30};base64,([^\"]*)\"|'data:image/[\w.+-]{1,30};base64,([^']*)')",
    re.IGNORECASE,
)
_MOST_PICTURES = 100
_MAX_CHARS = 30_000_000


@dataclass(frozen=True, slots=True)
class Embedded:
    """A picture that was taken out: its name, type and bare Content-ID, all made up, and its bytes."""

    name: str
    content_type: str
    content_id: str
    data: bytes


def without_data(html: str, *, mark: str) -> tuple[str, list[Embedded]]:
    """Return `html` with `cid:` addresses for its embedded pictures, and those; what is no picture stays.

    `mark` makes the addresses of one part differ from those of any other.
    """
    found: list[Embedded] = []

    def replaced(match: re.Match[str]) -> str:
        data = (
            base64_bytes((match[2] or match[3] or "").encode("ascii", "ignore")) if len(found) < _MOST_PICTURES else b""
        )
        kind = picture_type(data)
        if not kind:
            return match[0]
        number = len(found) + 1
        found.append(Embedded(made_up_name(kind, number), kind, f"{mark}-{number}", data))
        return f'{match[1]}"cid:{mark}-{number}"'

    if "base64," not in html or len(html) > _MAX_CHARS:
        return html, []
    return _DATA.sub(replaced, html), found
