"""Forward a message to another party, and answer what that party writes: talk that the customer never sees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.errors import NoOtherParty, NothingToForward
from inbox.mail.models import OutboundMail
from inbox.mail.send.files import Upload, copy_files, copy_pictures, seal_uploads
from inbox.mail.send.forwarded import forwarded, has_usable_html
from inbox.mail.send.outbox import (
    Outgoing,
    Sender,
    announced,
    answer_to,
    bring_up,
    enqueue,
    made_before,
    new_participants,
    require_text,
    sender_of,
)
from inbox.mail.send.party import chain_of, suggest_party
from inbox.mail.send.quote import written
from inbox.mail.send.recipients import Recipient, checked, copied, own_addresses, require_somebody
from inbox.mail.states import OutKind
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import NewAttachment, NewMessage, write_message
from inbox.tickets.services.drafts import drop_draft
from inbox.tickets.services.locking import lock, require_outside_bin
from inbox.tickets.states import Direction, DraftKind, Protection


@dataclass(frozen=True, slots=True)
class NewForward:
    """What a person forwards: `text` stands above the mail. `chosen` are the ids of its files that go along."""

    to: Sequence[Recipient]
    subject: str
    text: str
    once: UUID
    cc: Sequence[Recipient] = field(default_factory=tuple)
    files: Sequence[Upload] = field(default_factory=tuple)
    chosen: Sequence[UUID] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class PartyReply:
    """What a person answers another party. Who gets it is worked out from the message being answered."""

    text: str
    once: UUID
    cc: Sequence[Recipient] = field(default_factory=tuple)
    files: Sequence[Upload] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class _Head:
    sender: Sender
    to: Sequence[Recipient]
    cc: Sequence[Recipient]


@transaction.atomic
def forward(message: Message, new: NewForward, *, by: User) -> OutboundMail:
    """Put a forward of `message` into the outbox. Needs REPLY.

    Pictures that stand in its text go along by themselves. The same `once` again returns the mail that it made. Raises
    NothingToForward, IllegalMove for a ticket in the bin, NoRecipient, WrongAddress, NoSender and StorageFull; nothing
    is written then.
    """
    ticket = lock(message.ticket)
    made = made_before(new.once, by=by)
    if made is not None:
        return made
    require_forwardable(message)
    require_outside_bin(ticket)
    head = _head(ticket, new.to, new.cc)
    pictures = _pictures(message, head.sender.address.address)
    attachments = (*pictures.values(), *copy_files(_chosen(message, new.chosen)), *seal_uploads(ticket.pk, new.files))
    sent = _write(message, new.text, head, attachments=attachments, by=by)
    named = {name: picture.content_id for name, picture in pictures.items()}
    mark = tokens.party_mark(ticket.number, sent.pk)
    body = forwarded(new.text, ticket.inbox, message, mark=mark, pictures=named)
    outgoing = Outgoing(OutKind.FORWARD, new.once, head.sender, new.subject, body, head.to, head.cc)
    outbound = enqueue(ticket, sent, outgoing, by=by)
    drop_draft(ticket, DraftKind.FORWARD, by=by)
    record(
        Action.TICKET_FORWARDED,
        on=ticket.as_subject(),
        message=sent.pk,
        forwarded=message.pk,
        mail=outbound.pk,
        files=len(attachments),
    )
    return _finished(ticket, sent, outbound)


@transaction.atomic
def answer_party(message: Message, new: PartyReply, *, by: User) -> OutboundMail:
    """Put an answer to another party into the outbox: it goes to that party alone. Needs REPLY.

    The same `once` again returns the mail that it made. Raises NoOtherParty for a message of the talk with the
    customer, and what `send_reply` raises; nothing is written then.
    """
    ticket = lock(message.ticket)
    made = made_before(new.once, by=by)
    if made is not None:
        return made
    require_other_party(message)
    require_outside_bin(ticket)
    require_text(new.text)
    head = _head(ticket, suggest_party(message, own=own_addresses()).to, new.cc)
    sent = _write(message, new.text, head, attachments=seal_uploads(ticket.pk, new.files), by=by)
    in_reply_to, references = chain_of(message)
    body = written(new.text, ticket.inbox, answers=message, mark=tokens.party_mark(ticket.number, sent.pk))
    outgoing = Outgoing(
        OutKind.PARTY,
        new.once,
        head.sender,
        answer_subject(message),
        body,
        head.to,
        head.cc,
        in_reply_to,
        references,
    )
    outbound = enqueue(ticket, sent, outgoing, by=by)
    drop_draft(ticket, DraftKind.PARTY, by=by)
    record(Action.TICKET_PARTY, on=ticket.as_subject(), message=sent.pk, mail=outbound.pk)
    return _finished(ticket, sent, outbound)


def require_forwardable(message: Message) -> None:
    """Raise NothingToForward for a note, and for a message that only its reader's own device opens."""
    if message.direction == Direction.NOTE or message.protection == Protection.CLIENT_SEALED:
        raise NothingToForward("a note, or a sealed message, is not forwarded")


def require_other_party(message: Message) -> None:
    """Raise NoOtherParty for a message of the talk with the customer."""
    if not message.other_party:
        raise NoOtherParty("this message belongs to the talk with the customer")


def files_to_choose(message: Message) -> list[Attachment]:
    """Return the files of a message that a forward may take along; pictures that stand in its text go by themselves."""
    files = Attachment.objects.filter(message=message)
    return list(files.exclude(inline=True) if has_usable_html(message) else files)


def forward_subject(message: Message) -> str:
    """Return the subject of a forward. Opens it: the caller names the purpose."""
    plain = " ".join(str(message.subject or message.ticket.subject).split())
    return plain if plain[:4].casefold() in {"fwd:", "fw: "} else f"Fwd: {plain}"


def answer_subject(message: Message) -> str:
    """Return the subject of an answer to another party: that of the mail being answered."""
    with purpose(Purpose.SYSTEM):
        sent = OutboundMail.objects.filter(message=message).first()
        return answer_to(str(sent.subject if sent else message.subject or message.ticket.subject))


def _head(ticket: Ticket, to: Sequence[Recipient], cc: Sequence[Recipient]) -> _Head:
    own = own_addresses()
    first = checked(to, own=own)
    require_somebody(first)
    return _Head(sender_of(ticket.inbox), first, copied(cc, own=own, besides=first))


def _pictures(message: Message, address: str) -> Mapping[str, NewAttachment]:
    if not has_usable_html(message):
        return {}
    inline = Attachment.objects.filter(message=message, inline=True)
    return copy_pictures(inline, domain=address.rpartition("@")[2])


def _chosen(message: Message, ids: Sequence[UUID]) -> list[Attachment]:
    return [file for file in files_to_choose(message) if file.pk in ids]


def _write(message: Message, text: str, head: _Head, *, attachments: Sequence[NewAttachment], by: User) -> Message:
    inbox = message.ticket.inbox
    new = NewMessage(
        Direction.OUTBOUND,
        text.strip(),
        author=by,
        answers_id=message.pk,
        other_party=True,
        participants=new_participants(inbox, head.sender, to=head.to, cc=head.cc),
        attachments=attachments,
    )
    return write_message(message.ticket, new)


def _finished(ticket: Ticket, sent: Message, outbound: OutboundMail) -> OutboundMail:
    bring_up(ticket, sent)
    return announced(ticket, sent, outbound)
