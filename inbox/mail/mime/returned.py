"""The mail that came back inside a report: its Message-IDs, its recipients, and what else names it as ours."""

import re
from dataclasses import dataclass, field
from typing import Final

from inbox.mail.mime.bounce_fields import content_of, every_part
from inbox.mail.mime.headers import Headers, read_headers
from inbox.mail.mime.ids import one_id
from inbox.mail.mime.mentioned import addresses_in
from inbox.mail.mime.parts import Part
from inbox.mail.mime.plain import clean_line

_RETURNED_TYPES: Final = {
    "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers",
    "message/global-headers", "text/rfc822", "message/partial",
}  # fmt: skip
_ID_LINE: Final = re.compile(
    r"^[>\t ]{0,8}(?:X-Original-|X-)?Message-ID\s?:[ \t]{0,8}(\S{1,250})", re.IGNORECASE | re.MULTILINE
)
_LOOP_LINE: Final = re.compile(r"^[>\t ]{0,8}X-Postern-Loop:[ \t]{0,8}(\S{1,100})", re.IGNORECASE | re.MULTILINE)
_TO_LINE: Final = re.compile(r"^[>\t ]{0,8}To\s?:([^\n]{1,1000})", re.IGNORECASE | re.MULTILINE)
_READ_CHARS: Final = 256 * 1024
_MAX: Final = 20


@dataclass(slots=True)
class Returned:
    """What a report holds of the mail that it is about. `claims` may name a mail of this desk, unproved."""

    ids: list[str] = field(default_factory=list)
    to: list[str] = field(default_factory=list)
    found: list[str] = field(default_factory=list)

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims once each."""
        return tuple(dict.fromkeys(self.found))[:_MAX]


def read_returned(top: Part, data: bytes, text: str) -> Returned:
    """Return what came back of the mail: from parts that hold it, else from a copy inside the words."""
    returned = Returned()
    for part in every_part(top)[1:]:
        if part.mime_type in _RETURNED_TYPES:
            content = content_of(part, data).lstrip(b"\r\n")
            _take(read_headers(content, 0, len(content))[0], returned)
        elif part.headers.first("message-id") and (part.headers.first("received") or part.headers.first("from")):
            _take(part.headers, returned)  # the mail itself stands where a part should, its headers as the part's
        elif part.mime_type.endswith("delivery-status"):
            _envelope_id(content_of(part, data), returned)
    _from_text(text[:_READ_CHARS], returned)
    return returned


def _take(headers: Headers, returned: Returned) -> None:
    for raw in headers.all("message-id")[:_MAX]:
        if header_id := one_id(raw):
            returned.ids.append(header_id)
    returned.found += [clean_line(raw.decode("latin-1")) for raw in headers.all("x-postern-loop")[:_MAX]]
    for raw in headers.all("to")[:_MAX]:
        returned.to += addresses_in(raw.decode("latin-1"))


def _envelope_id(content: bytes, returned: Returned) -> None:
    headers, _ = read_headers(content, 0, len(content))
    if told := headers.text("original-envelope-id"):
        returned.found.append(told[:100])


def _from_text(text: str, returned: Returned) -> None:
    lines = [found[1] for found in _ID_LINE.finditer(text)][:_MAX]
    returned.ids += [one_id(line.encode()) for line in lines]
    returned.found += [found[1] for found in _LOOP_LINE.finditer(text)][:_MAX]
    if not returned.to:
        returned.to += [each for found in _TO_LINE.finditer(text) for each in addresses_in(found[1])][:_MAX]
