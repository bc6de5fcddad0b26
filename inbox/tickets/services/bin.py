"""The bin: delete a ticket with a way back."""

from django.db import transaction
from django.utils import timezone

from audit.actions import Action
from audit.record import record
from inbox.tickets.models import Ticket
from inbox.tickets.services.locking import lock, save_change


@transaction.atomic
def delete_ticket(ticket: Ticket, *, seen: int | None = None) -> Ticket:
    """Put the ticket into the bin. Needs DELETE. One that lies there already stays. Raises TicketMoved."""
    ticket = lock(ticket, seen=seen)
    if ticket.deleted_at is None:
        ticket.deleted_at = timezone.now()
        save_change(ticket, "deleted_at")
        record(Action.TICKET_DELETED, on=ticket.as_subject())
    return ticket


@transaction.atomic
def restore_ticket(ticket: Ticket) -> Ticket:
    """Take the ticket out of the bin. Needs DELETE. One that does not lie there stays as it is."""
    ticket = lock(ticket)
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        save_change(ticket, "deleted_at")
        record(Action.TICKET_RESTORED, on=ticket.as_subject())
    return ticket
