"""Remove what nobody needs any more: sealed files that no row names, and the record of old cycles."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from helpdesk.crypto.files import delete_blob, drop_partials, find_blobs
from inbox.mail.models import MailboxCycle, RawMail
from inbox.tickets.models import Attachment

AGE: Final = timedelta(hours=24)
"""Younger files may belong to a transaction that is still open."""
CYCLES_KEPT: Final = timedelta(days=30)
QUIET_CYCLES_KEPT: Final = timedelta(days=1)
"""Cycles in which nothing came, nothing went and nothing failed."""
_AT_ONCE: Final = 500


def sweep_blobs() -> int:
    """Delete files older than a day that no mail and no attachment names; return how many. May run twice."""
    before = timezone.now() - AGE
    dropped = drop_partials(older_than=before)
    for some in _in_parts(find_blobs(older_than=before)):
        orphans = set(some) - _named(some)
        for blob_id in orphans:
            delete_blob(blob_id)
        dropped += len(orphans)
    return dropped


def sweep_cycles() -> int:
    """Delete the record of cycles that is older than it is kept; return how many rows went. May run twice."""
    now = timezone.now()
    old = Q(started_at__lt=now - CYCLES_KEPT)
    quiet = Q(stored=0, skipped=0, duplicate=0, reconciled=0, disposed=0, fault_step="", ended_at__isnull=False)
    quiet_and_past = quiet & Q(started_at__lt=now - QUIET_CYCLES_KEPT)
    return MailboxCycle.objects.filter(old | quiet_and_past).delete()[0]


def _named(blobs: list[UUID]) -> set[UUID]:
    raws = RawMail.objects.filter(blob__in=blobs).values_list("blob", flat=True)
    files = Attachment.objects.filter(blob__in=blobs).values_list("blob", flat=True)
    return {blob for blob in (*raws, *files) if blob is not None}


def _in_parts(blobs: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(blobs)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
