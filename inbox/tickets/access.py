"""The doors to tickets: the only ways from a request to a row."""

from typing import Final
from uuid import UUID

from audit.actions import Action, Outcome, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.ready import Ready, Slot
from inbox.inboxes.permissions import Access, Right
from inbox.tickets.errors import AttachmentNotFound, MessageNotFound, RightMissing, TicketNotFound
from inbox.tickets.models import Attachment, Message, Ticket, TicketReader

_NUMBERED: Final = Ready(lambda: Ticket.objects.select_related("inbox").filter(number=Slot("number")))


def ticket_for(access: Access, number: int, *, need: Right) -> Ticket:
    """Return the ticket that people know as `number`, when `access` may see it and do `need` on it.

    Raises TicketNotFound for an absent and for a hidden one alike, RightMissing for one that may be seen but not
    this. Both are recorded as denied.
    """
    ticket = _NUMBERED.first(number=number)
    if ticket is None or not _may_see(access, ticket):
        _record_denied(Subject(SubjectKind.TICKET), need, number=number)
        raise TicketNotFound("no such ticket")
    return _allowed(access, ticket, need)


def message_for(access: Access, message_id: UUID, *, need: Right) -> Message:
    """Return a message of a ticket that `access` may see and do `need` on. Raises MessageNotFound, RightMissing."""
    message = (
        Message.objects.filter(pk=message_id, ticket__in=Ticket.objects.visible_to(access))
        .select_related("ticket__inbox")
        .first()
    )
    if message is None:
        _record_denied(Subject(SubjectKind.MESSAGE), need, row=message_id)
        raise MessageNotFound("no such message")
    _allowed(access, message.ticket, need)
    return message


def attachment_for(access: Access, attachment_id: UUID, *, need: Right) -> Attachment:
    """Return a file of a ticket that `access` may see and do `need` on. Raises AttachmentNotFound, RightMissing.

    A file that is not part of a message yet is found by the person alone who uploaded it.
    """
    attachment = (
        Attachment.objects.filter(pk=attachment_id, ticket__in=Ticket.objects.visible_to(access))
        .select_related("ticket__inbox")
        .first()
    )
    if attachment is None or (attachment.message_id is None and attachment.uploaded_by_id != access.user_id):
        _record_denied(Subject(SubjectKind.ATTACHMENT), need, row=attachment_id)
        raise AttachmentNotFound("no such file")
    _allowed(access, attachment.ticket, need)
    return attachment


def _may_see(access: Access, ticket: Ticket) -> bool:
    """Return what `visible_to` answers, for one ticket at hand: building that query would cost more than the rest."""
    if not access.can(Right.VIEW, ticket.inbox_id):
        return False
    if not ticket.restricted or access.can(Right.VIEW_RESTRICTED, ticket.inbox_id):
        return True
    return TicketReader.objects.filter(ticket=ticket, user=access.user_id).exists()


def _allowed(access: Access, ticket: Ticket, need: Right) -> Ticket:
    if not access.can(need, ticket.inbox_id):
        _record_denied(ticket.as_subject(), need, number=ticket.number)
        raise RightMissing(need)
    return ticket


def _record_denied(subject: Subject, need: Right, **details: int | UUID) -> None:
    record(Action.ACCESS_DENIED, on=subject, outcome=Outcome.DENIED, survives_rollback=True, need=need.value, **details)
