"""Store first: the bytes of a mail are sealed and safe before anybody looks at them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.db.models import Q

from helpdesk.core.events import emit
from helpdesk.core.ids import new_id
from helpdesk.core.killpoints import reached
from helpdesk.crypto.blind import ContentKey
from helpdesk.crypto.files import delete_blob, write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind, make_keys
from inbox.inboxes.models import Inbox
from inbox.mail.events import RawMailsStored
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.receive.lease import Lease
from inbox.mail.states import Disposal, KillPoint, RawReason, RawState


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail as the wire gives it. `chunks` None: it was not fetched, and `reason` says why.

    One that is STORED all the same gets a ticket that tells of it.
    """

    transport_key: str
    size_bytes: int
    arrived_at: datetime
    chunks: Iterable[bytes] | None
    state: RawState = RawState.STORED
    reason: str = ""
    history: bool = False
    """It lay there before the mailbox was added, or nobody fetched it in time: nothing is sent because of it."""
    reconciled: bool = False
    """It was found by comparing the server's list with ours."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where mails come from: a mailbox (None: import or LMTP) and the inbox that they land in unless addressed else."""

    inbox: Inbox
    mailbox: Mailbox | None = None
    history: bool = False
    """Nothing is ever sent because of these mails."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The lease under which mails are stored, and what moves with them in the mailbox's row: columns and values."""

    lease: Lease
    moves: Mapping[str, int] = field(default_factory=dict)


@transaction.atomic
def store_raw(source: Source, arrivals: Sequence[Arrival], *, cursor: Cursor | None = None) -> list[RawMail]:
    """Store these mails in one transaction and move the mailbox's cursor with them. Returns the new rows.

    A mail whose transport key is known already is left out. Raises StorageFull and LeaseLost, and then nothing is
    stored.
    """
    if cursor is not None:
        cursor.lease.beat(cursor.moves)
    known = _known(source, arrivals)
    fresh = [arrival for arrival in arrivals if arrival.transport_key not in known]
    ids = [new_id() for _ in fresh]
    make_keys([Owner(OwnerKind.RAW_MAIL, raw_id) for raw_id in ids])
    rows = [_sealed(source, arrival, raw_id) for arrival, raw_id in zip(fresh, ids, strict=True)]
    _mark_same_again(source, rows)
    reached(KillPoint.RAW_WRITTEN)
    RawMail.objects.bulk_create(rows)
    waiting = tuple(row.pk for row in rows if row.state == RawState.STORED)
    if waiting:
        emit(RawMailsStored(waiting))
    reached(KillPoint.RAW_BEFORE_COMMIT)
    transaction.on_commit(lambda: reached(KillPoint.RAW_COMMITTED))
    return rows


def _known(source: Source, arrivals: Sequence[Arrival]) -> set[str]:
    keys = [arrival.transport_key for arrival in arrivals]
    rows = RawMail.objects.filter(mailbox=source.mailbox, inbox=source.inbox, transport_key__in=keys)
    return set(rows.values_list("transport_key", flat=True))


def _mark_same_again(source: Source, rows: Sequence[RawMail]) -> None:
    """The same bytes came to the same mailbox before: fetched again after a renumbering, or a copy by a rule.

    What lay there before the mailbox was added may have come by an import, or by a mailbox that was removed since.
    """
    keys = [row.content_key for row in rows if row.blob is not None]
    same = RawMail.objects.filter(_theirs(source), content_key__in=keys, inbox=source.inbox)
    known = [(bytes(key), mailbox) for key, mailbox in same.values_list("content_key", "mailbox")]
    by_us = {key for key, mailbox in known if mailbox == (source.mailbox.pk if source.mailbox else None)}
    ever = {key for key, _ in known}
    for row in rows:
        if row.blob is not None and row.content_key in (ever if row.history else by_us):
            row.state, row.reason = RawState.DUPLICATE, RawReason.SAME_CONTENT
            _drop_bytes(row)
        by_us.add(bytes(row.content_key))
        ever.add(bytes(row.content_key))


def _drop_bytes(row: RawMail) -> None:
    """Keep the same bytes once: after a renumbering a whole mailbox comes again."""
    if row.blob is not None:
        transaction.on_commit(partial(delete_blob, row.blob))
        row.blob = None


def _theirs(source: Source) -> Q:
    """Return the condition of mails that came the same way, or by a way that is no more."""
    return Q(mailbox=source.mailbox) | Q(mailbox=None)


def _sealed(source: Source, arrival: Arrival, raw_id: UUID) -> RawMail:
    row = RawMail(
        id=raw_id,
        mailbox=source.mailbox,
        inbox=source.inbox,
        transport_key=arrival.transport_key,
        content_key=b"",
        size_bytes=arrival.size_bytes,
        arrived_at=arrival.arrived_at,
        state=arrival.state,
        reason=arrival.reason,
        history=source.history or arrival.history,
        reconciled=arrival.reconciled,
    )
    if arrival.chunks is not None:
        row.may_go = source.mailbox is not None and source.mailbox.dispose != Disposal.LEAVE
        digest = _Digest(arrival.chunks)
        blob = write_blob(digest, Owner(OwnerKind.RAW_MAIL, raw_id), kind="raw")
        row.blob, row.size_bytes, row.content_key = blob.id, blob.size_bytes, digest.content_key
    return row


class _Digest:
    """Passes chunks on and knows their content key once they have passed."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self.content_key = b""

    def __iter__(self) -> Iterator[bytes]:
        mac = ContentKey()
        for chunk in self._chunks:
            mac.update(chunk)
            yield chunk
        self.content_key = mac.digest()
