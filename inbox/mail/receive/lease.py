"""One fetcher a mailbox: a lease in its row, with a heartbeat and a fencing number."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
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

    def beat(self, moves: Mapping[str, int] | None = None) -> None:
        """Prolong the lease and set the columns of `moves`. Raises LeaseLost when somebody else has taken over.

        Within a transaction it holds the row until the end, so that nobody takes over while mails are stored.
        """
        mine = Mailbox.objects.filter(pk=self.mailbox_id, lease_number=self.number, lease_until__isnull=False)
        if not mine.update(lease_until=timezone.now() + LEASE, **(moves or {})):
            raise LeaseLost("another fetcher took over")


def is_free() -> Q:
    """Return the condition of a mailbox that nobody holds.

    A lease that ends long after one made now would was written before the machine's clock was set back.
    """
    now = timezone.now()
    return Q(lease_until=None) | Q(lease_until__lt=now) | Q(lease_until__gt=now + 2 * LEASE)


@contextmanager
def held(mailbox_id: UUID) -> Iterator[Lease]:
    """Hold the mailbox's lease inside. Raises LeaseTaken while somebody else does."""
    lease = _take(mailbox_id)
    try:
        yield lease
    finally:
        Mailbox.objects.filter(pk=mailbox_id, lease_number=lease.number).update(lease_until=None)


@transaction.atomic
def _take(mailbox_id: UUID) -> Lease:
    # Whoever stores a large mail holds the row for as long as that takes: nobody waits for them.
    rows = Mailbox.objects.select_for_update(skip_locked=True).filter(is_free(), pk=mailbox_id)
    last = rows.values_list("lease_number", flat=True).first()
    if last is None:
        raise LeaseTaken("somebody else fetches this mailbox")
    Mailbox.objects.filter(pk=mailbox_id).update(lease_until=timezone.now() + LEASE, lease_number=last + 1)
    return Lease(mailbox_id, last + 1)
