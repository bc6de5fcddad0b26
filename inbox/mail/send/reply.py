"""Answer a ticket by mail."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import Ready, Slot
from inbox.mail import tokens
from inbox.mail.models import OutboundMail
from inbox.mail.send.files import Upload, copy_quoted_pictures, seal_pictures, seal_uploads, take_kept
from inbox.mail.send.outbox import (
    REFERENCES_KEPT,
    Outgoing,
    Sender,
    announced,
    answer_to,
    bring_up,
    enqueue,
    header_id_of,
    made_before,
    new_participants,
    require_text,
    sender_of,
)
from inbox.mail.send.quote import Pictures, written
from inbox.mail.send.recipients import Recipient, checked, copied, own_addresses, require_somebody, suggest
from inbox.mail.states import OutKind
from inbox.tickets.errors import TicketMoved
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.append import NewAttachment, NewMessage, write_message
from inbox.tickets.services.drafts import drop_draft
from inbox.tickets.services.locking import lock, require_outside_bin
from inbox.tickets.states import Direction, DraftKind, State

_MESSAGE: Final = Ready(lambda: Message.objects.filter(pk=Slot("pk")))
_CAME: Final = Ready(
    lambda: (
        Message.objects.filter(ticket=Slot("ticket"), direction=Direction.INBOUND, other_party=False)
        .only("ticket_id", "header_id")
        .order_by("-at", "-id")[:REFERENCES_KEPT]
    )
)


@dataclass(frozen=True, slots=True)
class NewReply:
    """What a person sends. `seen` is the version that they looked at (None: send anyway).

    `to` None means whoever the suggestion names. `then` is the state that the ticket moves to, None for none. `kept`
    are ids of files that came back with a mail taken back (`send.files.kept_files`): those go along, the others are
    dropped; None leaves all of them for later.
    """

    text: str
    once: UUID
    seen: int | None
    to: Sequence[Recipient] | None = None
    cc: Sequence[Recipient] = field(default_factory=tuple)
    files: Sequence[Upload] = field(default_factory=tuple)
    kept: Sequence[UUID] | None = None
    then: State | None = None
    pictures: Sequence[Upload] = field(default_factory=tuple)
    """Shown below the words, in the text itself."""


@dataclass(frozen=True, slots=True)
class _Head:
    """Who gets the answer, what it answers, and what it is sent from."""

    sender: Sender
    to: list[Recipient]
    cc: list[Recipient]
    answers: Message | None
    own_pictures: tuple[NewAttachment, ...] = ()
    quoted_pictures: tuple[NewAttachment, ...] = ()

    @property
    def pictures(self) -> Pictures:
        """The names under which the HTML shows them."""
        own, quoted = ([file.content_id for file in files] for files in (self.own_pictures, self.quoted_pictures))
        return Pictures(tuple(own), tuple(quoted))


@transaction.atomic
def send_reply(ticket: Ticket, new: NewReply, *, by: User) -> OutboundMail:
    """Put a reply of `by` into the outbox. Needs REPLY.

    The same `once` again returns the mail that it made. Raises TicketMoved when the ticket moved on since `seen`,
    IllegalMove for one in the bin, EmptyText, NoRecipient, WrongAddress, NoSender and StorageFull; nothing is written
    then.
    """
    ticket = lock(ticket)
    made = made_before(new.once, by=by)
    if made is not None:
        return made
    _require_fit(ticket, new)
    head = _head(ticket, new)
    message = _write(ticket, new, head, by=by)
    outbound = enqueue(ticket, message, _outgoing(ticket, new, head), by=by)
    _move_on(ticket, message, new.then)
    drop_draft(ticket, DraftKind.REPLY, by=by)
    record(Action.TICKET_REPLY, on=ticket.as_subject(), message=message.pk, mail=outbound.pk)
    return announced(ticket, message, outbound)


def _require_fit(ticket: Ticket, new: NewReply) -> None:
    if new.seen is not None and ticket.version != new.seen:
        raise TicketMoved(new.seen, ticket.version)
    require_outside_bin(ticket)
    require_text(new.text)


def _head(ticket: Ticket, new: NewReply) -> _Head:
    own = own_addresses()
    suggestion = suggest(ticket, own=own)
    to = checked(suggestion.to if new.to is None else new.to, own=own)
    require_somebody(to)
    cc = copied(new.cc, own=own, besides=to)
    answers = _MESSAGE.first(pk=suggestion.answers_id) if suggestion.answers_id else None
    sender = sender_of(ticket.inbox)
    domain = sender.address.address.rpartition("@")[2]
    own_pictures = seal_pictures(ticket.pk, new.pictures, domain=domain)
    return _Head(sender, to, cc, answers, own_pictures, copy_quoted_pictures(answers, domain=domain))


def _write(ticket: Ticket, new: NewReply, head: _Head, *, by: User) -> Message:
    message = NewMessage(
        Direction.OUTBOUND,
        new.text.strip(),
        author=by,
        answers_id=head.answers.pk if head.answers else None,
        participants=new_participants(ticket.inbox, head.sender, to=head.to, cc=head.cc),
        attachments=(*seal_uploads(ticket.pk, new.files), *head.own_pictures, *head.quoted_pictures),
    )
    written = write_message(ticket, message)
    if new.kept is not None:
        take_kept(written, new.kept, by=by)
    return written


def _outgoing(ticket: Ticket, new: NewReply, head: _Head) -> Outgoing:
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    with purpose(Purpose.SYSTEM):
        subject = answer_to(ticket.subject)
        in_reply_to = header_id_of(head.answers) if head.answers is not None else ""
        references = _references(ticket, in_reply_to)
    return Outgoing(
        OutKind.REPLY,
        new.once,
        head.sender,
        subject,
        written(new.text, ticket.inbox, answers=head.answers, mark=mark, pictures=head.pictures),
        head.to,
        head.cc,
        in_reply_to,
        references,
        ticket.state if new.then is not None else "",
    )


def _references(ticket: Ticket, in_reply_to: str) -> list[str]:
    rows = _CAME.rows(ticket=ticket.pk)
    known = [row.header_id for row in rows if row.header_id and row.header_id != in_reply_to]
    return [*reversed(known), in_reply_to] if in_reply_to else known[::-1]


def _move_on(ticket: Ticket, message: Message, then: State | None) -> None:
    before = ticket.state
    if then is not None:
        ticket.state = then
    bring_up(ticket, message, "state")
    if ticket.state != before:
        record(Action.TICKET_STATE, on=ticket.as_subject(), before=before, after=ticket.state)
