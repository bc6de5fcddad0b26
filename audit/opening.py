"""Reading the log: entries as frozen rows with their payload opened, a page at a time, newest first."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from audit.actions import Action, Outcome, SubjectKind
from audit.models import Entry
from audit.payload import Detail, Plain, unpack
from audit.querysets import EntryCursor, EntryFilter
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import CryptoError, KeyDestroyed
from helpdesk.crypto.keyring import preload

PAGE: Final = 50
LOG_SUBJECT: Final = Subject(SubjectKind.AUDIT)


class PayloadState(StrEnum):
    """Whether the personal part of an entry can be read."""

    OPEN = "open"
    ERASED = "erased"
    """Its person was erased; the rest of the entry stays."""
    DAMAGED = "damaged"
    """It does not fit its row or its key; an entry of its own says so."""


@dataclass(frozen=True, slots=True)
class Content:
    """What is sealed in an entry. `details` are those of `record()`, `changes` map a field to its old and new value."""

    state: PayloadState
    network: str = ""
    agent: str = ""
    details: Mapping[str, Plain] = field(default_factory=dict)
    changes: Mapping[str, Plain] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One entry as pages and exports show it. Ids are plain: whose names they are is joined by the caller."""

    id: UUID
    txid: int
    occurred_at: datetime
    action: str
    outcome: str
    actor_kind: str
    actor_id: UUID | None
    actor_label: str
    acting_for: UUID | None
    subject_kind: str
    subject_id: UUID | None
    ticket_id: UUID | None
    inbox_id: UUID | None
    request_id: UUID | None
    purpose: str
    flags: tuple[str, ...]
    content: Content

    @property
    def place(self) -> EntryCursor:
        """Where the entry stands in the order."""
        return EntryCursor(self.txid, self.id)


_COPIED: Final = tuple(part.name for part in fields(EntryRow) if part.name not in {"flags", "content"})


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, newest first; `next` is where the older ones begin, None when there are none."""

    rows: tuple[EntryRow, ...]
    next: EntryCursor | None = None


def find_entries(wanted: EntryFilter, *, after: EntryCursor | None = None, limit: int = PAGE) -> EntryPage:
    """Return the newest `limit` entries that match, older than `after` when given.

    Needs a purpose in `core.context`. Writes no entry: who shows them to a person calls `show_entries`.
    """
    found = Entry.found.matching(wanted).newest_first()
    if after is not None:
        found = found.older_than(after)
    rows = open_rows(found[: limit + 1])
    return EntryPage(rows[:limit], rows[limit - 1].place if len(rows) > limit else None)


def show_entries(wanted: EntryFilter, *, after: EntryCursor | None = None, limit: int = PAGE) -> EntryPage:
    """Return a page of the log for a person who may see it, and record that it was read. Needs VIEW_AUDIT."""
    with purpose(Purpose.VIEW):
        page = find_entries(wanted, after=after, limit=limit)
        record(Action.AUDIT_VIEW, on=LOG_SUBJECT, entries=len(page.rows), filter=filter_details(wanted))
    return page


def timeline(ticket_id: UUID, *, inbox_ids: frozenset[UUID] | None, after: EntryCursor | None = None) -> EntryPage:
    """Return what was done on one ticket, newest first, and record that it was read. Needs VIEW_AUDIT.

    `inbox_ids` narrows it like `EntryFilter.inbox_ids`.
    """
    return show_entries(EntryFilter(ticket_id=ticket_id, inbox_ids=inbox_ids), after=after)


def filter_details(wanted: EntryFilter) -> dict[str, Detail]:
    """Return what was asked for, as details of an entry or a manifest; moments in UTC."""
    asked: dict[str, Detail] = {}
    for part in fields(EntryFilter):
        value = getattr(wanted, part.name)
        if value is not None:
            asked[part.name] = _as_detail(value)
    return asked


def _as_detail(value: UUID | Action | Outcome | datetime | frozenset[UUID]) -> Detail:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return value


def open_rows(entries: Iterable[Entry]) -> tuple[EntryRow, ...]:
    """Return `entries` opened, their keys fetched in one query. Needs a purpose in `core.context`."""
    loaded: Sequence[Entry] = list(entries)
    preload(entry.seal_ref() for entry in loaded)
    return tuple(_row(entry) for entry in loaded)


def _row(entry: Entry) -> EntryRow:
    copied = {name: getattr(entry, name) for name in _COPIED}
    return EntryRow(**copied, flags=tuple(entry.flags), content=_content(entry))


def _content(entry: Entry) -> Content:
    try:
        packed = entry.payload
    except KeyDestroyed:
        return Content(PayloadState.ERASED)
    except CryptoError:
        record(Action.INTEGRITY_FAILURE, on=LOG_SUBJECT, outcome=Outcome.FAILED, survives_rollback=True, entry=entry.pk)
        return Content(PayloadState.DAMAGED)
    parts = unpack(packed)
    return Content(
        PayloadState.OPEN,
        network=str(parts.get("network", "")),
        agent=str(parts.get("agent", "")),
        details=_object(parts, "details"),
        changes=_object(parts, "changes"),
    )


def _object(parts: Mapping[str, Plain], name: str) -> Mapping[str, Plain]:
    found = parts.get(name)
    return found if isinstance(found, Mapping) else {}
