"""`record`: in the act's own transaction, beside it, and once for a list."""

import os
import socket
import statistics
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
import redis
import time_machine
from django.conf import settings as desk
from django.db import DatabaseError, connection, transaction
from pytest_django import Settings

from accounts.models import Team
from audit import models
from audit.actions import Action, Flag, Outcome, SubjectKind
from audit.models import Entry
from audit.opening import find_entries
from audit.payload import VERSION
from audit.querysets import EntryFilter
from audit.record import record, record_list
from audit.subjects import Subject
from helpdesk.core.context import SYSTEM, Actor, ActorKind, Purpose, Request, acting_as, purpose, within_request
from helpdesk.core.ids import new_id
from helpdesk.crypto.errors import KeyDestroyed
from helpdesk.crypto.keyring import DESK, Owner, OwnerKind, destroy_key, ensure_key, forget
from tests.audit.entries import DESK as DESK_SUBJECT
from tests.audit.entries import actor_of, make_entry, make_person, ticket_subject

INBOX, OTHER = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _no_marks() -> None:
    redis.Redis.from_url(desk.REDIS_LIVE_URL).delete("postern:shown:s1", "postern:shown:s2")


@contextmanager
def _undone() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.django_db
def test_entry_holds_who_what_why_and_whence() -> None:
    person, ticket, request_id = make_person(), new_id(), new_id()
    subject = Subject(SubjectKind.ATTACHMENT, new_id(), INBOX, frozenset({Flag.RESTRICTED, Flag.CONTACT_VIP}), ticket)
    request = Request(request_id, network="192.0.2.7", agent="Browser/1", session="abc")

    with acting_as(actor_of(person)), within_request(request), purpose(Purpose.VIEW):
        record(Action.ATTACHMENT_DOWNLOAD, on=subject, outcome=Outcome.FAILED, bytes=12, key=person.pk)

        (row,) = find_entries(EntryFilter(ticket_id=ticket)).rows
    entry = Entry.found.get(pk=row.id)
    assert (row.action, row.outcome, row.purpose) == ("attachment.download", "failed", "view")
    assert (row.actor_kind, row.actor_id, row.actor_label, row.acting_for) == ("person", person.pk, "", None)
    assert (row.subject_kind, row.subject_id, row.ticket_id) == ("attachment", subject.id, ticket)
    assert (row.inbox_id, row.request_id) == (INBOX, request_id)
    assert row.flags == ("contact_vip", "restricted")
    assert (row.content.network, row.content.agent) == ("192.0.2.7", "Browser/1")
    assert row.content.details == {"bytes": 12, "key": str(person.pk)}
    assert (entry.event_version, entry.content_type, str(entry)) == (VERSION, None, str(entry.pk))


@pytest.mark.django_db
def test_entry_without_a_context_is_the_system_s() -> None:
    entry = make_entry()

    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == (SYSTEM.kind, None, "system")
    assert (entry.request_id, entry.purpose, entry.flags) == (None, "", [])
    assert entry.sealed_under == ensure_key(DESK)


@pytest.mark.django_db
def test_payload_is_sealed_under_its_actor_s_own_key() -> None:
    person = make_person()
    with acting_as(actor_of(person)):
        entry = make_entry(word="canary")

    assert entry.sealed_under == ensure_key(Owner(OwnerKind.USER, person.pk))
    with connection.cursor() as cursor:
        cursor.execute("SELECT payload FROM audit_entry WHERE id = %s", [entry.pk])
        (stored,) = cursor.fetchone()
    assert b"canary" not in bytes(stored)
    destroy_key(Owner(OwnerKind.USER, person.pk))
    with purpose(Purpose.SYSTEM), pytest.raises(KeyDestroyed):
        _ = Entry.found.get(pk=entry.pk).payload


@pytest.mark.django_db
def test_command_borrows_rights_and_not_the_name() -> None:
    person = make_person()
    with acting_as(Actor(ActorKind.CLI, label="cli:root", acting_for=person.pk)):
        entry = make_entry()

    assert (entry.actor_kind, entry.actor_id, entry.actor_label) == ("cli", None, "cli:root")
    assert entry.acting_for == person.pk
    assert entry.sealed_under == ensure_key(DESK)


@pytest.mark.django_db
def test_entries_of_a_process_are_numbered_without_a_gap() -> None:
    first, second = make_entry(), make_entry()

    assert first.boot_id == second.boot_id
    assert second.seq == first.seq + 1


def test_forked_child_numbers_its_own_entries() -> None:
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        os.write(writer, models._process.boot_id.bytes)
        os._exit(0)
    os.waitpid(child, 0)

    childs_own = UUID(bytes=os.read(reader, 16))
    assert childs_own != models._process.boot_id
    os.close(reader)
    os.close(writer)


@pytest.mark.django_db(transaction=True)
def test_act_fails_when_its_entry_cannot_be_written() -> None:
    @transaction.atomic
    def act() -> None:
        team = Team.objects.create(name="Night shift")
        record(Action.TEAM_MEMBERS, on=team.as_subject())

    with pytest.raises(DatabaseError), acting_as(Actor(ActorKind.CLI, label="x" * 101)):
        act()

    assert not Team.objects.exists()
    assert not Entry.found.filter(action=Action.TEAM_MEMBERS).exists()


@pytest.mark.django_db(transaction=True)
def test_caught_failure_of_an_entry_still_undoes_the_act() -> None:
    with transaction.atomic():
        Team.objects.create(name="Night shift")
        with pytest.raises(DatabaseError), acting_as(Actor(ActorKind.CLI, label="x" * 101)):
            record(Action.TEAM_MEMBERS, on=DESK_SUBJECT)
        assert connection.needs_rollback
        transaction.set_rollback(True)

    assert not Team.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_denied_attempt_outlives_the_rollback_and_an_ordinary_entry_does_not() -> None:
    person = make_person()

    with _undone(), acting_as(actor_of(person)):
        record(Action.TICKET_VIEW, on=ticket_subject())
        record(Action.ACCESS_DENIED, on=ticket_subject(), outcome=Outcome.DENIED, survives_rollback=True, number=7)

    with purpose(Purpose.VIEW):
        (row,) = find_entries(EntryFilter(person_id=person.pk)).rows
    assert (row.action, row.outcome, row.actor_id) == ("access.denied", "denied", person.pk)
    assert row.content.details == {"number": 7}


@pytest.mark.django_db(transaction=True)
def test_surviving_entry_is_not_sealed_under_a_key_that_may_vanish() -> None:
    with _undone():
        person = make_person()
        with acting_as(actor_of(person)):
            record(Action.ACCESS_DENIED, on=DESK_SUBJECT, survives_rollback=True, number=7)

    forget()
    with purpose(Purpose.VIEW):
        (row,) = find_entries(EntryFilter(action=Action.ACCESS_DENIED)).rows
    assert row.content.details == {"number": 7}
    assert Entry.found.get(pk=row.id).sealed_under == ensure_key(DESK)


@pytest.mark.django_db(transaction=True)
def test_list_is_one_entry_and_shown_tickets_are_not_written_again() -> None:
    assert record_list([3, 1, 2, 1], session="s1", inbox_ids=[OTHER, INBOX]) is not None
    assert record_list([1, 2, 3], session="s1", inbox_ids=[INBOX]) is None
    assert record_list([3, 4], session="s1", inbox_ids=frozenset({INBOX})) is not None
    assert record_list([1], session="s2", inbox_ids=[INBOX]) is not None
    assert record_list([], session="s1", inbox_ids=[INBOX]) is None

    with purpose(Purpose.VIEW):
        rows = find_entries(EntryFilter(action=Action.TICKET_LIST)).rows
    assert [row.content.details["numbers"] for row in rows] == [[1], [4], [1, 2, 3]]
    assert [row.inbox_id for row in rows] == [INBOX, INBOX, None]
    assert rows[-1].content.details["inboxes"] == [str(INBOX), str(OTHER)]


@pytest.mark.django_db(transaction=True)
def test_ticket_is_written_again_after_an_hour() -> None:
    with time_machine.travel(1_800_000_000, tick=False) as clock:
        record_list([1], session="s1", inbox_ids=[INBOX])
        clock.shift(1800)
        record_list([2], session="s1", inbox_ids=[INBOX])
        clock.shift(1801)
        again = record_list([1, 2], session="s1", inbox_ids=[INBOX])

    with purpose(Purpose.VIEW):
        newest = find_entries(EntryFilter(action=Action.TICKET_LIST)).rows[0]
    assert (newest.id, newest.content.details["numbers"]) == (again, [1])


@pytest.mark.django_db(transaction=True)
def test_list_that_rolled_back_counts_as_not_shown() -> None:
    with _undone():
        record_list([1], session="s1", inbox_ids=[INBOX])

    assert record_list([1], session="s1", inbox_ids=[INBOX]) is not None


@pytest.mark.django_db(transaction=True)
def test_list_without_a_session_is_always_written() -> None:
    assert record_list([1], session="", inbox_ids=[INBOX]) is not None
    assert record_list([1], session="", inbox_ids=[INBOX]) is not None


@pytest.mark.django_db(transaction=True)
def test_list_is_written_while_redis_is_away(settings: Settings, tmp_path: Path) -> None:
    settings.REDIS_LIVE_URL = f"unix://{tmp_path}/nobody.sock?db=0"

    assert record_list([1], session="s1", inbox_ids=[INBOX]) is not None
    assert record_list([1], session="s1", inbox_ids=[INBOX]) is not None


@pytest.mark.django_db(transaction=True)
def test_redis_that_never_answers_holds_up_a_list_for_less_than_a_second(settings: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_LIVE_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        begun = time.monotonic()

        assert record_list([1], session="s1", inbox_ids=[INBOX]) is not None

    assert time.monotonic() - begun < 5


@pytest.mark.django_db(transaction=True)
def test_nothing_of_a_list_but_numbers_stands_in_redis() -> None:
    record_list([41, 7], session="s1", inbox_ids=[INBOX])

    assert redis.Redis.from_url(desk.REDIS_LIVE_URL).zrange("postern:shown:s1", 0, -1) == [b"41", b"7"]


@pytest.mark.django_db
def test_recording_a_view_costs_little_cpu() -> None:
    person = make_person()
    subject = ticket_subject(INBOX)
    spent = []
    with acting_as(actor_of(person)), purpose(Purpose.VIEW):
        record(Action.TICKET_VIEW, on=subject)
        for _ in range(50):
            begun = time.process_time()
            record(Action.TICKET_VIEW, on=subject)
            spent.append(time.process_time() - begun)

    assert statistics.median(spent) < 0.005
