"""Stop a mail that still waits to be sent: its words stay on the ticket, and it can be sent again later."""

from django.db import transaction

from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from inbox.mail.errors import TooLateToUndo
from inbox.mail.events import OutboundChanged
from inbox.mail.models import OutboundMail
from inbox.mail.models.outbound import WAITING
from inbox.mail.states import OutReason, OutState


@transaction.atomic
def withdraw(outbound: OutboundMail) -> OutboundMail:
    """Let no try follow. Needs REPLY, or MANAGE_MAILBOX. Whoever got the mail already keeps it.

    Raises TooLateToUndo for one that is being handed in at this moment, or waits no more.
    """
    row = OutboundMail.objects.select_for_update(of=("self",)).filter(WAITING, pk=outbound.pk).first()
    if row is None:
        raise TooLateToUndo("the mail is on its way, or waits no more")
    row.state = OutState.CANCELLED
    row.reason = OutReason.WITHDRAWN
    row.save(update_fields=["state", "reason"])
    record(Action.MAIL_STOPPED, on=row.as_subject())
    if row.message is not None:
        ticket = row.message.ticket
        emit(OutboundChanged(row.pk, ticket.pk, ticket.number, ticket.inbox_id, ticket.version))
    return row
