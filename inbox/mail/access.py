"""The doors to mail: an outgoing mail and the untouched original, each by the ticket that it belongs to."""

from uuid import UUID

from audit.actions import Action, Outcome
from audit.record import record
from inbox.inboxes.permissions import Access, Right
from inbox.mail.errors import MailNotFound, NothingToRetry
from inbox.mail.models import InboundMail, OutboundMail, RawMail
from inbox.mail.states import RawState
from inbox.tickets.access import message_for, ticket_for
from inbox.tickets.models import Ticket


def outbound_for(access: Access, outbound_id: UUID, *, need: Right) -> OutboundMail:
    """Return an outgoing mail of a ticket that `access` may see and do `need` on. Raises MailNotFound, RightMissing."""
    rows = OutboundMail.objects.select_related("message__ticket", "inbox", "mailbox")
    row = rows.filter(pk=outbound_id, message__ticket__in=Ticket.objects.visible_to(access)).first()
    if row is None or row.message is None:
        record(
            Action.ACCESS_DENIED,
            on=OutboundMail(pk=outbound_id).as_subject(),
            outcome=Outcome.DENIED,
            survives_rollback=True,
            need=need.value,
        )
        raise MailNotFound("no such mail")
    ticket_for(access, row.message.ticket.number, need=need)
    return row


def raw_for(access: Access, message_id: UUID) -> tuple[Ticket, RawMail]:
    """Return the untouched mail behind a message. Needs VIEW_RAW. Raises as message_for does, and MailNotFound."""
    message = message_for(access, message_id, need=Right.VIEW_RAW)
    inbound = InboundMail.objects.filter(message=message).select_related("raw").first()
    if inbound is None or inbound.raw.blob is None:
        raise MailNotFound("nothing was kept of this mail")
    return message.ticket, inbound.raw


def quarantined_for(access: Access, number: int) -> tuple[Ticket, RawMail]:
    """Return the mail that could not be read behind a ticket. Needs EDIT. Raises NothingToRetry."""
    ticket = ticket_for(access, number, need=Right.EDIT)
    inbound = InboundMail.objects.filter(message__ticket=ticket).select_related("raw").first()
    if inbound is None or inbound.raw.state != RawState.QUARANTINED or inbound.raw.blob is None:
        raise NothingToRetry("this ticket holds no mail that could be tried again")
    return ticket, inbound.raw
