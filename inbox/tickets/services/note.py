"""Write an internal note: seen by colleagues, sent to nobody."""

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from inbox.tickets.errors import EmptyText
from inbox.tickets.events import MessageAdded
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.append import NewMessage, write_message
from inbox.tickets.services.locking import lock, require_outside_bin, save_version
from inbox.tickets.states import Direction


@transaction.atomic
def add_note(ticket: Ticket, text: str, *, by: User) -> Message:
    """Add a note of `by`. Needs NOTE. Raises EmptyText, and IllegalMove for a ticket in the bin."""
    if not text.strip():
        raise EmptyText("write a word before you save")
    ticket = lock(ticket)
    require_outside_bin(ticket)
    message = write_message(ticket, NewMessage(Direction.NOTE, text, author=by))
    ticket.last_activity = max(ticket.last_activity, message.at)
    save_version(ticket, "last_activity")
    record(Action.TICKET_NOTE, on=ticket.as_subject(), message=message.pk)
    emit(MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, ticket.version))
    return message
