"""The tasks of mail: each takes ids, may run twice, and has a sweep that finds what it missed."""

import logging
from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.core.bell import ring
from helpdesk.core.context import Actor, ActorKind, acting_as
from helpdesk.core.errors import DomainError
from inbox.mail.health import watch
from inbox.mail.models import RawMail
from inbox.mail.receive.lanes import LANES
from inbox.mail.receive.poll import is_due, is_failing, mailboxes_due, poll
from inbox.mail.receive.process import begin, read
from inbox.mail.receive.sweep import sweep_blobs, sweep_cycles
from inbox.mail.send import deliver, sent_copy
from inbox.mail.states import RawState

logger = logging.getLogger(__name__)

SYSTEM_MAIL = Actor(ActorKind.SYSTEM, label="system:mail")
_A_BATCH = 50


@shared_task(name="mail.poll_mailboxes")
def poll_mailboxes() -> None:
    """Ring for each mailbox that is due, each on its own: a slow one delays no other."""
    for mailbox_id in mailboxes_due():
        ring("mail.poll_mailbox", str(mailbox_id))


@shared_task(name="mail.poll_mailbox", expires=60)
def poll_mailbox(mailbox_id: str) -> None:
    """Let one mailbox be fetched beside others, in a lane of this process; the queue's own threads go on.

    With more mailboxes than lanes bells would pile up: an old one is forgotten, and the longest waiting mailbox is
    always rung first.
    """
    key = UUID(mailbox_id)
    if is_due(key):
        LANES.enter(key, look_into, is_failing=is_failing(key))


def look_into(mailbox_id: UUID) -> None:
    """Fetch one mailbox. A fault is noted in its row and shown there; the next look comes by itself."""
    if not is_due(mailbox_id):
        return
    with acting_as(SYSTEM_MAIL):
        try:
            poll(mailbox_id, limit_s=settings.MAIL_CYCLE_S)
        except DomainError as error:
            logger.info("poll ended early", extra={"mailbox": mailbox_id, "code": error.code})
        except Exception:  # the edge: a lane keeps to itself what it raises, and nobody would hear of a bug
            logger.exception("mailbox broke its fetching", extra={"mailbox": mailbox_id})


@shared_task(name="mail.process_mail")
def process_mail(raw_ids: list[str]) -> None:
    """Read these mails, each on its own: one that breaks us never stops those behind it."""
    with acting_as(SYSTEM_MAIL):
        for turn in begin([UUID(raw_id) for raw_id in raw_ids]):
            try:
                read(turn)
            except Exception:
                logger.exception("mail broke its processing", extra={"raw": turn.raw.pk})


@shared_task(name="mail.deliver_mail")
def deliver_mail(outbound_id: str) -> None:
    """Try one mail of the outbox."""
    with acting_as(SYSTEM_MAIL):
        deliver.deliver_mail(UUID(outbound_id))


@shared_task(name="mail.save_copy")
def save_copy(copy_id: str) -> None:
    """Put the copy of a sent mail into its folder."""
    with acting_as(SYSTEM_MAIL):
        sent_copy.save_copy(UUID(copy_id))


@shared_task(name="mail.sweep")
def sweep() -> None:
    """Ring for every mail of the outbox whose moment has come."""
    for outbound_id in deliver.due():
        ring("mail.deliver_mail", str(outbound_id))


@shared_task(name="mail.sweep_slow")
def sweep_slow() -> None:
    """Find stored mail that nobody read, and claims whose worker died."""
    with acting_as(SYSTEM_MAIL):
        deliver.release_stale()
        sent_copy.release_stale_copies()
    for copy_id in sent_copy.due_copies():
        ring("mail.save_copy", str(copy_id))
    waiting = [str(raw_id) for raw_id in _unread()]
    for start in range(0, len(waiting), _A_BATCH):
        ring("mail.process_mail", waiting[start : start + _A_BATCH])


@shared_task(name="mail.sweep_blobs")
def sweep_orphans() -> None:
    """Remove sealed files that no row names, and the record of old cycles."""
    sweep_blobs()
    sweep_cycles()


@shared_task(name="mail.watch")
def watch_mailboxes() -> None:
    """Raise the alarm for mailboxes that are not fetched any more, and give the all-clear."""
    with acting_as(SYSTEM_MAIL):
        watch()


def _unread() -> list[UUID]:
    now = timezone.now()
    tried = Q(next_try_at__lte=now)
    missed = Q(next_try_at=None, stored_at__lt=now - timedelta(seconds=30))
    rows = RawMail.objects.filter(tried | missed, state=RawState.STORED).order_by(F("stored_at"))
    return list(rows.values_list("pk", flat=True)[:1000])
