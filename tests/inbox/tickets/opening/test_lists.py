"""A list opens what it shows, writes ONE entry of it, and not again within the hour."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from audit.actions import Action, Outcome
from audit.models import Entry
from audit.payload import Plain
from helpdesk.core.context import Request, within_request
from helpdesk.core.ids import new_id
from helpdesk.core.paging import BadCursor
from helpdesk.crypto.keyring import forget
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access
from inbox.tickets.opening.lists import ListQuery, show_counts, show_list, show_rows
from inbox.tickets.opening.people import UNREADABLE
from inbox.tickets.opening.reader import show_ticket
from inbox.tickets.rows import FolderCount, Person
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.note import add_note
from inbox.tickets.states import DraftKind, Folder, State
from tests.inbox.tickets.plain import damage, details, entries, open_plain, place
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db

OPEN = ListQuery(Folder.OPEN)
WHOLE = {"subject": "Printer", "sender": "Kim Reyes", "preview": "It does not print."}


@contextmanager
def session(name: str, capture: DjangoCaptureOnCommitCallbacks) -> Iterator[None]:
    """Ask within one session, and commit at its end."""
    with within_request(Request(new_id(), session=name)), capture(execute=True):
        yield


def lists() -> list[tuple[str, UUID | None, str, list[Plain]]]:
    """Return each ticket.list entry as kind, inbox, purpose and numbers."""
    found = []
    for entry in entries(Action.TICKET_LIST):
        numbers = details(entry)["numbers"]
        assert isinstance(numbers, list)
        found.append((entry.subject_kind, entry.inbox_id, entry.purpose, numbers))
    return found


def access() -> Access:
    """Return the access of an agent who sees everything."""
    return access_of(make_agent("Agent"))


def test_a_row_shows_what_a_list_needs() -> None:
    inbox = make_inbox()
    me = make_agent("Agent", inbox=inbox, name="Lea Berg")
    ticket = place(open_plain(inbox), assignee=me)
    save_draft(ticket, NewDraft(DraftKind.REPLY, "Dear"), by=me)

    (row,) = show_list(access_of(me), OPEN).rows

    assert (row.id, row.number, row.subject, row.sender, row.preview) == (
        ticket.pk,
        ticket.number,
        "Printer",
        "Kim Reyes",
        "It does not print.",
    )
    assert (row.inbox_id, row.inbox_name, row.state, row.version) == (inbox.pk, "Support", State.OPEN, 1)
    assert (row.assignee, row.age_at) == (Person(me.pk, "Lea Berg", "LB"), ticket.last_activity)
    assert (row.unread, row.restricted, row.deleted, row.spam, row.draft) == (True, False, False, False, True)


def test_a_row_is_unread_until_its_version_was_seen() -> None:
    inbox = make_inbox()
    me, ticket = make_agent("Agent", inbox=inbox), open_plain(inbox)
    found = [show_list(access_of(me), OPEN).rows[0].unread]

    show_ticket(access_of(me), ticket)
    found.append(show_list(access_of(me), OPEN).rows[0].unread)
    add_note(ticket, "Hm", by=make_agent("Agent", inbox=inbox))
    found.append(show_list(access_of(me), OPEN).rows[0].unread)

    assert found == [True, False, True]


def test_one_entry_names_all_rows_of_a_list(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    support, billing = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    first, second = open_plain(support), open_plain(billing)
    me = access()

    with session("a", django_capture_on_commit_callbacks):
        show_list(me, OPEN)

    assert lists() == [("desk", None, "", [first.number, second.number])]
    (entry,) = entries(Action.TICKET_LIST)
    assert details(entry)["inboxes"] == sorted([str(support.pk), str(billing.pk)])


def test_a_session_is_not_written_twice_within_the_hour(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    inbox = make_inbox()
    first, me = open_plain(inbox), access()
    start = timezone.now()

    def ask(name: str, at: datetime) -> None:
        with time_machine.travel(at, tick=False), session(name, django_capture_on_commit_callbacks):
            show_list(me, OPEN)
        with time_machine.travel(at, tick=False), session(name, django_capture_on_commit_callbacks):
            show_rows(me, [first.number], OPEN)

    ask("a", start)
    ask("a", start + timedelta(minutes=30))
    assert [numbers for *_, numbers in lists()] == [[first.number]]

    ask("b", start + timedelta(minutes=31))
    second = open_plain(inbox)
    ask("a", start + timedelta(minutes=40))
    ask("a", start + timedelta(minutes=61))

    assert [numbers for *_, numbers in lists()] == [
        [first.number],
        [first.number],
        [second.number],
        [first.number],
    ]
    assert lists()[0][:2] == ("inbox", inbox.pk)


def test_what_was_not_committed_was_not_shown(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ticket, me = open_plain(make_inbox()), access()

    for _ in range(2):
        with within_request(Request(new_id(), session="a")), django_capture_on_commit_callbacks(execute=False):
            show_list(me, OPEN)

    assert [numbers for *_, numbers in lists()] == [[ticket.number]] * 2


def test_an_empty_list_writes_no_entry() -> None:
    make_inbox()

    assert show_list(access(), OPEN).rows == ()
    assert lists() == []


def test_counts_open_nothing_and_write_no_entry() -> None:
    inbox = make_inbox()
    me = make_agent("Agent", inbox=inbox)
    place(open_plain(inbox), assignee=me)
    open_plain(inbox)
    place(open_plain(inbox), state=State.PENDING)
    before = Entry.found.count()

    counts = show_counts(access_of(me), inbox_id=inbox.pk)

    assert counts == tuple(
        FolderCount(folder, inbox.pk, count)
        for folder, count in ((Folder.MINE, 1), (Folder.UNASSIGNED, 1), (Folder.OPEN, 2), (Folder.PENDING, 1))
    )
    assert Entry.found.count() == before


def test_pages_follow_each_other_to_the_end() -> None:
    inbox, me = make_inbox(), access()
    moments = [timezone.now() - timedelta(minutes=minute // 2) for minute in range(7)]
    numbers = [place(open_plain(inbox), last_activity=moment).number for moment in moments]
    found, cursor, pages = [], "", 0

    while pages < 10:
        page = show_list(me, ListQuery(Folder.OPEN, after=cursor), size=2)
        found += [row.number for row in page.rows]
        cursor, pages = page.next_cursor, pages + 1
        if not cursor:
            break

    assert sorted(found) == sorted(numbers)
    assert (pages, len(found)) == (4, 7)


def test_the_last_page_is_the_last_when_it_is_full() -> None:
    inbox, me = make_inbox(), access()
    for _ in range(2):
        open_plain(inbox)

    assert show_list(me, OPEN, size=2).next_cursor == ""
    assert show_list(me, OPEN, size=1).next_cursor != ""


def test_tickets_older_than_1970_have_their_pages() -> None:
    inbox, me = make_inbox(), access()
    old = datetime.fromisoformat("1955-03-01T00:00:00.000001+00:00")
    numbers = [place(open_plain(inbox), last_activity=old - timedelta(days=day)).number for day in range(3)]

    first = show_list(me, OPEN, size=1)
    second = show_list(me, ListQuery(after=first.next_cursor), size=1)

    assert [first.rows[0].number, second.rows[0].number] == numbers[:2]


def test_a_broken_cursor_is_refused_before_anything_is_opened() -> None:
    open_plain(make_inbox())

    with pytest.raises(BadCursor):
        show_list(access(), ListQuery(after="nonsense"))

    assert lists() == []


def test_show_rows_gives_what_lies_in_the_folder_and_may_be_seen() -> None:
    inbox, other = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    shown, closed = open_plain(inbox), place(open_plain(inbox), state=State.CLOSED)
    hidden, elsewhere = place(open_plain(inbox), restricted=True), open_plain(other)
    me = access_of(make_agent("Agent", inbox=inbox))
    numbers = [each.number for each in (closed, shown, hidden, elsewhere)] + [4_000_000]

    rows = show_rows(me, numbers, OPEN)

    assert [row.number for row in rows] == [shown.number]
    assert [numbers for *_, numbers in lists()] == [[shown.number]]
    assert [row.number for row in show_rows(me, numbers, ListQuery(Folder.CLOSED))] == [closed.number]
    assert show_rows(me, numbers, ListQuery(Folder.OPEN, other.pk)) == ()


@pytest.mark.parametrize("rows", [1, 3])
def test_a_list_takes_the_same_queries_for_few_and_many_rows(
    rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    inbox = make_inbox()
    me = make_agent("Agent", inbox=inbox)
    for _ in range(rows):
        save_draft(place(open_plain(inbox), assignee=me), NewDraft(DraftKind.NOTE, "x"), by=me)
    rights = access_of(me)
    show_list(rights, ListQuery(Folder.BIN))
    forget()
    show_list(rights, ListQuery(Folder.CLOSED))

    # The rows, their keys, their key's key, the desk's key for the entry and its key's, the entry.
    with django_assert_num_queries(5):
        page = show_list(rights, OPEN)

    assert len(page.rows) == rows


@pytest.mark.parametrize("column", ["subject", "sender", "preview"])
def test_a_damaged_column_is_a_sign_and_an_entry(column: str) -> None:
    inbox = make_inbox()
    whole, damaged = open_plain(inbox), open_plain(inbox)
    damage(damaged, column)

    rows = {row.number: getattr(row, column) for row in show_list(access(), OPEN).rows}

    assert rows == {damaged.number: UNREADABLE, whole.number: WHOLE[column]}
    (entry,) = entries(Action.INTEGRITY_FAILURE)
    assert (entry.subject_id, entry.outcome) == (damaged.pk, Outcome.FAILED)
    assert details(entry) == {"row": str(damaged.pk), "column": column}
