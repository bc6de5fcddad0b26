"""Restrict a ticket to few: holders of VIEW_RESTRICTED on its inbox, and readers that somebody names."""

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Right
from inbox.tickets.errors import ReaderDenied
from inbox.tickets.models import Ticket, TicketReader
from inbox.tickets.services.locking import lock, save_change


@transaction.atomic
def set_restricted(ticket: Ticket, *, restricted: bool, seen: int | None = None) -> Ticket:
    """Restrict the ticket, or open it to its inbox again, which forgets its readers. Needs VIEW_RESTRICTED and EDIT.

    Setting what it is already changes nothing. Raises TicketMoved.
    """
    ticket = lock(ticket, seen=seen)
    if ticket.restricted == restricted:
        return ticket
    ticket.restricted = restricted
    if not restricted:
        TicketReader.objects.filter(ticket=ticket).delete()
    save_change(ticket, "restricted")
    record(Action.TICKET_RESTRICTED, on=ticket.as_subject(), restricted=restricted)
    return ticket


@transaction.atomic
def add_reader(ticket: Ticket, reader: User, *, by: User, reason: str) -> TicketReader:
    """Let `reader` see the restricted ticket. Needs VIEW_RESTRICTED and EDIT.

    A reader keeps the rights that they hold on the inbox, and must be able to read it at all. Twice is as once.
    Raises ReaderDenied for somebody who may not read the inbox, and for a ticket that is not restricted.
    """
    ticket = lock(ticket)
    if not ticket.restricted:
        raise ReaderDenied("restrict the ticket first")
    if not access_of(reader).can(Right.VIEW, ticket.inbox_id):
        raise ReaderDenied("that person may not read this inbox")
    row, made = TicketReader.objects.get_or_create(
        ticket=ticket, user=reader, defaults={"added_by": by, "reason": reason}
    )
    if made:
        save_change(ticket)
        record(Action.TICKET_READER, on=ticket.as_subject(), reader=reader.pk, added=True)
    return row


@transaction.atomic
def remove_reader(ticket: Ticket, reader: User) -> None:
    """Take a named reader away; nothing happens when they are none. Needs VIEW_RESTRICTED and EDIT."""
    ticket = lock(ticket)
    gone, _ = TicketReader.objects.filter(ticket=ticket, user=reader).delete()
    if gone:
        save_change(ticket)
        record(Action.TICKET_READER, on=ticket.as_subject(), reader=reader.pk, added=False)
