"""Take a mail back while there is time, or send a refused one again."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.mail.errors import NothingToResend, TooLateToUndo
from inbox.mail.models import OutboundMail
from inbox.mail.states import OutState
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import preview_of
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.locking import lock, save_change
from inbox.tickets.states import Direction, DraftKind


@transaction.atomic
def cancel_send(outbound: OutboundMail, *, by: User) -> Ticket:
    """Take a mail back inside its undo window: its message goes, its words return into the draft of `by`.

    The ticket's state comes back as well. Raises TooLateToUndo.
    """
    outbound = OutboundMail.objects.select_for_update().get(pk=outbound.pk)
    message = outbound.message
    if outbound.state != OutState.QUEUED or outbound.send_after <= timezone.now() or message is None:
        raise TooLateToUndo("the mail is on its way already")
    ticket = lock(message.ticket)
    with purpose(Purpose.SYSTEM):
        words, before = message.text, str(outbound.envelope.get("state_before", ""))
    outbound.state = OutState.CANCELLED
    outbound.message = None
    outbound.save(update_fields=["state", "message"])
    Attachment.objects.filter(message=message).update(message=None)
    message.delete()
    save_draft(ticket, NewDraft(DraftKind.REPLY, words, base_version=ticket.version + 1), by=by)
    if before:
        ticket.state = before
    with purpose(Purpose.SYSTEM):
        newest = Message.objects.filter(ticket=ticket).exclude(direction=Direction.NOTE).order_by("-at").first()
        ticket.preview = preview_of(newest.text) if newest else ""
    save_change(ticket, "state", "preview")
    record(Action.MAIL_CANCELLED, on=ticket.as_subject(), mail=outbound.pk)
    return ticket


@transaction.atomic
def resend(outbound: OutboundMail) -> OutboundMail:
    """Try a refused or uncertain mail again, as the same mail with the same Message-ID. Needs REPLY.

    Raises NothingToResend for one that was sent or still waits.
    """
    outbound = OutboundMail.objects.select_for_update().get(pk=outbound.pk)
    if outbound.state not in {OutState.REFUSED, OutState.UNCERTAIN}:
        raise NothingToResend("this mail was sent, or still waits to be")
    outbound.state = OutState.QUEUED
    outbound.reason = ""
    outbound.attempts = 0
    outbound.send_after = timezone.now()
    outbound.save(update_fields=["state", "reason", "attempts", "send_after"])
    record(Action.MAIL_RESENT, on=outbound.as_subject(), message=outbound.message_id)
    return outbound
