"""Open, set pending and close tickets."""

from django.db import transaction

from audit.actions import Action
from audit.record import record
from inbox.tickets.models import Ticket
from inbox.tickets.services.locking import lock, require_outside_bin, save_change
from inbox.tickets.states import State


@transaction.atomic
def set_state(ticket: Ticket, state: State, *, seen: int | None = None) -> Ticket:
    """Move the ticket to `state`. Needs EDIT. Raises IllegalMove for one in the bin, TicketMoved as `seen` says.

    Setting the state that it has already changes nothing.
    """
    ticket = lock(ticket, seen=seen)
    require_outside_bin(ticket)
    if ticket.state == state:
        return ticket
    before = ticket.state
    ticket.state = state
    save_change(ticket, "state")
    record(Action.TICKET_STATE, on=ticket.as_subject(), before=before, after=state.value)
    return ticket
