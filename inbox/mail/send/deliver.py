"""Deliver what waits in the outbox: claim, compose, hand in, settle."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from audit.actions import Action
from audit.actions import Outcome as How
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.events import emit
from helpdesk.core.killpoints import reached
from helpdesk.crypto.files import open_blob
from inbox.mail.events import OutboundChanged
from inbox.mail.imap.wire import Security
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.compose import Composed, File, compose
from inbox.mail.send.smtp import Outcome, OutcomeKind, SmtpServer, deliver
from inbox.mail.states import KillPoint, OutState
from inbox.tickets.models import Attachment, Ticket

logger = logging.getLogger(__name__)

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720, 1440))
"""Between tries of a deferred mail. After the last one it is refused (RFC 5321 4.5.4.1 asks for days)."""
CLAIM: Final = timedelta(minutes=10)
"""Longer than a try can take: a claim older than that has lost its worker."""
SECOND_TRY: Final = timedelta(minutes=15)

HANDING: Final = "handing"
LOST: Final = "connection_lost"
LOST_TWICE: Final = "connection_lost_twice"
SECOND: Final = "second_try"
GAVE_UP: Final = "gave_up"
PARTLY: Final = "partly_refused"
NO_MAILBOX: Final = "no_mailbox"


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a try leaves its row."""

    state: OutState
    reason: str = ""
    send_after: datetime | None = None
    words: str | None = None


def due() -> list[UUID]:
    """Return the mails whose moment has come: one indexed query, short when nothing is due."""
    now = timezone.now()
    waiting = Q(state__in=[OutState.QUEUED, OutState.DEFERRED], send_after__lte=now)
    lost = Q(state=OutState.UNCERTAIN, reason=LOST, send_after__lte=now)
    return list(OutboundMail.objects.filter(waiting | lost).order_by("send_after").values_list("pk", flat=True)[:200])


def deliver_mail(outbound_id: UUID) -> OutState | None:
    """Try one mail and return where it ended, None when it was not due or somebody else has it. May run twice."""
    row = _claim(outbound_id)
    if row is None:
        return None
    if row.mailbox is None:
        return _settle(row, Settled(OutState.REFUSED, NO_MAILBOX))
    composed = _composed(row)
    _mark_handing(row)
    outcome = deliver(
        smtp_server(row.mailbox),
        sender=composed.sender,
        recipients=composed.recipients,
        mime=composed.mime,
        timeout_s=settings.MAIL_SMTP_TIMEOUT_S,
    )
    reached(KillPoint.DELIVERY_ANSWERED)
    return _settle(row, _verdict(row, outcome))


def release_stale() -> int:
    """Free the mails whose worker died, and return how many: before handing in they wait again, later nobody knows."""
    stale = Q(state=OutState.SENDING, claimed_at__lt=timezone.now() - CLAIM)
    handed = Q(reason__in=[HANDING, SECOND])
    again = OutboundMail.objects.filter(stale & ~handed).update(state=OutState.QUEUED, claimed_at=None)
    released = 0
    for row in OutboundMail.objects.filter(stale & handed):
        _settle(row, _uncertain(row))
        released += 1
    return again + released


def smtp_server(mailbox: Mailbox) -> SmtpServer:
    """Return where the mailbox hands mail in. Opens its secret."""
    with purpose(Purpose.SYSTEM):
        secret = mailbox.secret
    return SmtpServer(
        mailbox.smtp_host,
        mailbox.smtp_port,
        Security(mailbox.smtp_security),
        mailbox.ca_file or None,
        user=mailbox.smtp_user,
        password=str(secret.get("smtp_password") or secret.get("imap_password", "")) if mailbox.smtp_user else "",
    )


@transaction.atomic
def _claim(outbound_id: UUID) -> OutboundMail | None:
    now = timezone.now()
    rows = OutboundMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("mailbox", "message")
    row = rows.filter(pk=outbound_id, send_after__lte=now).first()
    if row is None:
        return None
    second = row.state == OutState.UNCERTAIN and row.reason == LOST
    if row.state not in {OutState.QUEUED, OutState.DEFERRED} and not second:
        return None
    row.state = OutState.SENDING
    row.reason = SECOND if second else ""
    row.claimed_at = now
    row.attempts += 1
    row.save(update_fields=["state", "reason", "claimed_at", "attempts"])
    transaction.on_commit(lambda: reached(KillPoint.DELIVERY_CLAIMED))
    return row


def _composed(row: OutboundMail) -> Composed:
    with purpose(Purpose.SYSTEM):
        return compose(row, _files(row))


def _files(row: OutboundMail) -> list[File]:
    files = Attachment.objects.filter(message=row.message) if row.message else Attachment.objects.none()
    return [File(file.name, b"".join(open_blob(file.blob, file.seal_ref(), kind="attachment"))) for file in files]


def _mark_handing(row: OutboundMail) -> None:
    # From here on a dead worker leaves open whether the server has the mail.
    if row.reason != SECOND:
        row.reason = HANDING
        row.save(update_fields=["reason"])
    reached(KillPoint.DELIVERY_HANDING)


def _verdict(row: OutboundMail, outcome: Outcome) -> Settled:
    if outcome.kind is OutcomeKind.SENT:
        words = "; ".join(f"{each.recipient}: {each.words}" for each in outcome.turned_away)
        return Settled(OutState.SENT, PARTLY if words else "", words=words or None)
    if outcome.kind is OutcomeKind.UNCERTAIN:
        return _uncertain(row)
    if outcome.kind is OutcomeKind.REFUSED:
        return Settled(OutState.REFUSED, "refused", words=outcome.words)
    if row.attempts > len(WAITS):
        return Settled(OutState.REFUSED, GAVE_UP, words=outcome.words)
    wait = WAITS[row.attempts - 1]
    return Settled(OutState.DEFERRED, outcome.step.value, send_after=timezone.now() + wait, words=outcome.words)


def _uncertain(row: OutboundMail) -> Settled:
    """Tried again by itself once at most, with the same Message-ID; then a person decides (DESIGN 6.22)."""
    if row.reason == SECOND:
        return Settled(OutState.UNCERTAIN, LOST_TWICE)
    return Settled(OutState.UNCERTAIN, LOST, send_after=timezone.now() + SECOND_TRY)


@transaction.atomic
def _settle(row: OutboundMail, settled: Settled) -> OutState:
    row = OutboundMail.objects.select_for_update(of=("self",)).select_related("message__ticket").get(pk=row.pk)
    if row.state != OutState.SENDING:
        return OutState(row.state)
    row.state = settled.state
    row.reason = settled.reason
    row.claimed_at = None
    row.server_words = settled.words
    if settled.send_after is not None:
        row.send_after = settled.send_after
    if settled.state == OutState.SENT:
        row.sent_at = timezone.now()
    row.save(update_fields=["state", "reason", "claimed_at", "server_words", "send_after", "sent_at"])
    _record(row)
    if row.message is not None:
        _announce(row, row.message.ticket)
    transaction.on_commit(lambda: reached(KillPoint.DELIVERY_SETTLED))
    return settled.state


def _record(row: OutboundMail) -> None:
    if row.state == OutState.SENT:
        record(Action.MAIL_SENT, on=row.as_subject(), message=row.message_id)
    elif row.state == OutState.REFUSED:
        record(Action.MAIL_REFUSED, on=row.as_subject(), outcome=How.FAILED, reason=row.reason)
    elif row.state == OutState.UNCERTAIN:
        record(Action.MAIL_UNCERTAIN, on=row.as_subject(), outcome=How.FAILED, reason=row.reason)


def _announce(row: OutboundMail, ticket: Ticket) -> None:
    emit(OutboundChanged(row.pk, ticket.pk, ticket.number, ticket.inbox_id, ticket.version))
