"""The database keeps the log: what the app role, and even the owner, cannot do to an entry."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connections, transaction
from django.utils import timezone

from audit.models import Entry
from helpdesk.core.grants import grant_app_role
from tests.audit.entries import make_entry, triggers_off

pytestmark = pytest.mark.django_db

CHANGES = (
    "UPDATE audit_entry SET action = 'ticket.view'",
    "UPDATE audit_entry SET payload = payload WHERE false",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_entry WHERE false",
)
WAYS_ROUND = (
    "TRUNCATE audit_entry",
    "TRUNCATE audit_entry CASCADE",
    "ALTER TABLE audit_entry DISABLE TRIGGER ALL",
    "ALTER TABLE audit_entry DISABLE TRIGGER entry_insert_only",
    "DROP TRIGGER entry_insert_only ON audit_entry",
    "DROP TABLE audit_entry",
    "ALTER TABLE audit_entry ADD COLUMN more text",
    "CREATE OR REPLACE FUNCTION audit_entry_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "GRANT UPDATE ON audit_entry TO CURRENT_USER",
    "SET session_replication_role = replica",
    "COPY audit_entry TO PROGRAM 'cat'",
)


def _run(alias: str, *statements: str) -> None:
    with transaction.atomic(alias), connections[alias].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def _log() -> dict[UUID, tuple[str, int]]:
    return {key: (action, txid) for key, action, txid in Entry.found.values_list("pk", "action", "txid")}


def _privileges() -> set[str]:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT p FROM unnest(ARRAY['SELECT','INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) p "
            "WHERE has_table_privilege('audit_entry', p)"
        )
        return {row[0] for row in cursor.fetchall()}


@pytest.fixture
def entry() -> Entry:
    return make_entry()


@pytest.fixture
def _grants_again() -> Iterator[None]:
    yield
    grant_app_role("owner", insert_only=["audit_entry"])


@pytest.mark.parametrize("statement", CHANGES)
def test_app_role_changes_no_entry(entry: Entry, statement: str) -> None:
    before = _log()
    with pytest.raises(DatabaseError, match=r"permission denied|never changed"):
        _run("default", statement)

    assert entry.pk in before
    assert _log() == before


@pytest.mark.parametrize("statement", WAYS_ROUND)
def test_app_role_finds_no_way_round_the_guard(entry: Entry, statement: str) -> None:
    before = _log()
    with pytest.raises(DatabaseError, match=r"must be owner|permission denied|never changed"):
        _run("default", statement, "UPDATE audit_entry SET action = 'ticket.view'")

    assert entry.pk in before
    assert _log() == before


def test_app_role_only_reads_and_adds() -> None:
    assert _privileges() == {"SELECT", "INSERT"}


@pytest.mark.parametrize("statement", CHANGES)
def test_owner_is_refused_by_the_trigger(entry: Entry, statement: str) -> None:
    before = _log()
    with pytest.raises(DatabaseError, match="never changed or removed"):
        _run("owner", statement)

    assert entry.pk in before
    assert _log() == before


@pytest.mark.usefixtures("_grants_again")
@pytest.mark.parametrize("statement", CHANGES)
def test_privilege_alone_does_not_open_the_log(entry: Entry, statement: str) -> None:
    _run("owner", f"GRANT ALL ON audit_entry TO {settings.POSTERN_APP_ROLE}")

    with pytest.raises(DatabaseError, match="never changed or removed"):
        _run("default", statement)
    with pytest.raises(DatabaseError, match="never changed or removed"):
        _run("default", "TRUNCATE audit_entry")
    assert Entry.found.get(pk=entry.pk).action == entry.action


@pytest.mark.django_db(transaction=True)
def test_without_the_guard_the_owner_changes_an_entry(entry: Entry) -> None:
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET action = 'ticket.view' WHERE id = %s", [entry.pk])

    assert Entry.found.get(pk=entry.pk).action == "ticket.view"


@pytest.mark.parametrize("way", ["save", "delete", "update", "bulk_update", "queryset delete"])
def test_orm_changes_no_entry(entry: Entry, way: str) -> None:
    entry.action = "ticket.view"
    ways: dict[str, Callable[[], object]] = {
        "save": lambda: entry.save(update_fields=["action"]),
        "delete": entry.delete,
        "update": lambda: Entry.found.update(action="ticket.view"),
        "bulk_update": lambda: Entry.found.bulk_update([entry], ["action"]),
        "queryset delete": lambda: Entry.found.all().delete(),
    }

    with pytest.raises(DatabaseError, match=r"permission denied|never changed"), transaction.atomic():
        ways[way]()

    assert Entry.found.get(pk=entry.pk).action == "keys.rotated"


def test_forged_stamp_is_overwritten(entry: Entry) -> None:
    before = timezone.now() - timedelta(minutes=1)
    forged = Entry.found.get(pk=entry.pk)
    forged.pk, forged.txid, forged.occurred_at = Entry().pk, 3, datetime(2020, 1, 1, tzinfo=UTC)
    forged.payload = b"{}"

    forged.save(force_insert=True)

    stamped = Entry.found.get(pk=forged.pk)
    assert stamped.txid == entry.txid > 3
    assert stamped.occurred_at > before


@pytest.mark.parametrize("flags", [["-y"], ["-y", "-t"], ["-y", "-b", "2030-01-01"], []])
def test_flush_command_is_refused(entry: Entry, flags: list[str]) -> None:
    with pytest.raises(CommandError, match="never emptied"):
        call_command("auditlogflush", *flags)

    assert Entry.found.filter(pk=entry.pk).exists()


def test_rewriting_command_is_refused(entry: Entry) -> None:
    with pytest.raises(CommandError, match="never rewritten"):
        call_command("auditlogmigratejson")

    assert Entry.found.filter(pk=entry.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("_grants_again")
def test_grants_are_given_again_after_a_migration() -> None:
    role = settings.POSTERN_APP_ROLE
    _run("owner", f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    assert _privileges() == set()
    _run("owner", f"GRANT TRUNCATE, TRIGGER ON audit_entry TO {role}")

    assert grant_app_role("owner", insert_only=["audit_entry"])

    assert _privileges() == {"SELECT", "INSERT"}
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege('accounts_user', 'UPDATE')")
        assert cursor.fetchone() == (True,)
        cursor.execute("SELECT has_table_privilege('django_migrations', 'INSERT')")
        assert cursor.fetchone() == (False,)


def test_nothing_is_granted_when_owner_and_app_role_are_one() -> None:
    assert not grant_app_role("default", insert_only=["audit_entry"])
