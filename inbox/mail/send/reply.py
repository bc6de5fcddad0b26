"""Answer a ticket by mail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.models import OutboundMail
from inbox.mail.send.outbox import Outgoing, announced, enqueue, new_participants, require_text
from inbox.mail.send.quote import written_html, written_text
from inbox.mail.send.recipients import Recipient, checked, require_somebody, suggest
from inbox.mail.states import OutKind
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import NewMessage, preview_of, write_message
from inbox.tickets.services.drafts import drop_draft
from inbox.tickets.services.locking import lock, save_change
from inbox.tickets.states import Direction, DraftKind, State

_REFERENCES_KEPT = 20


@dataclass(frozen=True, slots=True)
class NewReply:
    """What a person sends. `seen` is the version that they looked at (None: send anyway).

    `to` None means whoever the suggestion names. `then` is the state that the ticket moves to, None for none.
    """

    text: str
    once: UUID
    seen: int | None
    to: Sequence[Recipient] | None = None
    cc: Sequence[Recipient] = field(default_factory=tuple)
    files: Sequence[UUID] = field(default_factory=tuple)
    then: State | None = None


@transaction.atomic
def send_reply(ticket: Ticket, new: NewReply, *, by: User) -> OutboundMail:
    """Put a reply of `by` into the outbox. Needs REPLY.

    The same `once` again returns the mail that it made. Raises TicketMoved when the ticket moved on since `seen`,
    EmptyText, NoRecipient, WrongAddress and NoSender; nothing is written then.
    """
    ticket = lock(ticket)
    made = OutboundMail.objects.filter(once=new.once).first()
    if made is not None:
        return made
    lock(ticket, seen=new.seen)
    require_text(new.text)
    suggestion = suggest(ticket)
    to = checked(suggestion.to if new.to is None else new.to)
    require_somebody(to)
    chosen = {recipient.address.casefold() for recipient in to}
    cc = [recipient for recipient in checked(new.cc) if recipient.address.casefold() not in chosen]
    message = _write(ticket, new.text, to, cc=cc, by=by, answers=suggestion.answers)
    Attachment.objects.filter(pk__in=new.files, ticket=ticket, message=None, uploaded_by=by).update(message=message)
    outbound = enqueue(ticket, message, _answer(ticket, new, suggestion.answers, to=to, cc=cc), by=by)
    _move_on(ticket, message, new.then)
    drop_draft(ticket, DraftKind.REPLY, by=by)
    record(Action.TICKET_REPLY, on=ticket.as_subject(), message=message.pk, mail=outbound.pk)
    return announced(ticket, message, outbound)


def _write(
    ticket: Ticket,
    words: str,
    to: Sequence[Recipient],
    *,
    cc: Sequence[Recipient],
    by: User,
    answers: Message | None,
) -> Message:
    participants = new_participants(ticket.inbox, to, cc)
    new = NewMessage(
        Direction.OUTBOUND,
        words.strip(),
        author=by,
        answers_id=answers.pk if answers else None,
        participants=participants,
    )
    return write_message(ticket, new)


def _answer(
    ticket: Ticket,
    new: NewReply,
    answers: Message | None,
    *,
    to: Sequence[Recipient],
    cc: Sequence[Recipient],
) -> Outgoing:
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    with purpose(Purpose.SYSTEM):
        subject = _answer_subject(ticket.subject)
        in_reply_to = _header_id(answers)
        references = _references(ticket, in_reply_to)
    return Outgoing(
        OutKind.REPLY,
        new.once,
        subject,
        written_text(new.text, ticket.inbox, answers=answers, mark=mark),
        written_html(new.text, ticket.inbox, answers=answers, mark=mark),
        to,
        cc,
        in_reply_to,
        references,
        ticket.state,
    )


def _answer_subject(subject: str) -> str:
    plain = " ".join(subject.split())
    return plain if plain[:3].casefold() == "re:" else f"Re: {plain}"


def _header_id(message: Message | None) -> str:
    if message is None:
        return ""
    if message.direction == Direction.OUTBOUND:
        row = OutboundMail.objects.filter(message=message).first()
        return str(row.header_id) if row else ""
    return str(message.header_id)


def _references(ticket: Ticket, in_reply_to: str) -> list[str]:
    rows = Message.objects.filter(ticket=ticket, direction=Direction.INBOUND).order_by("-at", "-id")
    known = [row.header_id for row in rows[:_REFERENCES_KEPT] if row.header_id and row.header_id != in_reply_to]
    return [*reversed(known), in_reply_to] if in_reply_to else known[::-1]


def _move_on(ticket: Ticket, message: Message, then: State | None) -> None:
    ticket.last_activity = max(ticket.last_activity, message.at)
    with purpose(Purpose.SYSTEM):
        ticket.preview = preview_of(message.text)
    before = ticket.state
    if then is not None:
        ticket.state = then
    save_change(ticket, "last_activity", "preview", "state")
    if ticket.state != before:
        record(Action.TICKET_STATE, on=ticket.as_subject(), before=before, after=ticket.state)
