"""Folders, counts and the list in two phases: the same rows as a plain question, none twice and none missing."""

import random
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from django.db import connection, connections
from django.db.models import F, QuerySet

from accounts.models import User
from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import Owner, OwnerKind, make_keys
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access
from inbox.tickets.models import Ticket, TicketReader, TicketSeen
from inbox.tickets.querysets import COUNT_LIMIT, Place, count_folders
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.locking import next_number
from inbox.tickets.states import DraftKind, Folder, State
from tests.inbox.tickets.plain import bind, open_plain, place
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db

NOW: Final = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
ALL: Final = tuple(Folder)


def page(
    access: Access, folder: Folder, *, inbox_id: UUID | None = None, after: Place | None = None, size: int = 50
) -> list[Ticket]:
    """Return one page of a folder."""
    return list(Ticket.objects.page_of(access, folder, inbox_id=inbox_id, after=after, size=size))


def walk(access: Access, folder: Folder, *, inbox_id: UUID | None, size: int) -> list[UUID]:
    """Return the keys of all pages of a folder, one after the other."""
    found: list[UUID] = []
    after = None
    for _ in range(200):
        rows = page(access, folder, inbox_id=inbox_id, after=after, size=size)
        found += [row.pk for row in rows]
        if len(rows) < size:
            return found
        after = Place(rows[-1].last_activity, rows[-1].pk)
    raise AssertionError("the pages do not end")


def plain_list(access: Access, folder: Folder, inbox_id: UUID | None) -> list[UUID]:
    """Return what a folder holds by a question that anybody can read."""
    rows = _in_folder(Ticket.objects.visible_to(access), folder, access.user_id)
    if inbox_id is not None:
        rows = rows.filter(inbox=inbox_id)
    return list(rows.order_by("-last_activity", "-id").values_list("pk", flat=True))


def _in_folder(rows: QuerySet[Ticket], folder: Folder, me: UUID) -> QuerySet[Ticket]:
    if folder == Folder.BIN:
        return rows.exclude(deleted_at=None)
    rows = rows.filter(deleted_at=None)
    if folder == Folder.SPAM:
        return rows.exclude(spam_at=None)
    rows = rows.filter(spam_at=None)
    if folder == Folder.MINE:
        return rows.filter(state=State.OPEN, assignee=me)
    if folder == Folder.UNASSIGNED:
        return rows.filter(state=State.OPEN, assignee=None)
    return rows.filter(state=folder.value)


def write_many(inboxes: list[Inbox], people: list[User | None], *, count: int, seed: int) -> None:
    """Write tickets of every kind; many have the same moment."""
    chance = random.Random(seed)  # noqa: S311 - test data
    ids = [new_id() for _ in range(count)]
    make_keys([Owner(OwnerKind.TICKET, ticket_id) for ticket_id in ids])
    Ticket.objects.bulk_create(_random_ticket(ticket_id, inboxes, people, chance) for ticket_id in ids)


def _random_ticket(ticket_id: UUID, inboxes: list[Inbox], people: list[User | None], chance: random.Random) -> Ticket:
    return Ticket(
        id=ticket_id,
        number=next_number(),
        inbox=chance.choice(inboxes),
        subject="Printer",
        sender="Kim",
        preview="It does not print.",
        state=chance.choice(State.values),
        assignee=chance.choice(people),
        restricted=chance.random() < 0.3,
        deleted_at=NOW if chance.random() < 0.15 else None,
        spam_at=NOW if chance.random() < 0.15 else None,
        last_activity=NOW - timedelta(minutes=chance.randrange(12)),
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_pages_hold_what_a_plain_question_finds(seed: int) -> None:
    inboxes = [make_inbox(f"Inbox {number}", address=f"i{number}@desk.example.net") for number in range(6)]
    me, other = make_agent("Agent", inbox=inboxes[0]), make_agent("Agent", inbox=inboxes[0])
    bind(me, "Senior agent", inboxes[1])
    bind(me, "Read-only", *inboxes[2:5])
    write_many(inboxes, [me, other, None], count=220, seed=seed)
    named = Ticket.objects.filter(restricted=True)[::7]
    TicketReader.objects.bulk_create(TicketReader(ticket=ticket, user=me) for ticket in named)
    access = access_of(me)

    for folder in ALL:
        for inbox_id in (None, inboxes[1].pk, inboxes[5].pk):
            expected = plain_list(access, folder, inbox_id)
            for size in (1, 3, 50):
                assert walk(access, folder, inbox_id=inbox_id, size=size) == expected
    assert len(plain_list(access, Folder.CLOSED, None)) > 20
    assert plain_list(access, Folder.CLOSED, inboxes[5].pk) == []


def test_rows_of_the_same_moment_are_each_on_one_page() -> None:
    inboxes = [make_inbox(), make_inbox("Billing", address="billing@desk.example.net")]
    tickets = [place(open_plain(inboxes[number % 2]), last_activity=NOW) for number in range(9)]
    access = access_of(make_agent("Agent"))

    found = walk(access, Folder.OPEN, inbox_id=None, size=2)

    assert found == sorted((ticket.pk for ticket in tickets), reverse=True)


CASES: Final[dict[Folder, dict[str, object]]] = {
    Folder.MINE: {"state": "open", "mine": True},
    Folder.UNASSIGNED: {"state": "open"},
    Folder.PENDING: {"state": "pending"},
    Folder.CLOSED: {"state": "closed"},
    Folder.SPAM: {"state": "open", "spam_at": NOW},
    Folder.BIN: {"state": "open", "deleted_at": NOW},
}


def test_each_folder_holds_its_own() -> None:
    inbox = make_inbox()
    me, other = make_agent("Agent", inbox=inbox), make_agent("Agent", inbox=inbox)
    made: dict[Folder, Ticket] = {}
    for folder, columns in CASES.items():
        words = {name: value for name, value in columns.items() if name != "mine"}
        made[folder] = place(open_plain(inbox), assignee=me if columns.get("mine") else None, **words)
    others = place(open_plain(inbox), assignee=other)
    both = place(open_plain(inbox), spam_at=NOW, deleted_at=NOW)
    access = access_of(me)

    found = {folder: {row.pk for row in page(access, folder)} for folder in ALL}

    expected = {folder: {ticket.pk} for folder, ticket in made.items()}
    expected[Folder.OPEN] = {made[Folder.MINE].pk, made[Folder.UNASSIGNED].pk, others.pk}
    expected[Folder.BIN].add(both.pk)
    assert found == expected
    assert count_folders(access, ALL) == {folder: len(keys) for folder, keys in expected.items()}


@pytest.mark.parametrize("role", ["Agent", "Senior agent"])
def test_a_hidden_ticket_is_in_no_list_and_no_count(role: str) -> None:
    inbox = make_inbox()
    hidden, shown = place(open_plain(inbox), restricted=True), open_plain(inbox)
    me = make_agent(role, inbox=inbox)
    sees = role == "Senior agent"

    def found(user: User) -> tuple[set[UUID], int, set[UUID]]:
        access = access_of(user)
        numbered = Ticket.objects.numbered(access, Folder.OPEN, inbox_id=None, numbers=[hidden.number, shown.number])
        return (
            {row.pk for row in page(access, Folder.OPEN)},
            count_folders(access, (Folder.OPEN,))[Folder.OPEN],
            {row.pk for row in numbered},
        )

    both = {hidden.pk, shown.pk}
    assert found(me) == ((both, 2, both) if sees else ({shown.pk}, 1, {shown.pk}))
    TicketReader.objects.create(ticket=hidden, user=me)
    assert found(me) == (both, 2, both)


def test_counts_end_at_a_hundred() -> None:
    inboxes = [make_inbox(), make_inbox("Billing", address="billing@desk.example.net")]
    me = make_agent("Agent")
    write_many(inboxes, [None], count=1, seed=1)
    Ticket.objects.update(state="open", restricted=False, deleted_at=None, spam_at=None)
    origin = Ticket.objects.get()
    one = count_folders(access_of(me), (Folder.OPEN, Folder.MINE))
    write_many(inboxes, [None], count=150, seed=2)
    Ticket.objects.update(state="open", restricted=False, deleted_at=None, spam_at=None)

    assert one == {Folder.OPEN: 1, Folder.MINE: 0}
    assert count_folders(access_of(me), (Folder.OPEN, Folder.MINE)) == {Folder.OPEN: COUNT_LIMIT, Folder.MINE: 0}
    there = count_folders(access_of(me), (Folder.OPEN,), inbox_id=origin.inbox_id)[Folder.OPEN]
    assert there == Ticket.objects.filter(inbox=origin.inbox_id).count()


def test_without_an_inbox_there_is_nothing() -> None:
    open_plain(make_inbox())
    nobody = Access(new_id())

    assert page(nobody, Folder.OPEN) == []
    assert count_folders(nobody, ALL) == dict.fromkeys(ALL, 0)
    assert not Ticket.objects.visible_to(nobody).exists()


def test_a_ticket_in_the_bin_or_in_spam_is_not_live() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)
    gone = [place(open_plain(inbox), deleted_at=NOW), place(open_plain(inbox), spam_at=NOW)]

    assert [each.is_live for each in (ticket, *gone)] == [True, False, False]


def test_a_row_carries_what_it_shows() -> None:
    inbox = make_inbox()
    me = make_agent("Agent", inbox=inbox, name="Lea Berg")
    ticket = place(open_plain(inbox), assignee=me)
    TicketSeen.objects.create(ticket=ticket, user=me, version=1)
    save_draft(ticket, NewDraft(DraftKind.NOTE, "Hm"), by=me)
    other = make_agent("Agent", inbox=inbox)

    joined = [vars(page(access_of(user), Folder.OPEN)[0]) for user in (me, other)]

    names = ("inbox_name", "assignee_name", "assignee_email", "seen_version", "has_draft")
    assert [tuple(row[name] for name in names) for row in joined] == [
        ("Support", "Lea Berg", me.email, 1, True),
        ("Support", "Lea Berg", me.email, None, False),
    ]


def buffers_of_first_page(access: Access) -> int:
    """Return how many buffers PostgreSQL touches for the first page of all open tickets."""
    rows = Ticket.objects.page_of(access, Folder.OPEN, inbox_id=None, after=None, size=51)
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + str(rows.raw_query), rows.params)
        plan = cursor.fetchone()[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def write_in_batches(inboxes: list[Inbox], count: int) -> None:
    """Write that many tickets and let PostgreSQL count them, as it does by itself in time."""
    for start in range(0, count, 2000):
        write_many(inboxes, [None], count=min(2000, count - start), seed=start)
    with connections["owner"].cursor() as cursor:
        cursor.execute("ANALYZE tickets_ticket")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("few", "many"), [(1000, 5000), pytest.param(2000, 20_000, marks=pytest.mark.long)])
def test_the_page_of_quiet_inboxes_costs_the_same_however_busy_the_others_are(few: int, many: int) -> None:
    quiet = [make_inbox(f"Quiet {number}", address=f"q{number}@desk.example.net") for number in range(10)]
    busy = [make_inbox(f"Busy {number}", address=f"b{number}@desk.example.net") for number in range(5)]
    me = make_agent("Agent", inbox=quiet[0])
    bind(me, "Read-only", *quiet[1:])
    access = access_of(me)
    write_in_batches(quiet, few // 2)
    Ticket.objects.update(last_activity=F("last_activity") - timedelta(days=900))
    write_in_batches(busy, few // 2)
    before = buffers_of_first_page(access)

    write_in_batches(busy, many - few)

    assert len(page(access, Folder.OPEN)) == 50
    assert buffers_of_first_page(access) <= before * 1.2
