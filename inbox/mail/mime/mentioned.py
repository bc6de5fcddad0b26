"""Addresses as they are mentioned in free text, in damaged headers and in X.400 forms."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final

from inbox.mail.mime.plain import clean_line

_ADDRESS: Final = re.compile(r"[^\s<>()\[\]\",;:`|@\\]{1,128}@[^\W_](?:[\w.-]{0,251}[^\W_])?")
_KIND: Final = re.compile(r"^(?:.*(?:smtp|rfc-?822)|mailto|to|address)=", re.IGNORECASE)
_PACKED: Final = re.compile(r"\bIMCEA(?:SMTP)?-([\w+-]{3,250})@", re.IGNORECASE)
_HEX: Final = re.compile(r"\+([0-9A-F]{2})")
_X400_AT: Final = re.compile(r"(rfc-?822=[\w.+-]{1,64})\(a\)", re.IGNORECASE)
_MOST: Final = 50
_AROUND: Final = 200


@dataclass(frozen=True, slots=True)
class Mention:
    """An address, and the words right before and behind it in its line."""

    address: str
    before: str
    behind: str


def mentions(line: str) -> Iterator[Mention]:
    """Yield the addresses of one line from left to right, the first fifty."""
    line = _X400_AT.sub(r"\1@", _PACKED.sub(_unpacked, line))
    for found in islice(_ADDRESS.finditer(line), _MOST):
        address = _KIND.sub("", found.group().strip("'.=*_"))
        local, at, domain = address.rpartition("@")
        if local and at and domain:
            yield Mention(
                f"{local}@{domain.lower()}",
                line[max(0, found.start() - _AROUND) : found.start()],
                line[found.end() : found.end() + _AROUND],
            )


def addresses_in(text: str) -> list[str]:
    """Return what looks like an address in a text, in order, each once."""
    return list(dict.fromkeys(mention.address for mention in mentions(clean_line(text))))


def _unpacked(found: re.Match[str]) -> str:
    """Return the address that Exchange packed into a name of its own: IMCEASMTP-kim+40example+2Eorg@…"""
    plain = _HEX.sub(lambda sign: chr(int(sign[1], 16)), found[1].upper().replace("%", "+"))
    return f"{plain.lower()} " if "@" in plain else found.group()
