"""Deliver what waits in the outbox: claim, compose, hand in, settle."""

import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.killpoints import reached
from helpdesk.crypto.errors import CryptoError
from inbox.mail import tokens
from inbox.mail.imap.wire import Security, Step, WireError
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.models.outbound import WAITING
from inbox.mail.oauth.credentials import drop_access, smtp_credential
from inbox.mail.send.autoreply import is_wanted
from inbox.mail.send.compose import Composed, compose
from inbox.mail.send.connection import SmtpServer
from inbox.mail.send.opened import opened_files
from inbox.mail.send.outbox import way_out
from inbox.mail.send.patience import keep_pace
from inbox.mail.send.pool import POOL
from inbox.mail.send.settle import Settled, settle, uncertain, verdict, without_mailbox
from inbox.mail.send.smtp import Letter, Outcome, OutcomeKind
from inbox.mail.states import KillPoint, OutReason, OutState

logger = logging.getLogger(__name__)

CLAIM: Final = timedelta(minutes=10)
"""Longer than a try should take: a claim older than that has lost its worker."""
_MOST_STARTS: Final = 9
"""A mail whose worker dies that often before it is handed in is given up: a person is told."""
_AT_ONCE: Final = 200


def due() -> list[UUID]:
    """Return the mails whose moment has come: one indexed query, short when nothing is due.

    Those of a mailbox that has to wait are left out.
    """
    now = timezone.now()
    rows = OutboundMail.objects.filter(WAITING, send_after__lte=now).exclude(mailbox__smtp_paused_until__gt=now)
    rows = rows.order_by("send_after")
    return list(rows.values_list("pk", flat=True)[:_AT_ONCE])


def deliver_mail(outbound_id: UUID) -> OutState | None:
    """Try one mail and return where it ended, None when it was not due or somebody else has it. May run twice."""
    row = _claim(outbound_id)
    if row is None:
        return None
    ready = _prepared(row)
    if isinstance(ready, Settled):
        return settle(row, ready)
    if not _mark_handing(row):
        return None
    composed = ready.composed
    letter = Letter(composed.sender, composed.recipients, composed.mime, tokens.bounce_word(row.pk))
    outcome = POOL.deliver(ready.mailbox.pk, ready.server, letter, timeout_s=settings.MAIL_SMTP_TIMEOUT_S)
    reached(KillPoint.DELIVERY_ANSWERED)
    keep_pace(ready.mailbox.pk, outcome)
    if outcome.step is Step.SIGN_IN:
        drop_access(ready.mailbox)
    return settle(row, verdict(row, outcome))


def release_stale() -> int:
    """Free the mails whose worker died, and return how many: before handing in they wait again, later nobody knows."""
    stale = OutboundMail.objects.filter(state=OutState.SENDING, claimed_at__lt=timezone.now() - CLAIM)
    handed, worn = Q(reason=OutReason.HANDING), Q(attempts__gte=_MOST_STARTS)
    released = stale.exclude(handed | worn).update(state=OutState.QUEUED, claimed_at=None)
    for row in stale.filter(handed):
        settle(row, uncertain(row))
        released += 1
    for row in stale.filter(worn).exclude(handed):
        settle(row, Settled(OutState.REFUSED, OutReason.BROKEN))
        released += 1
    return released


def smtp_server(mailbox: Mailbox) -> SmtpServer:
    """Return where the mailbox hands mail in. Opens its secret. Raises WireError when no access token can be had."""
    known = smtp_credential(mailbox)
    return SmtpServer(
        mailbox.smtp_host,
        mailbox.smtp_port,
        Security(mailbox.smtp_security),
        mailbox.ca_file or None,
        user=known.user,
        password=known.password,
        bearer=known.bearer,
    )


@transaction.atomic
def _claim(outbound_id: UUID) -> OutboundMail | None:
    now = timezone.now()
    rows = OutboundMail.objects.select_for_update(skip_locked=True, of=("self",))
    row = rows.select_related("mailbox", "inbox").filter(WAITING, pk=outbound_id, send_after__lte=now).first()
    if row is None or (row.mailbox is not None and _must_wait(row.mailbox)):
        return None
    row.state = OutState.SENDING
    row.reason = ""
    row.claimed_at = now
    row.attempts += 1
    row.save(update_fields=["state", "reason", "claimed_at", "attempts"])
    transaction.on_commit(lambda: reached(KillPoint.DELIVERY_CLAIMED))
    return row


def _must_wait(mailbox: Mailbox) -> bool:
    """Return whether the mailbox's server asked for patience; after its pause one mail at a time tries how it is."""
    if mailbox.smtp_paused_until is not None and mailbox.smtp_paused_until > timezone.now():
        return True
    under_way = OutboundMail.objects.filter(mailbox=mailbox, state=OutState.SENDING)
    return mailbox.smtp_pauses > 0 and under_way.exists()


@dataclass(frozen=True, slots=True)
class _Ready:
    """What is handed in, and where."""

    mailbox: Mailbox
    composed: Composed
    server: SmtpServer


def _prepared(row: OutboundMail) -> _Ready | Settled:
    """Return what a try needs, or where the mail stands without one."""
    mailbox = way_out(row) if is_wanted(row) else None
    if mailbox is None:
        return _unsent(row)
    try:
        return _Ready(mailbox, _composed(row), smtp_server(mailbox))
    except CryptoError:
        return Settled(OutState.REFUSED, OutReason.SEALED)
    except WireError as error:
        return verdict(row, Outcome(OutcomeKind.DEFERRED, error.words, step=error.step))


def _unsent(row: OutboundMail) -> Settled:
    return without_mailbox(row) if is_wanted(row) else Settled(OutState.CANCELLED, OutReason.NOT_WANTED)


def _composed(row: OutboundMail) -> Composed:
    with purpose(Purpose.SYSTEM):
        return compose(row, opened_files(row))


def _mark_handing(row: OutboundMail) -> bool:
    """Note that from here on a dead worker leaves open whether the server has the mail.

    False when the claim went stale meanwhile, as on a machine that slept: somebody else has the mail now.
    """
    claimed = OutboundMail.objects.filter(pk=row.pk, state=OutState.SENDING, attempts=row.attempts)
    if not claimed.update(reason=OutReason.HANDING):
        return False
    row.reason = OutReason.HANDING
    reached(KillPoint.DELIVERY_HANDING)
    return True
