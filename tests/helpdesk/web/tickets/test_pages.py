"""List, ticket, rows and print: what each shows, records and asks of the database."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from audit.actions import Action
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Ticket, TicketReader
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.status import set_state
from inbox.tickets.states import DraftKind, State
from tests.inbox.tickets.plain import append_plain, damage, details, entries, open_plain, place
from tests.make import Letter, make_agent, make_inbox, make_ticket
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db

SHOWN = (Action.TICKET_LIST, Action.TICKET_VIEW, Action.TICKET_PRINT, Action.MESSAGE_BODY)
PART = {"HX-Request": "true"}


def shown() -> list[str]:
    """Return which openings were recorded."""
    return [entry.action for entry in entries(*SHOWN)]


def numbers_in(page: bytes) -> list[int]:
    """Return the tickets whose rows stand in a page."""
    return [int(number) for number in re.findall(rb'<li class="row[^>]* data-number="(\d+)"', page)]


def agent_client(inbox: Inbox, role: str = "Agent") -> Client:
    """Return the browser of somebody who holds `role` there."""
    return client_of(make_agent(role, inbox=inbox))


def test_the_list_shows_a_folder() -> None:
    inbox = make_inbox()
    opened, closed = open_plain(inbox, "Printer"), set_state(open_plain(inbox, "Scanner"), State.CLOSED)
    client = agent_client(inbox)

    everything = client.get("/")
    folder = client.get("/?folder=closed")

    assert numbers_in(everything.content) == [opened.number]
    assert numbers_in(folder.content) == [closed.number]
    assert b"Printer" in everything.content
    assert b"Printer" not in folder.content


def test_an_unknown_folder_is_all_open() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)

    assert numbers_in(agent_client(inbox).get("/?folder=nonsense").content) == [ticket.number]


def test_a_list_is_one_entry_and_a_view_one_more() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)
    client = agent_client(inbox)

    client.get("/")
    assert shown() == ["ticket.list"]
    client.get(f"/t/{ticket.number}", headers=PART)

    assert shown() == ["ticket.list", "ticket.view"]


def test_a_whole_ticket_page_is_one_view_and_one_list() -> None:
    inbox = make_inbox()
    ticket, other = open_plain(inbox), open_plain(inbox)

    response = agent_client(inbox).get(f"/t/{ticket.number}")

    assert response.status_code == 200
    assert sorted(shown()) == ["ticket.list", "ticket.view"]
    (entry,) = entries(Action.TICKET_LIST)
    assert details(entry)["numbers"] == [ticket.number, other.number]


def test_a_script_gets_the_part_alone() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)
    client = agent_client(inbox)

    part, rows, whole = client.get(f"/t/{ticket.number}", headers=PART), client.get("/", headers=PART), client.get("/")

    assert b"<html" not in part.content
    assert b"It does not print." in part.content
    assert rows.content.lstrip().startswith(b"<li")
    assert whole.content.startswith(b"<!doctype html>")


def test_a_list_of_a_hidden_inbox_is_absent() -> None:
    inbox, other = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    open_plain(other)
    client = agent_client(inbox)

    answers = [client.get(f"/?inbox={key}").status_code for key in (inbox.pk, other.pk, uuid4(), "nonsense")]

    assert answers == [200, 404, 404, 404]


def test_a_broken_place_is_told() -> None:
    client = agent_client(make_inbox())

    assert client.get("/?after=nonsense").status_code == 422
    assert shown() == []


def test_older_rows_follow_by_a_cursor() -> None:
    inbox = make_inbox()
    tickets = [open_plain(inbox) for _ in range(53)]
    client = agent_client(inbox)

    first = client.get("/").content
    link = re.search(rb'hx-get="([^"]+)"[^>]*>[^<]*older', first)
    assert link is not None
    second = client.get(link[1].decode().replace("&amp;", "&"), headers=PART).content

    assert numbers_in(first) + numbers_in(second) == [ticket.number for ticket in reversed(tickets)]
    assert b"hx-get" not in second


def test_rows_are_refreshed_as_far_as_they_may_be_seen() -> None:
    inbox, other = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    mine, closed = open_plain(inbox), set_state(open_plain(inbox), State.CLOSED)
    hidden, elsewhere = place(open_plain(inbox), restricted=True), open_plain(other)
    wanted = ",".join(str(each.number) for each in (mine, closed, hidden, elsewhere))
    client = agent_client(inbox)

    assert numbers_in(client.get(f"/rows?numbers={wanted}").content) == [mine.number]
    assert numbers_in(client.get(f"/rows?numbers={wanted}&folder=closed").content) == [closed.number]


@pytest.mark.parametrize(
    ("numbers", "status"),
    [
        ("", 200), ("1", 200), ("9" * 18, 200), ("9" * 19, 422), ("1,x", 422), ("-1", 422), ("²", 422),
        (",".join(["1"] * 50), 200), (",".join(["1"] * 51), 422),
    ],
)  # fmt: skip
def test_rows_take_at_most_fifty_numbers(numbers: str, status: int) -> None:
    assert agent_client(make_inbox()).get("/rows", {"numbers": numbers}).status_code == status


@pytest.mark.parametrize("address", ["/t/{}", "/t/{}/print"])
def test_hidden_and_absent_tickets_look_the_same(address: str) -> None:
    inbox, other = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    elsewhere, restricted = open_plain(other), place(open_plain(inbox), restricted=True)
    client = agent_client(inbox)

    numbers = (elsewhere.number, restricted.number, 4_000_000)
    answers = [client.get(address.format(number)) for number in numbers]

    assert [answer.status_code for answer in answers] == [404, 404, 404]
    pages = {re.sub(rb"[0-9a-f]{8}-[0-9a-f-]{27}", b"ID", answer.content) for answer in answers}
    assert len(pages) == 1
    assert shown() == []


def test_a_restricted_ticket_is_nowhere_until_one_is_named() -> None:
    inbox = make_inbox()
    ticket = place(open_plain(inbox, "Needle"), restricted=True)
    me = make_agent("Agent", inbox=inbox)
    client = client_of(me)

    before = [client.get(path) for path in ("/", f"/rows?numbers={ticket.number}", f"/t/{ticket.number}")]
    assert not any(b"Needle" in answer.content for answer in before)
    assert b'<small id="list-count"></small>' in before[0].content
    TicketReader.objects.create(ticket=ticket, user=me)
    after = [client.get(path) for path in ("/", f"/rows?numbers={ticket.number}", f"/t/{ticket.number}")]

    assert [answer.status_code for answer in before] == [200, 200, 404]
    assert [answer.status_code for answer in after] == [200, 200, 200]
    assert all(b"Needle" in answer.content for answer in after)
    assert b'<small id="list-count">1</small>' in after[0].content


def test_a_superuser_as_such_sees_an_empty_desk() -> None:
    ticket = open_plain(make_inbox(), "Needle")
    root = make_person("root@staff.example.com", is_staff=True)
    User.objects.filter(pk=root.pk).update(is_superuser=True)
    client = client_of(root)

    listed, opened = client.get("/"), client.get(f"/t/{ticket.number}")

    assert (listed.status_code, opened.status_code) == (200, 404)
    assert b"Needle" not in listed.content + opened.content
    assert b"You have no inbox yet" in listed.content


def test_a_print_is_recorded_as_one_and_shows_everything() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)
    for number in range(40):
        append_plain(ticket, f"Message {number}.")

    page = agent_client(inbox).get(f"/t/{ticket.number}/print")

    assert shown() == ["ticket.print"]
    assert all(f"Message {number}.".encode() in page.content for number in range(40))


def test_a_draft_comes_back_to_its_writer_alone() -> None:
    inbox = make_inbox()
    ticket, me = open_plain(inbox), make_agent("Agent", inbox=inbox)
    save_draft(ticket, NewDraft(DraftKind.REPLY, "Needle, dear Kim"), by=me)

    mine = client_of(me).get(f"/t/{ticket.number}")
    theirs = agent_client(inbox).get(f"/t/{ticket.number}")

    assert b"Needle, dear Kim" in mine.content
    assert b"Needle" not in theirs.content


ACTS = ("reply", "note", "assign", "state", "delete", "restore")


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("Read-only", set()),
        ("Inbox admin", set()),
        ("Agent", {"reply", "note", "assign", "state"}),
        ("Senior agent", {"reply", "note", "assign", "state", "delete"}),
    ],
)
def test_a_page_offers_what_the_person_may_do(role: str, offered: set[str]) -> None:
    inbox = make_inbox()
    ticket = make_ticket(inbox=inbox)

    page = agent_client(inbox, role).get(f"/t/{ticket.number}").content.decode()

    assert {act for act in ACTS if f"/t/{ticket.number}/{act}" in page} == offered


@pytest.mark.parametrize(("role", "offered"), [("Agent", set()), ("Senior agent", {"restore"})])
def test_in_the_bin_nothing_but_restoring_is_offered(role: str, offered: set[str]) -> None:
    inbox = make_inbox()
    ticket = delete_ticket(make_ticket(inbox=inbox))

    page = agent_client(inbox, role).get(f"/t/{ticket.number}").content.decode()

    assert {act for act in ACTS if f"/t/{ticket.number}/{act}" in page} == offered


def queries_of(client: Client, address: str) -> int:
    """Return how many questions a page asks when everything is warm."""
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    return len(asked)


def test_a_list_asks_the_same_for_1_and_3_rows() -> None:
    few, many = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    costs = []
    for inbox, rows in ((few, 1), (many, 3)):
        me = make_agent("Agent", inbox=inbox)
        for _ in range(rows):
            save_draft(place(open_plain(inbox), assignee=me), NewDraft(DraftKind.NOTE, "x"), by=me)
        costs.append(queries_of(client_of(me), "/"))

    assert costs[0] == costs[1]
    assert costs[0] <= 16


@pytest.mark.parametrize("address", ["/t/{}", "/t/{}?all=1", "/t/{}/print"])
def test_a_ticket_asks_the_same_for_3_and_100_messages(address: str) -> None:
    inbox = make_inbox()
    client = agent_client(inbox, "Senior agent")
    costs = []
    for count in (2, 99):
        ticket = make_ticket(inbox=inbox, letter=Letter(files=[("scan.pdf", b"data")]))
        for number in range(count):
            append_plain(ticket, f"Message {number}")
        costs.append(queries_of(client, address.format(ticket.number)))

    assert costs[0] == costs[1]
    assert costs[0] <= 34


def test_earlier_messages_come_on_demand() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox, text="The very first.")
    for number in range(40):
        append_plain(ticket, f"Message {number}.")
    client = agent_client(inbox)

    short, whole = client.get(f"/t/{ticket.number}"), client.get(f"/t/{ticket.number}?all=1")

    assert b"Show 11 earlier messages" in short.content
    assert b"The very first." not in short.content.split(b'id="thread"')[1]
    assert b"Message 39." in short.content
    assert b"The very first." in whole.content.split(b'id="thread"')[1]
    assert shown().count("ticket.view") == 2


@pytest.mark.parametrize("column", ["subject", "sender", "preview"])
def test_a_damaged_ticket_is_shown_with_a_sign(column: str) -> None:
    inbox = make_inbox()
    ticket, whole = make_ticket("Scanner", inbox=inbox), open_plain(inbox, "Printer")
    damage(Ticket.objects.get(pk=ticket.pk), column)
    client = agent_client(inbox)

    listed, opened = client.get("/"), client.get(f"/t/{ticket.number}", headers=PART)

    assert (listed.status_code, opened.status_code) == (200, 200)
    assert numbers_in(listed.content) == [whole.number, ticket.number]
    assert "\N{REPLACEMENT CHARACTER}".encode() in listed.content
    assert {details(entry)["column"] for entry in entries(Action.INTEGRITY_FAILURE)} == {column}
