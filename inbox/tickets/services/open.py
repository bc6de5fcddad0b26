"""Open a ticket with its first message."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key
from inbox.contacts.models import Contact
from inbox.inboxes.models import Inbox
from inbox.tickets.events import MessageAdded, TicketOpened
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.append import NewMessage, preview_of, write_message
from inbox.tickets.services.locking import next_number


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a ticket is made of. `id` is given by the caller, since files are sealed under the ticket's key before."""

    id: UUID
    inbox: Inbox
    subject: str
    sender: str
    contact: Contact | None = None
    assignee: User | None = None
    unreadable: bool = False


@transaction.atomic(savepoint=False)
def open_ticket(new: NewTicket, first: NewMessage) -> tuple[Ticket, Message]:
    """Make a ticket with its key, number and first message."""
    ensure_key(Owner(OwnerKind.TICKET, new.id))
    at = first.at or timezone.now()
    ticket = Ticket(
        id=new.id,
        number=next_number(),
        inbox=new.inbox,
        contact=new.contact,
        subject=new.subject,
        sender=new.sender,
        preview=preview_of(first.text),
        assignee=new.assignee,
        unreadable=new.unreadable,
        opened_at=at,
        last_activity=at,
    )
    ticket.save(force_insert=True)
    message = write_message(ticket, first)
    record(Action.TICKET_OPENED, on=ticket.as_subject(), number=ticket.number, message=message.pk)
    emit(TicketOpened(ticket.pk, ticket.number, ticket.inbox_id))
    emit(MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, ticket.version))
    return ticket, message
