"""Take a mail back while there is time, or send a refused one again."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ids import new_id
from inbox.mail.errors import NothingToResend, NotTheAuthor, TooLateToUndo
from inbox.mail.models import OutboundMail
from inbox.mail.states import OutKind, OutState
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import preview_of
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.locking import lock, require_outside_bin, save_change
from inbox.tickets.states import Direction, DraftKind


@transaction.atomic
def cancel_send(outbound: OutboundMail, *, by: User) -> Ticket:
    """Take a mail back inside its undo window: its message goes, its words return into the draft of `by`.

    Its files stay with the ticket, found by `by` alone (`send.files.kept_files`), until a reply names them; those of a
    forward, or of an answer to another party, go: they are no files for the customer. The ticket's state comes back as
    well; a conversation that the mail began goes into the bin. The form's key is free again, so that the same page may
    send once more. Raises TooLateToUndo, and NotTheAuthor for somebody else's mail.
    """
    outbound = OutboundMail.objects.select_for_update().get(pk=outbound.pk)
    message = outbound.message
    if outbound.state != OutState.QUEUED or outbound.send_after <= timezone.now() or message is None:
        raise TooLateToUndo("the mail is on its way already")
    if outbound.author_id != by.pk:
        raise NotTheAuthor("only who wrote a mail takes it back")
    ticket = lock(message.ticket)
    _keep_words(outbound, message, ticket, by=by)
    _take_back(outbound, message, by=by)
    _put_back(ticket, outbound)
    record(Action.MAIL_CANCELLED, on=ticket.as_subject(), mail=outbound.pk)
    return delete_ticket(ticket) if outbound.kind == OutKind.NEW else ticket


@transaction.atomic
def resend(outbound: OutboundMail) -> OutboundMail:
    """Try a refused, uncertain or stopped mail again: the same mail with the same Message-ID.

    Needs REPLY, or MANAGE_MAILBOX.

    One that was sent goes only to those who were refused. Raises NothingToResend for one that everybody got or that
    still waits, IllegalMove for one of a ticket in the bin.
    """
    outbound = OutboundMail.objects.select_for_update().get(pk=outbound.pk)
    if outbound.message is not None:
        require_outside_bin(outbound.message.ticket)
    if not outbound.can_be_resent:
        raise NothingToResend("this mail was sent, or still waits to be")
    outbound.state = OutState.QUEUED
    outbound.reason = ""
    outbound.attempts = 0
    outbound.send_after = timezone.now()
    with purpose(Purpose.SYSTEM):
        if outbound.outstanding is not None:
            outbound.outstanding = {"to": outbound.outstanding["to"], "refused": {}}
    outbound.save(update_fields=["state", "reason", "attempts", "send_after", "outstanding"])
    record(Action.MAIL_RESENT, on=outbound.as_subject(), message=outbound.message_id)
    return outbound


def _keep_words(outbound: OutboundMail, message: Message, ticket: Ticket, *, by: User) -> None:
    with purpose(Purpose.SYSTEM):
        words, subject, envelope = message.text, outbound.subject, outbound.envelope
    if outbound.kind == OutKind.REPLY:
        save_draft(ticket, NewDraft(DraftKind.REPLY, words, base_version=ticket.version + 1), by=by)
        return
    fields = {part: ", ".join(_written(pair) for pair in envelope[part]) for part in ("to", "cc")}
    fields |= {"subject": subject, "inbox": str(ticket.inbox_id), "message": str(message.answers_id or "")}
    if outbound.kind == OutKind.NEW:
        save_draft(None, NewDraft(DraftKind.NEW, words, fields=fields), by=by)
    else:
        # What was meant for another party must not come back into the box for the customer.
        kind = DraftKind.FORWARD if outbound.kind == OutKind.FORWARD else DraftKind.PARTY
        save_draft(ticket, NewDraft(kind, words, base_version=ticket.version + 1, fields=fields), by=by)


def _written(pair: list[str]) -> str:
    name, address = pair
    return f"{name} <{address}>" if name else address


def _take_back(outbound: OutboundMail, message: Message, *, by: User) -> None:
    outbound.state = OutState.CANCELLED
    outbound.message = None
    outbound.once = new_id()
    outbound.save(update_fields=["state", "message", "once"])
    files = Attachment.objects.filter(message=message)
    (files if message.other_party else files.filter(inline=True)).delete()
    files.update(message=None, uploaded_by=by)
    message.delete()


def _put_back(ticket: Ticket, outbound: OutboundMail) -> None:
    with purpose(Purpose.SYSTEM):
        before = str(outbound.envelope.get("state_before", ""))
        newest = Message.objects.filter(ticket=ticket).exclude(direction=Direction.NOTE).order_by("-at").first()
        ticket.preview = preview_of(newest.text) if newest else ""
    after = ticket.state
    if before:
        ticket.state = before
    save_change(ticket, "state", "preview")
    if ticket.state != after:
        record(Action.TICKET_STATE, on=ticket.as_subject(), before=after, after=ticket.state)
