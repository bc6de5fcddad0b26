"""Exports of the log: a stream of CSV or JSON Lines with a manifest that says beforehand what the file must hold."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from audit.actions import Action
from audit.errors import ExportIncomplete, LogNotFound
from audit.models import Entry
from audit.opening import LOG_SUBJECT, EntryRow, filter_details, open_rows
from audit.payload import Plain
from audit.querysets import EntryCursor, EntryFilter, EntryQuerySet, snapshot
from audit.record import record
from helpdesk.core.context import (
    Actor,
    Purpose,
    Request,
    acting_as,
    current_actor,
    current_request,
    purpose,
    within_request,
)

BATCH: Final = 500
GUARD: Final = "'"
GUARDED: Final = frozenset("=+-@\t\r\n'＝＋－＠")
"""First signs of a cell that a spreadsheet could take for a formula, and the guard itself, so that it can be undone."""
GUARD_RULE: Final = "a cell that starts with the guard had it put in front: take one away to have the exact text"
BOM: Final = b"\xef\xbb\xbf"
COLUMNS: Final = (
    "id",
    "occurred_at",
    "action",
    "outcome",
    "actor_kind",
    "actor_id",
    "actor",
    "acting_for_id",
    "acting_for",
    "subject_kind",
    "subject_id",
    "subject",
    "ticket_id",
    "ticket",
    "inbox_id",
    "inbox",
    "request_id",
    "purpose",
    "flags",
    "network",
    "agent",
    "details",
    "changes",
    "payload",
)

Names = Callable[[Sequence[EntryRow]], Mapping[UUID, str]]
"""Gives the names that people know the ids of some rows by: people, inboxes, tickets' numbers."""


class Form(StrEnum):
    """What is written."""

    CSV = "csv"
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a file holds: whoever reads fewer rows, or others at its ends, has not got the whole file."""

    export_id: UUID
    form: Form
    made_at: str
    count: int
    first_id: UUID | None
    last_id: UUID | None
    filter: Plain
    columns: Sequence[str]
    guard: str
    guard_rule: str
    byte_order_mark: bool

    def as_json(self) -> str:
        """Return the manifest as it is stored beside the file."""
        return json.dumps(asdict(self), indent=2, default=str) + "\n"


@dataclass(frozen=True, slots=True)
class Export:
    """A recorded export that may be streamed: `moment` is the snapshot its rows are taken from."""

    manifest: Manifest
    wanted: EntryFilter
    moment: str
    actor: Actor
    request: Request | None


def begin_export(wanted: EntryFilter, *, form: Form, byte_order_mark: bool = False) -> Export:
    """Return an export of what is committed now, recorded before its first byte. Needs EXPORT_AUDIT.

    What is written from now on is not in it, its own entry included: the count stands however long the reader takes.
    """
    moment = snapshot()
    found = _found(wanted, moment)
    export_id = record(
        Action.AUDIT_EXPORT,
        on=LOG_SUBJECT,
        form=form,
        count=found.count(),
        first_id=found.oldest_first().values_list("pk", flat=True).first(),
        last_id=found.newest_first().values_list("pk", flat=True).first(),
        byte_order_mark=byte_order_mark and form == Form.CSV,
        filter=filter_details(wanted),
    )
    return Export(_manifest(export_id), wanted, moment, current_actor(), current_request())


def show_manifest(export_id: UUID, *, person_id: UUID) -> Manifest:
    """Return the manifest of an export that a person began, and record that it was read. Raises LogNotFound."""
    if not Entry.found.filter(pk=export_id, action=Action.AUDIT_EXPORT, actor_id=person_id).exists():
        raise LogNotFound("no such export")
    record(Action.AUDIT_VIEW, on=LOG_SUBJECT, manifest=export_id)
    return _manifest(export_id)


def last_export_id(person_id: UUID) -> UUID | None:
    """Return the id of the export that a person began last, None before the first one."""
    begun = Entry.found.filter(action=Action.AUDIT_EXPORT, actor_id=person_id)
    return begun.newest_first().values_list("pk", flat=True).first()


def _manifest(export_id: UUID) -> Manifest:
    with purpose(Purpose.EXPORT):
        (row,) = open_rows(Entry.found.filter(pk=export_id))
    told = row.content.details
    guards = told["form"] == Form.CSV
    return Manifest(
        export_id=row.id,
        form=Form(str(told["form"])),
        made_at=utc(row.occurred_at),
        count=int(str(told["count"])),
        first_id=_key(told["first_id"]),
        last_id=_key(told["last_id"]),
        filter=told["filter"],
        columns=COLUMNS,
        guard=GUARD if guards else "",
        guard_rule=GUARD_RULE if guards else "",
        byte_order_mark=bool(told["byte_order_mark"]),
    )


def _key(text: Plain) -> UUID | None:
    return UUID(text) if isinstance(text, str) else None


def stream(export: Export, *, names: Names) -> Iterator[bytes]:
    """Yield the file of `export` in pieces. Raises ExportIncomplete at the end if it is not what the manifest says."""
    if export.manifest.form == Form.JSONL:
        return stream_jsonl(export, names=names)
    return stream_csv(export, names=names)


def stream_csv(export: Export, *, names: Names) -> Iterator[bytes]:
    """Yield RFC 4180 in UTF-8 with CRLF: a header line, then one line an entry, oldest first, cells guarded."""
    if export.manifest.byte_order_mark:
        yield BOM
    yield _csv_lines([COLUMNS])
    for rows in _batches(export):
        known = names(rows)
        yield _csv_lines([[_cell(value) for value in _columns(row, known).values()] for row in rows])


def stream_jsonl(export: Export, *, names: Names) -> Iterator[bytes]:
    """Yield one JSON object a line with the exact text of everything, oldest first."""
    for rows in _batches(export):
        known = names(rows)
        yield "".join(json.dumps(_columns(row, known)) + "\n" for row in rows).encode("ascii")


def utc(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second: `2026-10-25T00:30:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def guarded(text: str) -> str:
    """Return `text` so that no spreadsheet takes it for a formula; without GUARD in front it is exact again."""
    return GUARD + text if text[:1] in GUARDED and text else text


def _found(wanted: EntryFilter, moment: str) -> EntryQuerySet[Entry]:
    return Entry.found.matching(wanted).committed_at(moment)


def _batches(export: Export) -> Iterator[tuple[EntryRow, ...]]:
    found = _found(export.wanted, export.moment).oldest_first()
    place: EntryCursor | None = None
    count = 0
    while True:
        rows = _open_batch(export, found if place is None else found.newer_than(place))
        if not rows:
            break
        count += len(rows)
        place = rows[-1].place
        yield rows
    if (count, place.id if place else None) != (export.manifest.count, export.manifest.last_id):
        raise ExportIncomplete(f"{count} entries were read, {export.manifest.count} were promised")


def _open_batch(export: Export, found: EntryQuerySet[Entry]) -> tuple[EntryRow, ...]:
    # The reader pulls this long after the page is done: who exports, and why, is set again around each batch alone.
    whence = within_request(export.request) if export.request else nullcontext()
    with acting_as(export.actor), whence, purpose(Purpose.EXPORT):
        return open_rows(found[:BATCH])


def _columns(row: EntryRow, known: Mapping[UUID, str]) -> dict[str, Plain]:
    def name(key: UUID | None) -> str:
        return known.get(key, "") if key else ""

    content = row.content
    return {
        "id": str(row.id),
        "occurred_at": utc(row.occurred_at),
        "action": row.action,
        "outcome": row.outcome,
        "actor_kind": row.actor_kind,
        "actor_id": _text(row.actor_id),
        "actor": name(row.actor_id) or row.actor_label,
        "acting_for_id": _text(row.acting_for),
        "acting_for": name(row.acting_for),
        "subject_kind": row.subject_kind,
        "subject_id": _text(row.subject_id),
        "subject": name(row.subject_id),
        "ticket_id": _text(row.ticket_id),
        "ticket": name(row.ticket_id),
        "inbox_id": _text(row.inbox_id),
        "inbox": name(row.inbox_id),
        "request_id": _text(row.request_id),
        "purpose": row.purpose,
        "flags": list(row.flags),
        "network": content.network,
        "agent": content.agent,
        "details": content.details,
        "changes": content.changes,
        "payload": content.state,
    }


def _text(key: UUID | None) -> str:
    return str(key) if key else ""


def _cell(value: Plain) -> str:
    if isinstance(value, str):
        return guarded(value)
    return json.dumps(value, ensure_ascii=False, sort_keys=True) if value else ""


def _csv_lines(lines: Sequence[Sequence[str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    return text.getvalue().encode("utf-8", "backslashreplace")
