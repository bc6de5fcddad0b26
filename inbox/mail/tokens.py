"""Reply tokens, by which an answer finds its ticket, and the marks by which the desk knows a mail of its own again."""

import base64
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final
from uuid import UUID

from helpdesk.crypto.blind import check_link_token, check_reply_token, link_token, reply_token

REPLY: Final = "reply"
"""The customer's side; its id is the ticket's."""
OTHER_PARTY: Final = "other_party"
"""Whoever a ticket was forwarded to; its id is that of the message which left."""
_LETTER: Final = {REPLY: "r", OTHER_PARTY: "o"}
_REST: Final = r"\.(\d{1,18})\.([a-z2-7]{16})"
_PLUS: Final = {kind: re.compile(rf"\+{letter}{_REST}@", re.IGNORECASE) for kind, letter in _LETTER.items()}
_MARK: Final = {kind: re.compile(rf"\bref:{letter}{_REST}\b", re.IGNORECASE) for kind, letter in _LETTER.items()}
_ANY: Final = re.compile(
    r"\[ref:[ro]\.\d{1,18}\.[a-z2-7]{16}\]|(?:\+|%2b|\bref:)[ro]\.\d{1,18}\.[a-z2-7]{16}", re.IGNORECASE
)
_LOOP: Final = re.compile(r"([0-9a-f]{32})\.([a-z2-7]{24})", re.IGNORECASE)
_BOUNCE: Final = "bounce"
_BOUNCE_WORD: Final = re.compile(r"(?:\+|\b)v\.([a-z2-7]{26})([a-z2-7]{16})(?:@|\b)", re.IGNORECASE)
_LONGEST_LOCAL: Final = 64
_READ_CHARS: Final = 200_000
_MOST_CLAIMS: Final = 20
"""Each claim costs a look into the database, and a mail may hold thousands."""


def loop_mark(mail_id: UUID) -> str:
    """Return what stands in X-Postern-Loop of an outgoing mail: its id and a proof that this desk wrote it."""
    return f"{mail_id.hex}.{link_token('loop', mail_id)}"


def mail_of_mark(mark: str) -> UUID | None:
    """Return the id of the outgoing mail of this desk that a mark stands for, None for any other text."""
    found = _LOOP.fullmatch(mark.strip())
    if found is None:
        return None
    mail_id = UUID(found[1])
    return mail_id if check_link_token(found[2], kind="loop", id=mail_id) else None


def bounce_word(mail_id: UUID) -> str:
    """Return what names an outgoing mail to the servers on its way, proved: its envelope id (RFC 3461 4.4)."""
    packed = base64.b32encode(mail_id.bytes).decode("ascii").rstrip("=").lower()
    return f"v.{packed}{reply_token(_BOUNCE, 0, mail_id)}"


def bounce_address(address: str, mail_id: UUID) -> str:
    """Return the envelope sender of an outgoing mail: bounces of it come to desk+v.…@example.org.

    `address` as it is where that would be longer than a local part may be (RFC 5321 4.5.3.1.1).
    """
    marked = _plus(address, bounce_word(mail_id))
    return address if len(marked.rpartition("@")[0]) > _LONGEST_LOCAL else marked


def mails_of_bounce(texts: Iterable[str]) -> Iterator[UUID]:
    """Yield the ids of the outgoing mails of this desk that bounce words in `texts` name, the proved ones alone."""
    for text in texts:
        for found in _BOUNCE_WORD.finditer(text[: _LONGEST_LOCAL * 8]):
            mail_id = UUID(bytes=base64.b32decode(f"{found[1].upper()}======"))
            if check_reply_token(found[2], kind=_BOUNCE, number=0, id=mail_id):
                yield mail_id


def reply_address(address: str, number: int, ticket_id: UUID) -> str:
    """Return `address` with the ticket's token: desk+r.1001.abcd…@example.org."""
    return _plus(address, f"r.{number}.{reply_token(REPLY, number, ticket_id)}")


def reply_mark(number: int, ticket_id: UUID) -> str:
    """Return the word that stands at the end of our mails, for servers that rewrite Message-IDs."""
    return f"ref:r.{number}.{reply_token(REPLY, number, ticket_id)}"


def party_address(address: str, number: int, message_id: UUID) -> str:
    """Return `address` with the token by which the answer of another party finds the message that it got from us."""
    return _plus(address, f"o.{number}.{reply_token(OTHER_PARTY, number, message_id)}")


def party_mark(number: int, message_id: UUID) -> str:
    """Return the word that stands at the end of what another party gets."""
    return f"ref:o.{number}.{reply_token(OTHER_PARTY, number, message_id)}"


def claims_in_addresses(addresses: Iterable[str], *, kind: str = REPLY) -> Sequence[tuple[int, str]]:
    """Return the (number, token) of the first reply addresses of that kind among `addresses`, unproved."""
    return _first(claim for address in addresses for claim in _claims(_PLUS[kind], address))


def claims_in_text(text: str, *, kind: str = REPLY) -> Sequence[tuple[int, str]]:
    """Return the (number, token) of the first marks of that kind in a text, unproved."""
    return _first(_claims(_MARK[kind], text[:_READ_CHARS]))


def is_proved(token: str, number: int, ticket_id: UUID) -> bool:
    """Return whether the desk itself gave `token` out for this ticket."""
    return check_reply_token(token, kind=REPLY, number=number, id=ticket_id)


def is_partys(token: str, number: int, message_id: UUID) -> bool:
    """Return whether the desk gave `token` out with this message to another party."""
    return check_reply_token(token, kind=OTHER_PARTY, number=number, id=message_id)


def without_tokens(text: str) -> str:
    """Return a text without any reply token: what goes to one party must not let it write in the name of another."""
    return _ANY.sub("", text)


def _plus(address: str, token: str) -> str:
    local, _, domain = address.rpartition("@")
    return f"{local}+{token}@{domain}"


def _first(claims: Iterable[tuple[int, str]]) -> Sequence[tuple[int, str]]:
    return list(dict.fromkeys(claims))[:_MOST_CLAIMS]


def _claims(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, str]]:
    for match in pattern.finditer(text):
        yield int(match.group(1)), match.group(2).lower()
