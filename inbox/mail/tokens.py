"""Reply tokens: the plus address and the line in the text by which an answer finds its ticket."""

import re
from collections.abc import Iterable, Iterator
from typing import Final
from uuid import UUID

from helpdesk.crypto.blind import check_reply_token, reply_token

REPLY: Final = "reply"
_PLUS: Final = re.compile(r"\+r\.(\d{1,18})\.([a-z2-7]{16})@", re.IGNORECASE)
_MARK: Final = re.compile(r"\bref:r\.(\d{1,18})\.([a-z2-7]{16})\b", re.IGNORECASE)
_READ_CHARS: Final = 200_000


def reply_address(address: str, number: int, ticket_id: UUID) -> str:
    """Return `address` with the ticket's token: desk+r.1001.abcd…@example.org."""
    local, _, domain = address.rpartition("@")
    return f"{local}+r.{number}.{reply_token(REPLY, number, ticket_id)}@{domain}"


def reply_mark(number: int, ticket_id: UUID) -> str:
    """Return the word that stands at the end of our mails, for servers that rewrite Message-IDs."""
    return f"ref:r.{number}.{reply_token(REPLY, number, ticket_id)}"


def claims_in_addresses(addresses: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield the (number, token) of each reply address among `addresses`, unproved."""
    for address in addresses:
        yield from _claims(_PLUS, address)


def claims_in_text(text: str) -> Iterator[tuple[int, str]]:
    """Yield the (number, token) of each mark in a text, unproved."""
    return _claims(_MARK, text[:_READ_CHARS])


def is_proved(token: str, number: int, ticket_id: UUID) -> bool:
    """Return whether the desk itself gave `token` out for this ticket."""
    return check_reply_token(token, kind=REPLY, number=number, id=ticket_id)


def _claims(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(text):
        yield int(match.group(1)), match.group(2).lower()
