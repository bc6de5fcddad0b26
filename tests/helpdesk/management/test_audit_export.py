"""`audit_export`: a range into a file with its manifest, on one's own rights or on somebody's."""

import csv
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connections, transaction

from accounts.models import User
from audit.actions import Action, SubjectKind
from audit.models import Entry
from audit.opening import find_entries
from audit.querysets import EntryFilter
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.inboxes import create_inbox
from tests.audit.entries import make_entry, move_clock
from tests.signed_in import make_person

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def officer() -> User:
    person = make_person("officer@desk.example", "Olga Officer")
    person.timezone = "Europe/Berlin"
    person.save()
    role = Role.objects.get(name="Compliance officer")
    make_binding(BindingSpec(role=role, people=(person,), all_inboxes=True), by=None)
    return person


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.csv"


def _export(path: Path, *options: str) -> list[dict[str, str]]:
    call_command("audit_export", "--output", str(path), *options, stdout=StringIO())
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _manifest(path: Path) -> dict[str, object]:
    told = json.loads(path.with_name(f"{path.name}.manifest.json").read_text(encoding="utf-8"))
    assert isinstance(told, dict)
    return told


def test_file_and_manifest_belong_together(path: Path) -> None:
    entry = make_entry()

    rows = _export(path, "--bom")

    told, data = _manifest(path), path.read_bytes()
    assert [row["id"] for row in rows if row["action"] == "keys.rotated"] == [str(entry.pk)]
    assert (told["count"], told["last_id"], told["file"]) == (len(rows), str(entry.pk), "log.csv")
    assert (told["size_bytes"], told["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
    assert (told["guard"], told["byte_order_mark"]) == ("'", True)
    assert {part.stat().st_mode & 0o777 for part in path.parent.iterdir()} == {0o600}
    assert {part.name for part in path.parent.iterdir()} == {"log.csv", "log.csv.manifest.json"}


def test_export_without_a_person_names_who_typed_it(path: Path) -> None:
    _export(path)

    told = Entry.found.get(action=Action.AUDIT_EXPORT)
    assert (told.actor_kind, told.actor_id, told.acting_for) == ("cli", None, None)
    assert told.actor_label.startswith("cli:")
    assert str(told.pk) == _manifest(path)["export_id"]


def test_export_on_somebody_s_rights_names_both(officer: User, path: Path) -> None:
    _export(path, "--as", "officer@desk.example")

    told = Entry.found.get(action=Action.AUDIT_EXPORT)
    assert (told.actor_kind, told.actor_id, told.acting_for) == ("cli", None, officer.pk)


def test_day_of_a_person_in_berlin_takes_25_hours_when_the_clock_goes_back(officer: User, path: Path) -> None:
    moments = ["2026-10-24T21:59:59", "2026-10-24T22:00:00", "2026-10-25T22:59:59", "2026-10-25T23:00:00"]
    for moment in moments:
        move_clock(make_entry(), datetime.fromisoformat(moment).replace(tzinfo=UTC))

    rows = _export(path, "--as", officer.email, "--from", "2026-10-25", "--to", "2026-10-25")

    assert [row["occurred_at"] for row in rows] == ["2026-10-24T22:00:00Z", "2026-10-25T22:59:59Z"]


@pytest.mark.parametrize(
    ("since", "until"),
    [
        ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"),
        ("2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"),
        ("2026-10-25T00:30", "2026-10-25T01:30"),
    ],
)
def test_moments_bound_a_range(path: Path, since: str, until: str) -> None:
    for hour in (0, 1):
        move_clock(make_entry(), datetime(2026, 10, 25, hour, 30, tzinfo=UTC))

    rows = _export(path, "--from", since, "--to", until)

    assert [row["occurred_at"] for row in rows] == ["2026-10-25T00:30:00Z"]


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "2026-1-1"])
def test_range_that_cannot_be_read_is_refused(path: Path, text: str) -> None:
    with pytest.raises(CommandError, match="neither a day"):
        _export(path, "--from", text)

    assert not path.exists()


def test_range_without_entries_is_a_header_line(path: Path) -> None:
    assert _export(path, "--to", "2001-01-01") == []
    assert path.read_bytes().count(b"\r\n") == 1
    assert (_manifest(path)["count"], _manifest(path)["first_id"]) == (0, None)


def test_closed_range_is_the_same_file_each_time(path: Path) -> None:
    move_clock(make_entry(), datetime(2026, 3, 1, tzinfo=UTC))
    _export(path, "--from", "2026-03-01", "--to", "2026-03-01")
    first = path.read_bytes()
    path.with_name("log.csv.part").write_bytes(b"what a killed export left")

    _export(path, "--from", "2026-03-01", "--to", "2026-03-01")

    assert path.read_bytes() == first


def test_json_lines_hold_the_same_entries(path: Path) -> None:
    make_entry(Action.SIGN_IN_FAILED, address="=1+1")
    call_command("audit_export", "--format", "jsonl", "--output", str(path), stdout=StringIO())

    lines = [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]

    assert [line["details"] for line in lines if line["action"] == "session.sign_in_failed"] == [{"address": "=1+1"}]
    assert _manifest(path)["guard"] == ""


def test_name_of_the_file_is_the_day_when_none_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    call_command("audit_export", stdout=StringIO())

    assert sorted(part.suffix for part in tmp_path.glob("postern-log-*")) == [".csv", ".json"]


def test_person_without_the_right_exports_nothing(path: Path) -> None:
    person = make_person()

    with pytest.raises(CommandError, match="may not export"):
        _export(path, "--as", person.email)

    assert not path.exists()
    assert not Entry.found.filter(action=Action.AUDIT_EXPORT).exists()


def test_narrowed_person_exports_the_own_inboxes(path: Path) -> None:
    billing, support = create_inbox("Billing"), create_inbox("Support")
    person = make_person()
    role = Role.objects.get(name="Compliance officer")
    make_binding(BindingSpec(role=role, people=(person,), inboxes=(billing,)), by=None)
    for inbox in (billing, support):
        record(Action.MAILBOX_TESTED, on=Subject(SubjectKind.INBOX, inbox.pk, inbox.pk))

    rows = _export(path, "--as", person.email)

    assert {row["inbox"] for row in rows} == {"Billing"}


_THIEF = (
    "ALTER TABLE audit_entry DISABLE TRIGGER entry_insert_only",
    (
        "CREATE FUNCTION thief() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS "
        "$$ BEGIN DELETE FROM public.audit_entry WHERE action = 'keys.rotated'; RETURN NULL; END $$"
    ),
    (
        "CREATE TRIGGER thief AFTER INSERT ON audit_entry FOR EACH ROW WHEN (NEW.action = 'audit.export') "
        "EXECUTE FUNCTION thief()"
    ),
)
_CAUGHT = (
    "DROP TRIGGER thief ON audit_entry",
    "DROP FUNCTION thief",
    "ALTER TABLE audit_entry ENABLE TRIGGER entry_insert_only",
)


def _as_owner(statements: tuple[str, ...]) -> None:
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def _thief() -> Iterator[None]:
    """Let entries vanish between the moment an export is recorded and its first byte."""
    _as_owner(_THIEF)
    yield
    _as_owner(_CAUGHT)


@pytest.mark.usefixtures("_thief")
def test_export_that_fails_leaves_no_file_under_its_name(path: Path) -> None:
    make_entry()
    count = Entry.found.count()

    with pytest.raises(CommandError, match="were promised"):
        _export(path)

    assert not path.exists()
    with purpose(Purpose.VIEW):
        (told,) = find_entries(EntryFilter(action=Action.AUDIT_EXPORT)).rows
    assert told.content.details["count"] == count
