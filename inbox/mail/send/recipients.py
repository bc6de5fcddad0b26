"""Who gets an answer: whoever wrote, or their Reply-To in the same domain; never an address of the desk."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from email_validator import EmailNotValidError, validate_email

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import Ready, Slot
from inbox.mail.errors import NoRecipient, WrongAddress
from inbox.tickets.models import Message, Participant, Ticket
from inbox.tickets.opening.people import readable
from inbox.tickets.states import Direction, Part

_READ: Final = 200
"""Addresses looked at: those of the newest messages."""
_NEEDED: Final = ("ticket_id", "message_id", "part", "name", "address")
_OF_MESSAGE: Final = ("direction", "machine", "unverified_sender", "contact_id", "at")
_NEWEST: Final = Ready(
    lambda: (
        # Whom a ticket was forwarded to gets no answer that is meant for the customer.
        Participant.objects.filter(ticket=Slot("ticket"), message__other_party=False)
        .select_related("message")
        .only(*_NEEDED, *(f"message__{name}" for name in _OF_MESSAGE))
        .order_by("-message__at", "-message_id", "position")[:_READ]
    )
)
_OWN: Final = """
SELECT address FROM inboxes_inboxaddress UNION ALL SELECT imap_user FROM mail_mailbox WHERE imap_user LIKE %s"""
_ODD_DOTS: Final = re.compile(r"^\.[^\s\"@]*@|^[^\s\"@]*\.[.@][^\s\"]*$")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who gets a mail."""

    name: str
    address: str

    def as_pair(self) -> list[str]:
        """Return [name, address], as an envelope keeps it."""
        return [self.name, self.address]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Who an answer goes to, worked out from the message being answered.

    `cc` are offered, unticked; `dropped` took part earlier and are named only. `elsewhere` is the Reply-To that was
    not followed because its domain is not the sender's, "" when there is none.
    """

    answers_id: UUID | None
    to: tuple[Recipient, ...]
    cc: tuple[Recipient, ...]
    dropped: tuple[Recipient, ...]
    elsewhere: str = ""


def suggest(ticket: Ticket, *, own: frozenset[str] | None = None) -> Suggestion:
    """Return who an answer on `ticket` goes to: it answers the newest message that came in, else repeats the last sent.

    A machine's mail, and one of somebody who was no part of the ticket, is answered only when there is no other: such
    a stranger is named among the dropped, and so is whoever only mails of unverified senders name. `own`
    are the desk's own addresses, asked for when None. The caller may see the ticket; nothing is recorded.
    """
    rows = _newest_participants(ticket)
    answered = _answered([row.message for row in rows])
    if answered is None:
        return Suggestion(None, (), (), ())
    own = own_addresses() if own is None else own
    with purpose(Purpose.SYSTEM):
        parts = _parts_of(ticket, _all_of(answered, rows))
        if answered.unverified_sender:
            parts = _known_alone(ticket, parts, rows)
        earlier = [_recipient(ticket, row) for row in rows if row.part != Part.BCC]
    if answered.direction == Direction.OUTBOUND:
        to, elsewhere = parts[Part.TO], ""
        rest = parts[Part.CC]
    else:
        to, elsewhere = where_to(parts)
        rest = [*parts[Part.TO], *parts[Part.CC]]
    to = without(to, own)
    cc = without(rest, own | _keys(to))
    # A sender who asks for answers elsewhere is not left out: they go there, or the page says that they do not.
    asked = _keys(parts[Part.FROM]) | _keys(parts[Part.REPLY_TO])
    dropped = without(earlier, own | _keys(to) | _keys(cc) | asked)
    return Suggestion(answered.pk, tuple(to), tuple(cc), tuple(dropped), elsewhere)


def checked(recipients: Iterable[Recipient], *, own: frozenset[str]) -> list[Recipient]:
    """Return the recipients once each, without the desk's `own` addresses. Raises WrongAddress."""
    return without([_valid(recipient) for recipient in recipients], own)


def copied(cc: Iterable[Recipient], *, own: frozenset[str], besides: Sequence[Recipient]) -> list[Recipient]:
    """Return the recipients of a copy, `checked`, without those `besides`, who get the mail. Raises WrongAddress."""
    getting = _keys(besides)
    return [recipient for recipient in checked(cc, own=own) if recipient.address.casefold() not in getting]


def require_somebody(to: Sequence[Recipient]) -> None:
    """Raise NoRecipient when nobody would get the mail."""
    if not to:
        raise NoRecipient("nobody is left to send to")


def where_to(parts: dict[Part, list[Recipient]]) -> tuple[list[Recipient], str]:
    """Return who an answer goes to, and the Reply-To that is not followed, "" when there is none."""
    sender, reply_to = parts[Part.FROM], parts[Part.REPLY_TO]
    if not reply_to:
        return sender, ""
    if not sender or {_domain(row) for row in reply_to} == {_domain(row) for row in sender}:
        return reply_to, ""
    return sender, ", ".join(row.address for row in reply_to)


def without(recipients: Iterable[Recipient], left_out: frozenset[str]) -> list[Recipient]:
    """Return the recipients once each, without those `left_out` (in lower case; a plus part does not count)."""
    kept: dict[str, Recipient] = {}
    for recipient in recipients:
        key = recipient.address.casefold()
        if "@" in key and not is_own(key, left_out):
            kept.setdefault(key, recipient)
    return list(kept.values())


def own_addresses() -> frozenset[str]:
    """Return the desk's own addresses in lower case: those of its inboxes, and those its mailboxes sign in with."""
    with connection.cursor() as cursor:
        cursor.execute(_OWN, ["%@%"])
        return frozenset(address.casefold() for (address,) in cursor.fetchall())


def is_own(address: str, own: frozenset[str]) -> bool:
    """Return whether `address` is one of `own`, with or without a plus part."""
    local, at, domain = address.casefold().rpartition("@")
    return address.casefold() in own or f"{local.partition('+')[0]}{at}{domain}" in own


def _newest_participants(ticket: Ticket) -> list[Participant]:
    """Return the addresses of the newest messages, the newest message first, each with what its choice needs."""
    return _NEWEST.rows(ticket=ticket.pk)


def _all_of(answered: Message, rows: Sequence[Participant]) -> Sequence[Participant]:
    """Return every address of one message: the rows at hand may have been cut in the middle of it."""
    if len(rows) == _READ:
        return list(Participant.objects.filter(message=answered))
    return [row for row in rows if row.message_id == answered.pk]


def _answered(newest: Sequence[Message]) -> Message | None:
    came = [message for message in newest if message.direction == Direction.INBOUND]
    known = [message for message in came if not message.machine and message.contact_id is not None]
    sent = [message for message in newest if message.direction == Direction.OUTBOUND]
    return next(iter([*known[:1], *came[:1], *sent[:1]]), None)


def _parts_of(ticket: Ticket, rows: Sequence[Participant]) -> dict[Part, list[Recipient]]:
    parts: dict[Part, list[Recipient]] = {part: [] for part in Part}
    for row in rows:
        parts[Part(row.part)].append(_recipient(ticket, row))
    return parts


def _known_alone(
    ticket: Ticket, parts: dict[Part, list[Recipient]], rows: Sequence[Participant]
) -> dict[Part, list[Recipient]]:
    """Return `parts` with its sender and with those alone whom a mail of a known sender, or one of ours, names too."""
    known = _keys(_recipient(ticket, row) for row in rows if not row.message.unverified_sender)
    return {
        part: named if part == Part.FROM else [each for each in named if each.address.casefold() in known]
        for part, named in parts.items()
    }


def _recipient(ticket: Ticket, row: Participant) -> Recipient:
    return Recipient(readable(ticket, row, "name"), readable(ticket, row, "address"))


def _domain(recipient: Recipient) -> str:
    return recipient.address.rpartition("@")[2].lower()  # casefold would make ß and ss one domain


def _keys(recipients: Iterable[Recipient]) -> frozenset[str]:
    return frozenset(recipient.address.casefold() for recipient in recipients)


def _valid(recipient: Recipient) -> Recipient:
    address = recipient.address
    if _ODD_DOTS.search(address):
        # Some providers gave out addresses like a..b.@example.org: in quotes they are right (RFC 5321 4.1.2).
        local, _, domain = address.rpartition("@")
        address = f'"{local}"@{domain}'
    try:
        found = validate_email(address, check_deliverability=False, test_environment=True, allow_quoted_local=True)
    except EmailNotValidError as error:
        raise WrongAddress("one of the addresses is not complete") from error
    return Recipient(" ".join(recipient.name.split()), found.normalized)
