"""How every change of a ticket begins and ends."""

from django.db import connection

from helpdesk.core.events import emit
from inbox.tickets.errors import TicketMoved
from inbox.tickets.events import TicketChanged
from inbox.tickets.models import Ticket


def lock(ticket: Ticket, *, seen: int | None = None) -> Ticket:
    """Return the ticket's row, locked until the transaction ends.

    `seen` is the version that the person looked at, None when that does not matter. Raises TicketMoved.
    """
    fresh = Ticket.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=ticket.pk)
    if seen is not None and fresh.version != seen:
        raise TicketMoved(seen, fresh.version)
    return fresh


def save_change(ticket: Ticket, *fields: str) -> None:
    """Save the named columns with the next version, and tell it after commit."""
    ticket.version += 1
    ticket.save(update_fields=[*fields, "version"])
    emit(TicketChanged(ticket.pk, ticket.number, ticket.inbox_id, ticket.version))


def next_number() -> int:
    """Return the next short ticket number. A number that a rolled-back ticket took is never given again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('ticket_number')")
        return int(cursor.fetchone()[0])
