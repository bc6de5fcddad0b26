"""Find the ticket that a mail answers: the order of trust, strongest sign first."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from uuid import UUID

from django.db.models import Q

from helpdesk.crypto.blind import blind
from inbox.contacts.services.identify import address_blind
from inbox.inboxes.models import Inbox
from inbox.mail import tokens
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import OutboundMail
from inbox.tickets.models import Message, Participant, Ticket
from inbox.tickets.states import Direction

_FORWARDS_TRIED = 100
_SUBJECT_NUMBER = re.compile(r"\[#(\d{1,18})\]")


class Reason(StrEnum):
    """Why a mail landed where it did."""

    TOKEN = "reply_token"  # noqa: S105 - a reason's code, no password
    OUR_ID = "answers_our_mail"
    THEIR_ID = "answers_earlier_mail"
    MARK = "mark_in_text"
    NUMBER = "number_in_subject"
    NEW = "new"
    REPORT = "reports_on_our_mail"
    STRAY_REPORT = "reports_on_no_mail_of_ours"
    SYSTEM_MAIL = "answers_system_mail"


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a mail belongs: `ticket` None means a new one. `answers_id` is the message that it replies to.

    `proved` is true when the mail cites a secret of ours; otherwise only its From speaks for it. `other_party` is true
    when it belongs to the talk with somebody whom the ticket was forwarded to, and not to that with the customer.
    """

    ticket: Ticket | None
    reason: Reason
    answers_id: UUID | None = None
    proved: bool = False
    participant: bool = False
    other_party: bool = False


def find_ticket(mail: ParsedMail, inbox: Inbox, *, others: frozenset[UUID] = frozenset()) -> Thread:
    """Return where `mail`, received in `inbox`, belongs. `others` are the inboxes that get a copy of their own.

    A ticket in the bin takes no mail, and a ticket of one of the others takes their copy. By From alone a mail attaches
    only when From can be read in one way and its address takes part in the ticket already.
    """
    for found in _candidates(mail, inbox):
        ticket = found.ticket
        if ticket is None or ticket.deleted_at is not None or ticket.inbox_id in others:
            continue
        belonging = _belonging(found, mail, ticket)
        if belonging.proved or belonging.participant:
            return belonging
    return Thread(None, Reason.NEW)


def _belonging(found: Thread, mail: ParsedMail, ticket: Ticket) -> Thread:
    """Return `found` with what its sender is on the ticket.

    Whoever takes part as another party alone stays one, whatever the mail cites: else the customer would be quoted
    what a supplier wrote.
    """
    if _takes_part(mail, ticket, other_party=found.other_party):
        return replace(found, participant=True)
    if found.other_party or not _takes_part(mail, ticket, other_party=True):
        return found
    asked = _asked(mail, ticket)
    return replace(found, answers_id=asked or found.answers_id, participant=True, other_party=True)


def _candidates(mail: ParsedMail, inbox: Inbox) -> Iterator[Thread]:
    recipients = [*mail.delivered_to, *(row.address for row in (*mail.to, *mail.cc))]
    yield from _by_party_token(tokens.claims_in_addresses(recipients, kind=tokens.OTHER_PARTY), Reason.TOKEN)
    yield from _by_token(tokens.claims_in_addresses(recipients), Reason.TOKEN)
    cited = [*mail.in_reply_to, *reversed(mail.references)]
    if cited:
        order = {blind("header_id", header_id): place for place, header_id in reversed(list(enumerate(cited)))}
        yield from _by_our_id(order, inbox)
        yield from _by_their_id(order, inbox)
    yield from _by_party_token(tokens.claims_in_text(mail.text, kind=tokens.OTHER_PARTY), Reason.MARK)
    yield from _by_token(tokens.claims_in_text(mail.text), Reason.MARK)
    match = _SUBJECT_NUMBER.search(mail.subject)
    if match:
        yield Thread(Ticket.objects.filter(number=int(match.group(1)), inbox=inbox).first(), Reason.NUMBER)


def _by_token(claims: Iterable[tuple[int, str]], reason: Reason) -> Iterator[Thread]:
    for number, token in claims:
        ticket = Ticket.objects.filter(number=number).first()
        if ticket is not None and tokens.is_proved(token, number, ticket.pk):
            yield Thread(ticket, reason, proved=True)


def _by_party_token(claims: Iterable[tuple[int, str]], reason: Reason) -> Iterator[Thread]:
    for number, token in claims:
        sent = Message.objects.filter(ticket__number=number, direction=Direction.OUTBOUND, other_party=True)
        for message in sent.select_related("ticket").order_by("-at")[:_FORWARDS_TRIED]:
            if tokens.is_partys(token, number, message.pk):
                yield Thread(message.ticket, reason, message.pk, proved=True, other_party=True)


def _by_our_id(order: dict[bytes, int], inbox: Inbox) -> Iterator[Thread]:
    ours = Q(message__isnull=False) | Q(acknowledged__isnull=False)
    rows = OutboundMail.objects.filter(ours, header_blind__in=order, inbox=inbox)
    rows = rows.select_related("message__ticket", "acknowledged__ticket")
    for row in sorted(rows, key=lambda each: order[bytes(each.header_blind)]):
        if row.message is None:
            yield Thread(row.acknowledged.ticket, Reason.OUR_ID, proved=True)
        else:
            party = row.message.other_party
            yield Thread(row.message.ticket, Reason.OUR_ID, row.message_id, proved=True, other_party=party)


def _by_their_id(order: dict[bytes, int], inbox: Inbox) -> Iterator[Thread]:
    rows = Message.objects.filter(header_blind__in=order, direction=Direction.INBOUND, ticket__inbox=inbox)
    known = [row for row in rows.select_related("ticket") if row.header_blind is not None]
    for row in sorted(known, key=lambda each: order[bytes(each.header_blind or b"")]):
        yield Thread(row.ticket, Reason.THEIR_ID, row.pk, other_party=row.other_party)


def _takes_part(mail: ParsedMail, ticket: Ticket, *, other_party: bool) -> bool:
    """Return whether the sender takes part in the talk with the customer, or in that with another party."""
    if mail.from_ is None or mail.sender_doubt:
        return False
    # Whom an unverified mail names takes no part: else a forged one would let its writer in with the next.
    named = Participant.objects.filter(ticket=ticket, message__unverified_sender=False)
    return named.filter(blind=address_blind(mail.from_.address), message__other_party=other_party).exists()


def _asked(mail: ParsedMail, ticket: Ticket) -> UUID | None:
    """Return the newest mail of ours that went to the sender as another party."""
    key = address_blind(mail.from_.address) if mail.from_ else b""
    sent = Message.objects.filter(ticket=ticket, direction=Direction.OUTBOUND, other_party=True)
    newest = sent.filter(participants__blind=key).order_by("-at").first()
    return newest.pk if newest else None
