"""Reading the log: filters, keyset pages, timelines, and payloads that cannot be opened."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from audit.actions import Action, Outcome, SubjectKind
from audit.errors import WrongFilter
from audit.models import Entry
from audit.opening import PAGE, EntryRow, PayloadState, filter_details, find_entries, show_entries, timeline
from audit.querysets import EntryCursor, EntryFilter
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import Actor, ActorKind, NoPurpose, Purpose, acting_as, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import Owner, OwnerKind, destroy_key
from tests.audit.entries import DESK, actor_of, make_entry, make_person, ticket_subject, triggers_off

INBOX, OTHER = UUID(int=1), UUID(int=2)


def _find(wanted: EntryFilter | None = None, *, after: EntryCursor | None = None, limit: int = PAGE) -> list[UUID]:
    with purpose(Purpose.VIEW):
        return [row.id for row in find_entries(wanted or EntryFilter(), after=after, limit=limit).rows]


@pytest.mark.django_db
def test_payload_is_opened_only_for_a_purpose() -> None:
    make_entry()

    with pytest.raises(NoPurpose):
        find_entries(EntryFilter())


@pytest.mark.django_db
def test_each_filter_keeps_what_it_names() -> None:
    person = make_person()
    ticket = ticket_subject(INBOX)
    with acting_as(actor_of(person)):
        viewed = record(Action.TICKET_VIEW, on=ticket)
        denied = record(Action.TICKET_VIEW, on=ticket_subject(OTHER), outcome=Outcome.DENIED)
    with acting_as(Actor(ActorKind.CLI, label="cli:root", acting_for=person.pk)):
        borrowed = record(Action.AUDIT_EXPORT, on=DESK)
    attachment = record(
        Action.ATTACHMENT_DOWNLOAD, on=Subject(SubjectKind.ATTACHMENT, new_id(), INBOX, ticket_id=ticket.id)
    )

    def only(wanted: EntryFilter) -> set[UUID]:
        return set(_find(wanted)) & {viewed, denied, borrowed, attachment}

    assert only(EntryFilter()) == {viewed, denied, borrowed, attachment}
    assert only(EntryFilter(person_id=person.pk)) == {viewed, denied, borrowed}
    assert only(EntryFilter(action=Action.TICKET_VIEW)) == {viewed, denied}
    assert only(EntryFilter(outcome=Outcome.DENIED)) == {denied}
    assert only(EntryFilter(ticket_id=ticket.id)) == {viewed, attachment}
    assert only(EntryFilter(inbox_id=OTHER)) == {denied}
    assert only(EntryFilter(inbox_ids=frozenset({INBOX}))) == {viewed, attachment}
    assert only(EntryFilter(inbox_ids=frozenset())) == set()
    assert only(EntryFilter(inbox_ids=frozenset({INBOX}), inbox_id=OTHER)) == set()
    assert only(EntryFilter(action=Action.TICKET_VIEW, inbox_ids=frozenset({INBOX}))) == {viewed}


@pytest.mark.django_db
def test_range_takes_its_begin_and_not_its_end() -> None:
    entry = make_entry()
    moment, tick = entry.occurred_at, timedelta(microseconds=1)

    assert _find(EntryFilter(since=moment, until=moment + tick)) == [entry.pk]
    assert _find(EntryFilter(since=moment - tick, until=moment)) == []
    assert _find(EntryFilter(since=moment + tick)) == []


@pytest.mark.django_db(transaction=True)
def test_pages_hold_each_entry_once_in_the_order_of_the_log() -> None:
    written = [make_entry().pk for _ in range(7)]
    seen: list[UUID] = []
    place: EntryCursor | None = None
    while True:
        with purpose(Purpose.VIEW):
            page = find_entries(EntryFilter(action=Action.KEYS_ROTATED), after=place, limit=3)
        seen += [row.id for row in page.rows]
        make_entry()
        place = page.next
        if place is None:
            break

    assert seen == written[::-1]


@pytest.mark.django_db
def test_pages_hold_each_entry_of_one_transaction_once() -> None:
    written = sorted((make_entry().pk for _ in range(5)), reverse=True)
    with purpose(Purpose.VIEW):
        wanted = EntryFilter(action=Action.KEYS_ROTATED)
        first = find_entries(wanted, limit=2)
        second = find_entries(wanted, after=first.next, limit=3)

    assert [row.id for row in (*first.rows, *second.rows)] == written
    assert second.next is None


@pytest.mark.django_db
def test_entries_of_one_transaction_are_ordered_forwards_too() -> None:
    entries = [make_entry() for _ in range(3)]
    place = EntryCursor(entries[0].txid, entries[0].pk)

    found = Entry.found.oldest_first().newer_than(place)

    assert [entry.pk for entry in found] == [entry.pk for entry in entries[1:]]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_two_queries_however_many_people_acted(count: int) -> None:
    for number in range(count):
        with acting_as(actor_of(make_person(email=f"{number}@desk.example"))):
            make_entry()

    with CaptureQueriesContext(connections["default"]) as queries:
        assert len(_find(EntryFilter(action=Action.KEYS_ROTATED))) == count

    assert len(queries) <= 2


@pytest.mark.django_db
def test_showing_the_log_is_an_entry_of_its_own() -> None:
    person, officer = make_person(), make_person("Robin", "robin@desk.example")
    with acting_as(actor_of(person)):
        make_entry()
    since = timezone.now() - timedelta(days=1)
    wanted = EntryFilter(person_id=person.pk, action=Action.KEYS_ROTATED, since=since, inbox_ids=None)

    with acting_as(actor_of(officer)):
        page = show_entries(wanted)

    assert len(page.rows) == 1
    with purpose(Purpose.VIEW):
        (entry,) = find_entries(EntryFilter(action=Action.AUDIT_VIEW)).rows
    assert (entry.actor_id, entry.purpose, entry.subject_kind) == (officer.pk, "view", "audit")
    assert entry.content.details == {
        "entries": 1,
        "filter": {"person_id": str(person.pk), "action": "keys.rotated", "since": since.isoformat()},
    }


def test_filter_is_told_with_the_reader_s_inboxes() -> None:
    wanted = EntryFilter(inbox_ids=frozenset({OTHER, INBOX}), outcome=Outcome.DENIED)

    assert filter_details(wanted) == {"inbox_ids": [INBOX, OTHER], "outcome": "denied"}


@pytest.mark.django_db
def test_timeline_of_a_ticket_holds_its_acts_and_is_narrowed() -> None:
    ticket = ticket_subject(INBOX)
    first = record(Action.TICKET_OPENED, on=ticket)
    second = record(Action.TICKET_NOTE, on=Subject(SubjectKind.MESSAGE, new_id(), INBOX, ticket_id=ticket.id))
    record(Action.TICKET_OPENED, on=ticket_subject(INBOX))
    assert ticket.id is not None

    assert [row.id for row in timeline(ticket.id, inbox_ids=None).rows] == [second, first]
    assert timeline(ticket.id, inbox_ids=frozenset({OTHER})).rows == ()


@pytest.mark.django_db
def test_entry_of_an_erased_person_stays_without_its_payload() -> None:
    person = make_person()
    with acting_as(actor_of(person)):
        entry = make_entry(word="secret")
    destroy_key(Owner(OwnerKind.USER, person.pk))

    with purpose(Purpose.VIEW):
        (row,) = find_entries(EntryFilter(action=Action.KEYS_ROTATED)).rows

    assert (row.id, row.actor_id, row.content.state, row.content.details) == (
        entry.pk,
        person.pk,
        PayloadState.ERASED,
        {},
    )


def _flip(first: Entry, _second: Entry) -> None:
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET payload = set_byte(payload, 20, get_byte(payload, 20) # 1) WHERE id = %s",
            [first.pk],
        )


def _swap(first: Entry, second: Entry) -> None:
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute(
            "UPDATE audit_entry SET payload = (SELECT payload FROM audit_entry WHERE id = %s) WHERE id = %s",
            [second.pk, first.pk],
        )


def _lose_key(first: Entry, _second: Entry) -> None:
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET sealed_under = %s WHERE id = %s", [new_id(), first.pk])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", [_flip, _swap, _lose_key])
def test_damaged_payload_is_told_and_hides_no_other_entry(damage: Callable[[Entry, Entry], None]) -> None:
    first, second = make_entry(word="first"), make_entry(word="second")
    damage(first, second)

    with purpose(Purpose.VIEW):
        rows = find_entries(EntryFilter(action=Action.KEYS_ROTATED)).rows
        (told,) = find_entries(EntryFilter(action=Action.INTEGRITY_FAILURE)).rows

    assert [_summary(row) for row in rows] == [
        (second.pk, PayloadState.OPEN, {"word": "second"}),
        (first.pk, PayloadState.DAMAGED, {}),
    ]
    assert (told.outcome, told.content.details) == ("failed", {"entry": str(first.pk)})


def _summary(row: EntryRow) -> tuple[UUID, PayloadState, object]:
    return row.id, row.content.state, row.content.details


@given(st.integers(min_value=0, max_value=10**19 - 1), st.uuids())
def test_cursor_comes_back_unchanged(txid: int, key: UUID) -> None:
    place = EntryCursor(txid, key)

    assert EntryCursor.decode(place.encode()) == place


@pytest.mark.parametrize(
    "text", ["", "1", "1-", "x-" + "0" * 32, "1-" + "g" * 32, "²-" + "0" * 32, "9" * 20 + "-" + "0" * 32]
)
def test_text_that_names_no_place_is_refused(text: str) -> None:
    with pytest.raises(WrongFilter):
        EntryCursor.decode(text)
