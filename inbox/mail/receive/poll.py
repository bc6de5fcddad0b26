"""One cycle over a mailbox, with what it left behind: the next moment, or the fault in the server's own words."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.core.errors import DomainError
from inbox.mail.errors import LeaseLost, LeaseTaken
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox
from inbox.mail.receive.fetch import Fetched, fetch_new
from inbox.mail.receive.lease import is_free

logger = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 30
_LONGEST_WAIT_S: Final = 900
"""Every mailbox is tried at least that often, whatever its server says."""


def mailboxes_due() -> list[UUID]:
    """Return the mailboxes whose next look has come and that nobody fetches now, the longest waiting first."""
    now = timezone.now()
    due = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    rows = Mailbox.objects.filter(due, is_free(), active=True).exclude(imap_host="")
    return list(rows.order_by(F("next_poll_at").asc(nulls_first=True)).values_list("pk", flat=True))


def is_due(mailbox_id: UUID) -> bool:
    """Return whether the mailbox still waits for a look: its bell may have rung twice."""
    now = timezone.now()
    due = Q(next_poll_at=None) | Q(next_poll_at__lte=now)
    return Mailbox.objects.filter(due, pk=mailbox_id, active=True).exists()


def poll(mailbox_id: UUID, *, on_progress: Callable[[Fetched], None] = lambda _: None) -> Fetched:
    """Fetch a mailbox to its end and note how it went. `on_progress` hears the growing sum.

    Raises WireError, StorageFull, LeaseTaken or LeaseLost after noting it; the next look comes by itself.
    """
    # Before the try: a bug of ours, or a worker that dies, does not make it due at once again.
    Mailbox.objects.filter(pk=mailbox_id).update(next_poll_at=_next(settings.POSTERN_POLL_S))
    fetched = Fetched()
    try:
        for fetched in fetch_new(mailbox_id):
            on_progress(fetched)
    except (LeaseTaken, LeaseLost):
        raise
    except DomainError as error:
        words = error.words if isinstance(error, WireError) else ""
        _note_fault(mailbox_id, error.step.value if isinstance(error, WireError) else error.code, words)
        raise
    Mailbox.objects.filter(pk=mailbox_id).update(
        last_good_at=timezone.now(), failures=0, fault_step="", next_poll_at=_next(settings.POSTERN_POLL_S)
    )
    return fetched


def _note_fault(mailbox_id: UUID, step: str, words: str) -> None:
    mailbox = Mailbox.objects.get(pk=mailbox_id)
    mailbox.failures += 1
    mailbox.fault_step = step[:20]
    mailbox.fault_words = words
    mailbox.next_poll_at = _next(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 2 ** min(mailbox.failures - 1, 5)))
    mailbox.save(update_fields=["failures", "fault_step", "fault_words", "next_poll_at"])
    logger.warning("mailbox could not be fetched", extra={"mailbox": mailbox_id, "step": step})


def _next(seconds: float) -> datetime:
    # A little jitter, so that many mailboxes of one server do not knock together.
    return timezone.now() + timedelta(seconds=seconds * SystemRandom().uniform(0.9, 1.1))
