"""How every change of a ticket begins and ends."""

from typing import Final

from django.db import connection

from helpdesk.core.context import current_actor
from helpdesk.core.events import emit
from helpdesk.core.ready import Ready, Slot
from inbox.tickets.errors import IllegalMove, TicketMoved, TicketNotFound
from inbox.tickets.events import TicketChanged
from inbox.tickets.models import Ticket, TicketSeen

_LOCKED: Final = Ready(
    lambda: Ticket.objects.filter(pk=Slot("pk")).select_related("inbox").select_for_update(of=("self",))
)

_SEEN: Final = "UPDATE tickets_ticketseen SET version = %s WHERE ticket_id = %s AND user_id = %s AND version = %s"


def lock(ticket: Ticket, *, seen: int | None = None) -> Ticket:
    """Return the ticket's row, locked until the transaction ends.

    `seen` is the version that the person looked at, None when that does not matter.
    Raises TicketMoved, and TicketNotFound for one that is gone.
    """
    fresh = _LOCKED.first(pk=ticket.pk)
    if fresh is None:
        raise TicketNotFound("no such ticket")
    if seen is not None and fresh.version != seen:
        raise TicketMoved(seen, fresh.version)
    return fresh


def require_outside_bin(ticket: Ticket) -> None:
    """Raise IllegalMove for a ticket that lies in the bin."""
    if ticket.deleted_at is not None:
        raise IllegalMove("restore the ticket from the bin first")


def save_change(ticket: Ticket, *fields: str) -> None:
    """Save the named columns with the next version, and tell it after commit."""
    save_version(ticket, *fields)
    emit(TicketChanged(ticket.pk, ticket.number, ticket.inbox_id, ticket.version))


def save_version(ticket: Ticket, *fields: str) -> None:
    """Save the named columns with the next version.

    One's own change makes nothing unread: whoever acts and had seen the version before has seen this one too.
    """
    ticket.version += 1
    ticket.save(update_fields=[*fields, "version"])
    actor = current_actor()
    if actor.id is not None:
        with connection.cursor() as cursor:
            cursor.execute(_SEEN, [ticket.version, ticket.pk, actor.id, ticket.version - 1])


def save_quietly(ticket: Ticket) -> None:
    """Save the next version of a ticket that nobody need look at: whoever had seen it before has seen it now."""
    save_version(ticket)
    TicketSeen.objects.filter(ticket=ticket, version=ticket.version - 1).update(version=ticket.version)


def next_number() -> int:
    """Return the next short ticket number. A number that a rolled-back ticket took is never given again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('ticket_number')")
        return int(cursor.fetchone()[0])
