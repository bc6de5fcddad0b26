"""Hand a ticket to somebody, or back to its inbox."""

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access, Right
from inbox.tickets.errors import AssignDenied
from inbox.tickets.models import Ticket
from inbox.tickets.services.locking import lock, require_outside_bin, save_change


@transaction.atomic
def assign(ticket: Ticket, *, to: User | None, by: Access, seen: int | None = None) -> Ticket:
    """Hand the ticket to `to`, or back to its inbox when None. Needs ASSIGN.

    Somebody who may assign to themselves only may also give their own ticket back. Raises AssignDenied when `by` or
    the receiver may not, IllegalMove for one in the bin, and TicketMoved when the ticket is not at version `seen` any
    more. Handing it to whoever has it already changes nothing.
    """
    ticket = lock(ticket, seen=seen)
    require_outside_bin(ticket)
    to_self = ticket.assignee_id == by.user_id if to is None else to.pk == by.user_id
    if not by.can_assign(ticket.inbox_id, to_self=to_self):
        raise AssignDenied("you may take a ticket yourself, but not hand it to others")
    if to is not None and not _may_work_on(ticket, to):
        raise AssignDenied("that person does not work in this inbox")
    if ticket.assignee_id == (to.pk if to else None):
        return ticket
    ticket.assignee = to
    save_change(ticket, "assignee")
    record(Action.TICKET_ASSIGNED, on=ticket.as_subject(), to=to.pk if to else None)
    return ticket


def _may_work_on(ticket: Ticket, person: User) -> bool:
    access = access_of(person)
    if not access.can(Right.REPLY, ticket.inbox_id):
        return False
    return Ticket.objects.filter(pk=ticket.pk).visible_to(access).exists()
