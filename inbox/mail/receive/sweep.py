"""Remove sealed files that no row names: what a crash left between a rename and its commit."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.utils import timezone

from helpdesk.crypto.files import delete_blob, drop_partials, find_blobs
from inbox.mail.models import RawMail
from inbox.tickets.models import Attachment

AGE: Final = timedelta(hours=24)
"""Younger files may belong to a transaction that is still open."""
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


def _named(blobs: list[UUID]) -> set[UUID]:
    raws = RawMail.objects.filter(blob__in=blobs).values_list("blob", flat=True)
    files = Attachment.objects.filter(blob__in=blobs).values_list("blob", flat=True)
    return {blob for blob in (*raws, *files) if blob is not None}


def _in_parts(blobs: Iterable[UUID]) -> Iterator[list[UUID]]:
    rest = iter(blobs)
    while part := list(islice(rest, _AT_ONCE)):
        yield part
