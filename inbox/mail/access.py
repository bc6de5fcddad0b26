"""The doors to mail: by the ticket that it belongs to, or by the inbox whose mail one administers."""

from typing import NoReturn
from uuid import UUID

from audit.actions import Action, Outcome, SubjectKind
from audit.record import record
from audit.subjects import Subject
from inbox.inboxes.permissions import Access, Right
from inbox.mail.errors import MailNotFound, NothingToRetry
from inbox.mail.models import Bounce, InboundMail, Mailbox, OutboundMail, RawMail
from inbox.mail.overview.outbox import may_act_on, outgoing
from inbox.mail.overview.quarantine import quarantined
from inbox.mail.overview.scope import administered
from inbox.mail.states import RawState
from inbox.tickets.access import message_for, ticket_for
from inbox.tickets.errors import RightMissing
from inbox.tickets.models import Ticket


def outbound_for(access: Access, outbound_id: UUID, *, need: Right) -> OutboundMail:
    """Return an outgoing mail of a ticket that `access` may see and do `need` on. Raises MailNotFound, RightMissing."""
    rows = OutboundMail.objects.select_related("message__ticket", "inbox", "mailbox")
    row = rows.filter(pk=outbound_id, message__ticket__in=Ticket.objects.visible_to(access)).first()
    if row is None or row.message is None:
        _deny(Subject(SubjectKind.MAIL, outbound_id), need=need)
    ticket_for(access, row.message.ticket.number, need=need)
    return row


def bounce_for(access: Access, bounce_id: UUID, *, need: Right) -> Bounce:
    """Return a report on a mail of a ticket that `access` may see and do `need` on. Raises as outbound_for does."""
    row = Bounce.objects.filter(pk=bounce_id, outbound__isnull=False).first()
    if row is None or row.outbound_id is None:
        _deny(Subject(SubjectKind.MAIL, bounce_id), need=need)
    row.outbound = outbound_for(access, row.outbound_id, need=need)
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


def require_administration(access: Access) -> None:
    """Raise MailNotFound for somebody who administers the mail of no inbox."""
    if not administered(access):
        _deny(Subject(SubjectKind.DESK), need=Right.MANAGE_MAILBOX)


def mailbox_for(access: Access, mailbox_id: UUID) -> Mailbox:
    """Return a mailbox of an inbox whose mail the person administers. Raises MailNotFound."""
    rows = Mailbox.objects.filter(pk=mailbox_id, inbox__in=administered(access))
    mailbox = rows.select_related("inbox").first()
    if mailbox is None:
        _deny(Subject(SubjectKind.MAILBOX, mailbox_id), need=Right.MANAGE_MAILBOX)
    return mailbox


def quarantined_mail_for(access: Access, raw_id: UUID) -> RawMail:
    """Return a mail that could not be read, of an inbox whose mail the person administers. Raises MailNotFound."""
    raw = quarantined(access).filter(pk=raw_id).first()
    if raw is None:
        _deny(Subject(SubjectKind.MAIL, raw_id), need=Right.MANAGE_MAILBOX)
    return raw


def stray_report_for(access: Access, bounce_id: UUID) -> Bounce:
    """Return a report on no mail of ours, in an inbox whose mail the person administers. Raises MailNotFound."""
    row = Bounce.objects.filter(pk=bounce_id, outbound=None, inbox__in=administered(access)).first()
    if row is None:
        _deny(Subject(SubjectKind.MAIL, bounce_id), need=Right.MANAGE_MAILBOX)
    return row


def outgoing_mail_for(access: Access, outbound_id: UUID, *, to_act: bool) -> OutboundMail:
    """Return an outgoing mail of an inbox whose mail the person administers.

    `to_act` asks for REPLY or MANAGE_MAILBOX besides. Raises MailNotFound, RightMissing.
    """
    row = outgoing(access).select_related("message__ticket", "inbox", "mailbox").filter(pk=outbound_id).first()
    if row is None:
        _deny(Subject(SubjectKind.MAIL, outbound_id), need=Right.MANAGE_MAILBOX)
    if to_act and not may_act_on(access, row):
        _record_denied(row.as_subject(), need=Right.MANAGE_MAILBOX)
        raise RightMissing(Right.MANAGE_MAILBOX)
    return row


def _deny(subject: Subject, *, need: Right) -> NoReturn:
    _record_denied(subject, need=need)
    raise MailNotFound("no such mail")


def _record_denied(subject: Subject, *, need: Right) -> None:
    record(Action.ACCESS_DENIED, on=subject, outcome=Outcome.DENIED, survives_rollback=True, need=need.value)
