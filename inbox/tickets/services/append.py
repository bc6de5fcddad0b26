"""Add a message to a ticket: what mail, replies and notes have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from helpdesk.core.ids import new_id
from helpdesk.crypto.blind import blind
from inbox.contacts.models import Contact
from inbox.contacts.services.identify import address_blind
from inbox.tickets.events import MessageAdded
from inbox.tickets.models import Attachment, Message, Participant, Ticket
from inbox.tickets.services.locking import lock, save_quietly, save_version
from inbox.tickets.states import Direction, Part, State

PREVIEW_LENGTH = 160


@dataclass(frozen=True, slots=True)
class NewParticipant:
    """An address of a new message."""

    part: Part
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file whose bytes lie in the blob store already, sealed under the ticket's key."""

    blob: UUID
    name: str
    content_type: str
    size_bytes: int
    content_id: str = ""
    inline: bool = False


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What a message is made of. `at` is its arrival in UTC (None: now); `text` is the whole body."""

    direction: Direction
    text: str
    html: str = ""
    subject: str = ""
    sanitiser_version: int = 0
    fold_at: int | None = None
    remote_images: int = 0
    header_id: str = ""
    extras: dict[str, object] | None = None
    doubts: tuple[str, ...] = ()
    unverified_sender: bool = False
    machine: bool = False
    other_party: bool = False
    at: datetime | None = None
    written_at: datetime | None = None
    author: User | None = None
    contact: Contact | None = None
    answers_id: UUID | None = None
    participants: Sequence[NewParticipant] = field(default_factory=tuple)
    attachments: Sequence[NewAttachment] = field(default_factory=tuple)


@transaction.atomic(savepoint=False)
def append_message(ticket: Ticket, new: NewMessage, *, reopens: bool = False) -> Message:
    """Add `new` to the ticket and return it. With `reopens`, a closed or pending ticket opens again."""
    ticket = lock(ticket)
    message = write_message(ticket, new)
    fields = ["last_activity"]
    ticket.last_activity = max(ticket.last_activity, message.at)
    if new.direction != Direction.NOTE:
        ticket.preview = preview_of(new.text)
        fields.append("preview")
    before = ticket.state
    if reopens and before != State.OPEN:
        ticket.state = State.OPEN
        fields.append("state")
    save_version(ticket, *fields)
    record(Action.TICKET_APPENDED, on=ticket.as_subject(), message=message.pk, direction=new.direction.value)
    if ticket.state != before:
        record(Action.TICKET_STATE, on=ticket.as_subject(), before=before, after=ticket.state)
    emit(MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, ticket.version))
    return message


@transaction.atomic(savepoint=False)
def append_quietly(ticket: Ticket, new: NewMessage) -> Message:
    """Add `new`, which a machine wrote, and return it: the ticket stays where it stands and unread for nobody."""
    ticket = lock(ticket)
    message = write_message(ticket, new)
    save_quietly(ticket)
    record(Action.TICKET_APPENDED, on=ticket.as_subject(), message=message.pk, direction=new.direction.value)
    emit(MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, ticket.version))
    return message


def write_message(ticket: Ticket, new: NewMessage) -> Message:
    """Write the rows of a message, its participants and files. Runs inside the caller's transaction."""
    message = Message(
        id=new_id(),
        ticket=ticket,
        direction=new.direction,
        author=new.author,
        contact=new.contact,
        subject=new.subject,
        text=new.text,
        html=new.html or None,
        sanitiser_version=new.sanitiser_version if new.html else 0,
        fold_at=new.fold_at,
        remote_images=min(new.remote_images, 32_000),
        header_id=new.header_id,
        header_blind=blind("header_id", new.header_id) if new.header_id else None,
        extras=new.extras or None,
        doubts=list(new.doubts),
        unverified_sender=new.unverified_sender,
        machine=new.machine,
        other_party=new.other_party,
        at=new.at or timezone.now(),
        written_at=new.written_at,
        answers_id=new.answers_id,
    )
    message.save(force_insert=True)
    Participant.objects.bulk_create(_participants(message, new.participants))
    Attachment.objects.bulk_create(_attachments(message, new.attachments))
    return message


def preview_of(text: str) -> str:
    """Return the first words of a body, on one line."""
    return " ".join(text[: PREVIEW_LENGTH * 4].split())[:PREVIEW_LENGTH]


def _participants(message: Message, rows: Sequence[NewParticipant]) -> list[Participant]:
    return [
        Participant(
            message=message,
            ticket_id=message.ticket_id,
            part=row.part,
            position=position,
            name=row.name,
            address=row.address,
            blind=address_blind(row.address),
        )
        for position, row in enumerate(rows)
    ]


def _attachments(message: Message, rows: Sequence[NewAttachment]) -> list[Attachment]:
    return [
        Attachment(
            message=message,
            ticket_id=message.ticket_id,
            position=position,
            name=row.name,
            content_type=row.content_type,
            content_id=row.content_id,
            inline=row.inline,
            size_bytes=row.size_bytes,
            blob=row.blob,
        )
        for position, row in enumerate(rows)
    ]
