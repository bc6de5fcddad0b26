"""Talk with another party: whom an answer to it goes to, and never the customer."""

from collections.abc import Iterable

from helpdesk.core.context import Purpose, purpose
from inbox.contacts.services.identify import address_blind
from inbox.mail.send.outbox import REFERENCES_KEPT, header_id_of
from inbox.mail.send.recipients import Recipient, Suggestion, where_to, without
from inbox.tickets.models import Message, Participant
from inbox.tickets.opening.people import readable
from inbox.tickets.states import Direction, Part


def suggest_party(message: Message, *, own: frozenset[str]) -> Suggestion:
    """Return who an answer to `message`, one of another party or to it, goes to: that party alone.

    Its other recipients are offered, unticked; whoever takes part in the talk with the customer is only named. The
    caller may see the ticket; nothing is recorded.
    """
    ticket = message.ticket
    parts: dict[Part, list[Recipient]] = {part: [] for part in Part}
    with purpose(Purpose.SYSTEM):
        for row in Participant.objects.filter(message=message):
            parts[Part(row.part)].append(Recipient(readable(ticket, row, "name"), readable(ticket, row, "address")))
    to, elsewhere = _where_to(message, parts) if message.direction == Direction.INBOUND else (parts[Part.TO], "")
    to = without(to, own)
    named = frozenset(recipient.address.casefold() for recipient in to)
    beside = without([*parts[Part.FROM], *parts[Part.TO], *parts[Part.CC]], own | named)
    customers = _customers(message, beside)
    cc = [recipient for recipient in beside if recipient.address not in customers]
    dropped = [recipient for recipient in beside if recipient.address in customers]
    return Suggestion(message.pk, tuple(to), tuple(cc), tuple(dropped), elsewhere)


def chain_of(message: Message) -> tuple[str, list[str]]:
    """Return the Message-ID that an answer to `message` cites, and the References: those of this talk alone."""
    ids: list[str] = []
    at: Message | None = message
    with purpose(Purpose.SYSTEM):
        while at is not None and at.other_party and len(ids) < REFERENCES_KEPT:
            header_id = header_id_of(at)
            ids += [header_id] if header_id and header_id not in ids else []
            at = Message.objects.filter(pk=at.answers_id).first() if at.answers_id else None
    return (ids[0] if ids else ""), ids[::-1]


def _where_to(message: Message, parts: dict[Part, list[Recipient]]) -> tuple[list[Recipient], str]:
    """Return who an answer goes to, and the Reply-To that is not followed: one must not lead to the customer."""
    wanted = parts[Part.REPLY_TO]
    if parts[Part.FROM] and _customers(message, wanted):
        return parts[Part.FROM], ", ".join(row.address for row in wanted)
    return where_to(parts)


def _customers(message: Message, recipients: Iterable[Recipient]) -> frozenset[str]:
    """Return those of the addresses that take part in the talk with the customer."""
    keys = {address_blind(recipient.address): recipient.address for recipient in recipients}
    known = Participant.objects.filter(ticket=message.ticket_id, message__other_party=False, blind__in=list(keys))
    return frozenset(keys[bytes(blind)] for blind in known.values_list("blind", flat=True))
