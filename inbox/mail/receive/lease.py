"""One fetcher a mailbox: a lease in its row, with a heartbeat and a fencing number."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db.models import F, Q
from django.utils import timezone

from inbox.mail.errors import LeaseLost, LeaseTaken
from inbox.mail.models import Mailbox

LEASE: Final = timedelta(seconds=180)
"""Longer than any single wait for a server: whoever holds it beats between two waits."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A held lease."""

    mailbox_id: UUID
    number: int

    def beat(self) -> None:
        """Prolong the lease. Raises LeaseLost when somebody else has taken over."""
        mine = Mailbox.objects.filter(pk=self.mailbox_id, lease_number=self.number, lease_until__isnull=False)
        if not mine.update(lease_until=timezone.now() + LEASE):
            raise LeaseLost("another fetcher took over")


@contextmanager
def held(mailbox_id: UUID) -> Iterator[Lease]:
    """Hold the mailbox's lease inside. Raises LeaseTaken while somebody else does."""
    free = Q(lease_until=None) | Q(lease_until__lt=timezone.now())
    taken = Mailbox.objects.filter(free, pk=mailbox_id).update(
        lease_until=timezone.now() + LEASE, lease_number=F("lease_number") + 1
    )
    if not taken:
        raise LeaseTaken("somebody else fetches this mailbox")
    lease = Lease(mailbox_id, Mailbox.objects.values_list("lease_number", flat=True).get(pk=mailbox_id))
    try:
        yield lease
    finally:
        Mailbox.objects.filter(pk=mailbox_id, lease_number=lease.number).update(lease_until=None)
