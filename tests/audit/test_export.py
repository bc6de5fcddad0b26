"""Exports: complete, exact, in UTC, guarded against formulas, and recorded before their first byte."""

import csv
import io
import json
import threading
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connections
from hypothesis import given
from hypothesis import strategies as st

from audit.actions import Action
from audit.errors import ExportIncomplete
from audit.export import BATCH, BOM, COLUMNS, GUARD, Form, begin_export, guarded, stream, utc
from audit.models import Entry
from audit.opening import EntryRow, find_entries
from audit.payload import VERSION, pack
from audit.querysets import EntryFilter
from audit.record import record
from helpdesk.core.context import Actor, ActorKind, Purpose, Request, acting_as, purpose, within_request
from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import DESK as DESK_KEY
from helpdesk.crypto.keyring import ensure_key
from tests.audit.entries import DESK, actor_of, make_entry, make_person, move_clock, triggers_off

STRINGS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    " =1+1",
    '"=1+1',
    ";=1+1",
    "＝1+1",
    '=HYPERLINK("mailto:kim@desk.example","x")',
    "-5",
    "+49 30 1234",
    "'=1+1",
    "'",
    'Юлия Ünal, "Q"\nand a line more',
)


def no_names(_rows: Sequence[EntryRow]) -> Mapping[UUID, str]:
    """Return no names."""
    return {}


def _csv(wanted: EntryFilter, *, byte_order_mark: bool = False) -> list[dict[str, str]]:
    export = begin_export(wanted, form=Form.CSV, byte_order_mark=byte_order_mark)
    text = b"".join(stream(export, names=no_names)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def _jsonl(wanted: EntryFilter) -> list[dict[str, object]]:
    export = begin_export(wanted, form=Form.JSONL)
    return [json.loads(line) for line in b"".join(stream(export, names=no_names)).splitlines()]


@given(st.text(st.characters(exclude_categories=())))
def test_guard_can_be_undone_and_leaves_no_formula(text: str) -> None:
    cell = guarded(text)

    assert cell.removeprefix(GUARD) == text
    assert cell[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@pytest.mark.parametrize("text", STRINGS)
def test_without_the_guard_a_formula_would_stand(text: str) -> None:
    assert (guarded(text) == text) == (text[0] not in "=+-@\t\r\n'＝")


@pytest.mark.django_db(transaction=True)
def test_text_of_outsiders_is_harmless_in_csv_and_exact_in_json_lines() -> None:
    for text in STRINGS:
        with within_request(Request(new_id(), network="192.0.2.1", agent=text)):
            make_entry(Action.SIGN_IN_FAILED, address=text)
    wanted = EntryFilter(action=Action.SIGN_IN_FAILED)

    cells, lines = _csv(wanted), _jsonl(wanted)

    assert [row["agent"].removeprefix(GUARD) for row in cells] == list(STRINGS)
    assert [json.loads(row["details"]) for row in cells] == [{"address": text} for text in STRINGS]
    assert [line["agent"] for line in lines] == list(STRINGS)
    assert [line["details"] for line in lines] == [{"address": text} for text in STRINGS]
    for row in cells:
        assert None not in row
        assert not [cell for cell in row.values() if cell[:1] in set("=+-@\t\r\n＝")]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", ["\0", "a\ud800b", "\udfff"])
def test_text_that_no_file_holds_is_exact_in_json_lines(text: str) -> None:
    make_entry(text=text)
    wanted = EntryFilter(action=Action.KEYS_ROTATED)

    assert [line["details"] for line in _jsonl(wanted)] == [{"text": text}]
    assert [json.loads(row["details"]) for row in _csv(wanted)] == [{"text": text}]


@pytest.mark.django_db(transaction=True)
def test_names_in_every_script_and_hours_told_twice_are_right() -> None:
    person = make_person('Юлия Ünal, "Q"')
    inbox_id = new_id()
    moments = [datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)]
    with acting_as(actor_of(person)):
        for moment in moments:
            move_clock(make_entry(), moment)
    export = begin_export(EntryFilter(action=Action.KEYS_ROTATED), form=Form.CSV, byte_order_mark=True)

    def names(rows: Sequence[EntryRow]) -> Mapping[UUID, str]:
        assert all(isinstance(row, EntryRow) for row in rows)
        return {person.pk: person.name, inbox_id: "never asked for"}

    data = b"".join(stream(export, names=names))

    assert data.startswith(BOM)
    assert data.count(b"\r\n") == data.count(b"\n") == 3
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert [row["occurred_at"] for row in rows] == ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"]
    assert [row["actor"] for row in rows] == ['Юлия Ünal, "Q"'] * 2
    assert [line["occurred_at"] for line in _jsonl(EntryFilter(action=Action.KEYS_ROTATED))] == [
        "2026-10-25T00:30:00Z",
        "2026-10-25T01:30:00Z",
    ]


def test_moments_are_written_in_utc_to_the_second() -> None:
    berlin = datetime.fromisoformat("2026-10-25T02:30:00.999999+02:00")

    assert utc(berlin) == "2026-10-25T00:30:00Z"


@pytest.mark.django_db(transaction=True)
def test_export_is_recorded_before_its_first_byte() -> None:
    person = make_person()
    entry = make_entry()
    wanted = EntryFilter(action=Action.KEYS_ROTATED)

    with acting_as(actor_of(person)):
        export = begin_export(wanted, form=Form.CSV)

    with purpose(Purpose.VIEW):
        (told,) = find_entries(EntryFilter(action=Action.AUDIT_EXPORT)).rows
    assert (told.id, told.actor_id) == (export.manifest.export_id, person.pk)
    assert told.content.details == {
        "form": "csv",
        "count": 1,
        "first_id": str(entry.pk),
        "last_id": str(entry.pk),
        "byte_order_mark": False,
        "filter": {"action": "keys.rotated"},
    }


@pytest.mark.django_db(transaction=True)
def test_manifest_tells_count_ends_filter_and_guard() -> None:
    first, last = make_entry(), make_entry()

    export = begin_export(EntryFilter(action=Action.KEYS_ROTATED), form=Form.CSV, byte_order_mark=True)

    told = json.loads(export.manifest.as_json())
    assert (told["count"], told["first_id"], told["last_id"]) == (2, str(first.pk), str(last.pk))
    assert (told["filter"], told["guard"], told["byte_order_mark"]) == ({"action": "keys.rotated"}, "'", True)
    assert told["columns"] == list(COLUMNS)
    lines = begin_export(EntryFilter(), form=Form.JSONL, byte_order_mark=True).manifest
    assert (lines.guard, lines.byte_order_mark) == ("", False)


@pytest.mark.django_db(transaction=True)
def test_empty_range_is_a_header_and_a_count_of_nothing() -> None:
    wanted = EntryFilter(until=datetime(2001, 1, 1, tzinfo=UTC))
    export = begin_export(wanted, form=Form.CSV)

    assert b"".join(stream(export, names=no_names)) == ",".join(COLUMNS).encode() + b"\r\n"
    assert (export.manifest.count, export.manifest.first_id, export.manifest.last_id) == (0, None, None)
    assert _jsonl(wanted) == []


@pytest.mark.django_db(transaction=True)
def test_rows_and_names_are_written_for_who_began_long_after_the_page_is_done() -> None:
    person = make_person()
    entry = make_entry()
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET sealed_under = %s WHERE id = %s", [new_id(), entry.pk])
    request = Request(new_id())
    with acting_as(actor_of(person)), within_request(request):
        export = begin_export(EntryFilter(action=Action.KEYS_ROTATED), form=Form.JSONL)

    (line,) = [json.loads(line) for line in b"".join(stream(export, names=no_names)).splitlines()]

    assert line["payload"] == "damaged"
    told = Entry.found.get(action=Action.INTEGRITY_FAILURE)
    assert (told.actor_id, told.request_id, told.purpose) == (person.pk, request.request_id, "export")


@pytest.mark.django_db(transaction=True)
def test_missing_row_breaks_the_stream_instead_of_shortening_it() -> None:
    entries = [make_entry() for _ in range(3)]
    export = begin_export(EntryFilter(action=Action.KEYS_ROTATED), form=Form.CSV)
    assert b"".join(stream(export, names=no_names)).count(b"\r\n") == 4

    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry WHERE id = %s", [entries[1].pk])

    with pytest.raises(ExportIncomplete):
        b"".join(stream(export, names=no_names))


def _fill(count: int) -> None:
    key, boot = ensure_key(DESK_KEY), new_id()
    entries = (
        Entry(
            boot_id=boot,
            seq=number,
            action=Action.TICKET_VIEW,
            actor_kind=ActorKind.SYSTEM,
            subject_kind=DESK.kind,
            event_version=VERSION,
            sealed_under=key,
            payload=pack({"details": {"number": number}}),
        )
        for number in range(count)
    )
    Entry.found.bulk_create(entries, batch_size=BATCH)


@pytest.fixture
def _other_writer() -> Iterator[None]:
    """Write entries from another connection, also in a transaction that is open while the export begins."""
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            record(Action.TICKET_VIEW, on=DESK)
            stop.wait(0.02)
        connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    yield
    stop.set()
    writer.join()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_other_writer")
def test_12345_entries_are_12345_rows_while_others_write() -> None:
    _fill(12_345)
    until = Entry.found.filter(actor_label="").newest_first().values_list("txid", flat=True)[0]
    wanted = EntryFilter(action=Action.TICKET_VIEW)
    export = begin_export(wanted, form=Form.CSV)
    expected = set(
        Entry.found.filter(action=Action.TICKET_VIEW, txid__lte=until, actor_label="").values_list("pk", flat=True)
    )

    text = b"".join(stream(export, names=no_names)).decode()

    ids = [row["id"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert len(ids) == len(set(ids)) == export.manifest.count
    assert {str(key) for key in expected} <= set(ids)
    assert len(expected) == 12_345
    assert (ids[0], ids[-1]) == (str(export.manifest.first_id), str(export.manifest.last_id))


@pytest.mark.django_db(transaction=True)
def test_entry_committed_after_the_begin_is_not_in_the_file() -> None:
    first = make_entry()
    export = begin_export(EntryFilter(action=Action.KEYS_ROTATED), form=Form.JSONL)
    make_entry()

    lines = b"".join(stream(export, names=no_names)).splitlines()

    assert [json.loads(line)["id"] for line in lines] == [str(first.pk)]


@pytest.mark.django_db(transaction=True)
def test_closed_range_is_the_same_file_each_time() -> None:
    _fill(BATCH + 3)
    with acting_as(Actor(ActorKind.CLI, label="cli:root")):
        files = {
            b"".join(stream(begin_export(EntryFilter(action=Action.TICKET_VIEW), form=Form.CSV), names=no_names))
            for _ in range(2)
        }

    assert len(files) == 1


@pytest.mark.django_db(transaction=True)
def test_memory_does_not_grow_with_the_file() -> None:
    _fill(3 * BATCH)
    peaks = []
    for wanted in (1, 3):
        export = begin_export(EntryFilter(action=Action.TICKET_VIEW), form=Form.CSV)
        tracemalloc.start()
        pieces = stream(export, names=no_names)
        for _ in range(wanted + 1):
            next(pieces)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 2 * peaks[0]
