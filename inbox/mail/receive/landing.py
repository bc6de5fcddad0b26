"""Land a mail in one inbox: a message of the ticket that it answers, or a ticket of its own."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from django.utils import timezone, translation
from django.utils.translation import gettext

from audit.actions import Action
from audit.models import Entry
from audit.record import record
from helpdesk.core.context import ActorKind
from helpdesk.core.ids import new_id
from helpdesk.core.killpoints import reached
from helpdesk.crypto.keyring import Owner, OwnerKind, make_key
from inbox.contacts.models import Contact
from inbox.contacts.services.identify import identify
from inbox.contacts.services.reach import heard_from
from inbox.inboxes.models import Inbox
from inbox.mail.mime.machine import answers_by_itself
from inbox.mail.mime.parsed import Address, ParsedMail
from inbox.mail.models import RawMail
from inbox.mail.receive.attach import write_files, write_raw_as_file
from inbox.mail.receive.bounce import Report, keep_report
from inbox.mail.receive.extras import extras_of
from inbox.mail.receive.judge import FROM_DESK, Judgement
from inbox.mail.receive.thread import Thread, find_ticket
from inbox.mail.states import KillPoint, Verdict
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.append import NewAttachment, NewMessage, NewParticipant, append_message, append_quietly
from inbox.tickets.services.open import NewTicket, open_ticket
from inbox.tickets.states import Direction, Part, State

_REOPENINGS_AN_HOUR = 3


@dataclass(frozen=True, slots=True)
class Incoming:
    """A mail that was read and judged, on its way into one inbox."""

    raw: RawMail
    inbox: Inbox
    mail: ParsedMail
    judgement: Judgement
    others: frozenset[UUID] = frozenset()
    """The other inboxes that it lands in: their tickets are theirs."""


@dataclass(frozen=True, slots=True)
class Landed:
    """The message that a mail became, None for a report on mail of ours, and why it landed there."""

    message: Message | None
    reason: str


def land(incoming: Incoming) -> Landed:
    """Write the mail as a message in its inbox, or keep what a machine reports in it. Runs in the caller's transaction.

    An answer that a mailbox gives by itself is a note on its ticket: it wakes nobody.
    """
    report = keep_report(Report(incoming.raw, incoming.inbox, incoming.mail))
    if report is not None:
        return Landed(None, report)
    _hear(incoming)
    thread = find_ticket(incoming.mail, incoming.inbox, others=incoming.others)
    if thread.ticket is None:
        return Landed(_open(incoming), thread.reason)
    files = write_files(thread.ticket.pk, incoming.mail.attachments)
    reached(KillPoint.FILES_WRITTEN)
    contact = _contact(incoming) if thread.participant else None
    new = _message(incoming, files=files, contact=contact, thread=thread)
    if incoming.judgement.verdict == Verdict.MUTE and answers_by_itself(incoming.judgement.reason):
        return Landed(append_quietly(thread.ticket, _as_note(new)), thread.reason)
    reopens = incoming.judgement.verdict == Verdict.KEEP and _may_reopen(thread.ticket)
    return Landed(append_message(thread.ticket, new, reopens=reopens), thread.reason)


def land_unreadable(raw: RawMail, reason: str) -> Message:
    """Open the ticket that stands for a mail which could not be read, with the untouched .eml at it."""
    ticket_id = new_id()
    make_key(Owner(OwnerKind.TICKET, ticket_id))
    files = write_raw_as_file(ticket_id, raw)
    with translation.override(raw.inbox.language):
        subject = gettext("Mail could not be read")
        text = gettext("This mail could not be read. Its bytes are kept: download the file, or try again.")
        if not files:
            text = gettext("This mail is not here: only its place on the mail server is known.")
    ticket, message = open_ticket(
        NewTicket(ticket_id, raw.inbox, subject, sender="", unreadable=True),
        NewMessage(Direction.INBOUND, text, subject=subject, at=raw.arrived_at, machine=True, attachments=files),
    )
    record(Action.MAIL_QUARANTINED, on=raw.as_subject(at=ticket), reason=reason)
    return message


def _open(incoming: Incoming) -> Message:
    mail = incoming.mail
    ticket_id = new_id()
    make_key(Owner(OwnerKind.TICKET, ticket_id))
    files = write_files(ticket_id, mail.attachments)
    reached(KillPoint.FILES_WRITTEN)
    contact = _contact(incoming)
    sender = mail.from_.name or mail.from_.address if mail.from_ else mail.sender_name
    new = _message(incoming, files=files, contact=contact, thread=None)
    return open_ticket(NewTicket(ticket_id, incoming.inbox, mail.subject, sender, contact), new)[1]


def _hear(incoming: Incoming) -> None:
    """Mail that a person sends now proves that their address is there."""
    mail = incoming.mail
    if incoming.judgement.verdict == Verdict.KEEP and not incoming.raw.history and mail.from_ and not mail.sender_doubt:
        heard_from(mail.from_.address)


def _as_note(new: NewMessage) -> NewMessage:
    """Return what a mailbox says by itself as a note: for colleagues, without those whom an answer would go to."""
    return replace(
        new,
        direction=Direction.NOTE,
        contact=None,
        participants=tuple(each for each in new.participants if each.part == Part.FROM),
    )


def _contact(incoming: Incoming) -> Contact | None:
    """Return who wrote, None when From names nobody or an inbox of ours."""
    sender = incoming.mail.from_
    if sender is None or not sender.address or incoming.judgement.reason == FROM_DESK:
        return None
    return identify(sender.address, sender.name)


def _message(
    incoming: Incoming, *, files: tuple[NewAttachment, ...], contact: Contact | None, thread: Thread | None
) -> NewMessage:
    mail = incoming.mail
    return NewMessage(
        Direction.INBOUND,
        mail.text,
        html=mail.html,
        subject=mail.subject,
        sanitiser_version=mail.sanitiser_version,
        fold_at=mail.fold_at,
        remote_images=mail.remote_images,
        header_id=mail.header_id,
        extras=extras_of(mail),
        doubts=mail.sender_doubt,
        unverified_sender=thread is not None and not (thread.proved and thread.participant),
        machine=incoming.judgement.verdict != Verdict.KEEP,
        at=incoming.raw.arrived_at,
        written_at=mail.date,
        contact=contact,
        answers_id=thread.answers_id if thread else None,
        other_party=thread is not None and thread.other_party,
        participants=_participants(mail),
        attachments=files,
    )


def _participants(mail: ParsedMail) -> tuple[NewParticipant, ...]:
    sender = (mail.from_,) if mail.from_ else ()
    rows: list[tuple[Part, tuple[Address, ...]]] = [
        (Part.FROM, sender),
        (Part.REPLY_TO, mail.reply_to),
        (Part.TO, mail.to),
        (Part.CC, mail.cc),
    ]
    return tuple(NewParticipant(part, row.name, row.address) for part, addresses in rows for row in addresses)


def _may_reopen(ticket: Ticket) -> bool:
    """A loop between two machines must not reopen a ticket for ever: three times an hour at most."""
    if ticket.state == State.OPEN:
        return False
    since = timezone.now() - timedelta(hours=1)
    moves = Entry.objects.filter(ticket_id=ticket.pk, action=Action.TICKET_STATE, actor_kind=ActorKind.SYSTEM)
    return moves.filter(occurred_at__gte=since).count() < _REOPENINGS_AN_HOUR
