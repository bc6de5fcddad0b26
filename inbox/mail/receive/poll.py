"""One cycle over a mailbox and what it leaves behind: its row, the next moment, the fault in the server's own words."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F, Q
from django.utils import timezone

from helpdesk.core.errors import DomainError
from inbox.mail.errors import LeaseLost
from inbox.mail.imap.wire import Step, WireError
from inbox.mail.models import Mailbox, MailboxCycle
from inbox.mail.models.mailbox import alarm_after
from inbox.mail.receive.fetch import Fetched, Patience, fetch_new
from inbox.mail.receive.lease import Lease, held, is_free

logger = logging.getLogger(__name__)

_FIRST_WAIT_S: Final = 30
_LONGEST_WAIT_S: Final = 900
"""Every mailbox is tried at least that often, whatever its server says."""
_GO_ON_S: Final = 2


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


def is_failing(mailbox_id: UUID) -> bool:
    """Return whether the last look into the mailbox failed, so that the next one may take as long for nothing.

    Of a server that cannot be reached every mailbox counts, whichever found it out.
    """
    box = Mailbox.objects.filter(pk=mailbox_id).first()
    if box is None or box.failures:
        return True
    same_server = Mailbox.objects.filter(imap_host=box.imap_host, imap_port=box.imap_port, failures__gt=0, active=True)
    return same_server.filter(fault_step__in=_OF_THE_SERVER).exists()


_OF_THE_SERVER: Final = (Step.DNS, Step.TCP, Step.TLS)


def poll(
    mailbox_id: UUID, *, limit_s: float | None = None, on_progress: Callable[[Fetched], None] = lambda _: None
) -> Fetched:
    """Fetch a mailbox, to its end or for about `limit_s`, and note how it went. `on_progress` hears the growing sum.

    Raises WireError, StorageFull, LeaseTaken or LeaseLost after noting it; the next look comes by itself.
    """
    # Before the try: a bug of ours, or a worker that dies, does not make it due at once again.
    Mailbox.objects.filter(pk=mailbox_id).update(next_poll_at=_next(settings.POSTERN_POLL_S))
    with held(mailbox_id) as lease:
        cycle = MailboxCycle.objects.create(mailbox_id=mailbox_id)
        return _Noted(lease, cycle).run(Patience(limit_s), on_progress)


class _Noted:
    """A cycle whose outcome is written down, whatever it is."""

    def __init__(self, lease: Lease, cycle: MailboxCycle) -> None:
        self._lease = lease
        self._cycle = cycle
        self._fetched = Fetched()

    def run(self, patience: Patience, on_progress: Callable[[Fetched], None]) -> Fetched:
        """Fetch. Raises what fetching raises."""
        step, words = "interrupted", ""
        try:
            for fetched in fetch_new(self._lease, patience=patience):
                self._fetched = fetched
                on_progress(fetched)
            step = ""
        except WireError as error:
            step, words = error.step.value, error.words
            raise
        except DomainError as error:
            step = error.code
            raise
        finally:
            self._note(step, words)
        return self._fetched

    def _note(self, step: str, words: str) -> None:
        self._end_cycle(step, words)
        if step == LeaseLost.code:
            return  # whoever took over tells how it goes on
        mailbox = Mailbox.objects.get(pk=self._lease.mailbox_id)
        if step in ("", Step.DISPOSE.value):
            self._note_good(mailbox)
        else:
            mailbox.failures += 1
            wait = _FIRST_WAIT_S * 2 ** min(mailbox.failures - 1, 5)
            mailbox.next_poll_at = _next(min(_LONGEST_WAIT_S, wait))
            logger.warning("mailbox could not be fetched", extra={"mailbox": mailbox.pk, "step": step})
        mailbox.fault_step = step[:20]
        if step:
            mailbox.fault_words = words
        mailbox.save(update_fields=_NOTED)

    def _note_good(self, mailbox: Mailbox) -> None:
        """The mailbox was read to the end, or as far as this cycle goes."""
        now = timezone.now()
        for name, value in outage_seen(mailbox, self._fetched, now).items():
            setattr(mailbox, name, value)
        mailbox.last_good_at = now
        mailbox.failures = 0
        mailbox.next_poll_at = _next(_GO_ON_S if self._fetched.left else settings.POSTERN_POLL_S)

    def _end_cycle(self, step: str, words: str) -> None:
        cycle, taken = self._cycle, self._fetched.taken
        cycle.ended_at = timezone.now()
        cycle.stored, cycle.skipped, cycle.duplicate = taken.stored, taken.skipped, taken.duplicate
        cycle.reconciled, cycle.disposed = taken.reconciled, taken.disposed
        cycle.fault_step = step[:20]
        cycle.fault_words = words or None
        cycle.save()


_NOTED: Final = (
    "last_good_at", "failures", "fault_step", "fault_words", "next_poll_at", "outage_from", "outage_until",
    "outage_mails",
)  # fmt: skip


def outage_seen(mailbox: Mailbox, fetched: Fetched, now: datetime) -> Mapping[str, datetime | int | None]:
    """Return the columns that tell of an outage which this good cycle ends, and of the mails that came in after it.

    It is over once everything new is here. Without an outage nothing changes.
    """
    since, mails = mailbox.outage_from, mailbox.outage_mails
    if since is None or mailbox.outage_until is not None:
        good = mailbox.last_good_at
        if good is None or now - good <= alarm_after():
            return {}
        since, mails = good, 0
    is_over = fetched.left == fetched.back_left
    return {
        "outage_from": since,
        "outage_mails": mails + fetched.stored,
        "outage_until": now if is_over else None,
    }


def _next(seconds: float) -> datetime:
    # A little jitter, so that many mailboxes of one server do not knock together.
    return timezone.now() + timedelta(seconds=seconds * SystemRandom().uniform(0.9, 1.1))
