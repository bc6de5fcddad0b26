"""State, assignee and bin by their forms: done once, guarded by the version, undone by what the answer offers."""

from uuid import uuid4

import pytest
from django.test import Client

from audit.actions import Action
from audit.models import Entry
from inbox.tickets.models import Ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State
from tests.inbox.tickets.plain import entries, open_plain, place
from tests.make import make_agent, make_inbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

JSON = {"Accept": "application/json"}


def stored(ticket: Ticket) -> tuple[object, ...]:
    """Return what an act could change."""
    row = Ticket.objects.filter(pk=ticket.pk).values_list("state", "assignee", "deleted_at", "version").get()
    return (*row, Entry.found.exclude(action=Action.ACCESS_DENIED).count())


def agent(role: str = "Senior agent") -> tuple[Ticket, Client]:
    """Return a ticket and the browser of somebody who holds `role` on its inbox."""
    inbox = make_inbox()
    return open_plain(inbox), client_of(make_agent(role, inbox=inbox))


@pytest.mark.parametrize(
    ("state", "said"), [("pending", "Set #{} to pending"), ("closed", "Closed #{}"), ("open", "Opened #{}")]
)
def test_state_moves_and_offers_the_way_back(state: str, said: str) -> None:
    ticket, client = agent()
    before = State.CLOSED if state == "open" else State.OPEN
    place(ticket, state=before)

    answer = client.post(f"/t/{ticket.number}/state", {"state": state, "version": 1}, headers=JSON).json()

    assert answer == {
        "said": said.format(ticket.number),
        "version": 2,
        "undo": {"url": f"/t/{ticket.number}/state", "fields": {"state": before.value, "version": 2}},
        "seconds": 10,
        "text": "",
    }
    client.post(answer["undo"]["url"], answer["undo"]["fields"])
    assert stored(ticket)[:4] == (before.value, None, None, 3)


def test_a_state_that_it_has_already_offers_nothing() -> None:
    ticket, client = agent()

    answer = client.post(f"/t/{ticket.number}/state", {"state": "open", "version": 1}, headers=JSON).json()

    assert (answer["version"], answer["undo"]) == (1, None)


def test_a_plain_form_leads_back_to_the_ticket() -> None:
    ticket, client = agent()

    answer = client.post(f"/t/{ticket.number}/state", {"state": "closed", "version": 1})

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/t/{ticket.number}")


@pytest.mark.parametrize(
    "form",
    [
        {"state": "flying", "version": "1"}, {"version": "1"}, {"state": "closed"}, {"state": "closed", "version": ""},
        {"state": "closed", "version": "-1"}, {"state": "closed", "version": "²"},
        {"state": "closed", "version": "1000000000"}, {"state": "closed", "version": "1", "once": "nonsense"},
    ],
)  # fmt: skip
def test_a_form_that_does_not_fit_changes_nothing(form: dict[str, str]) -> None:
    ticket, client = agent()
    before = stored(ticket)

    assert client.post(f"/t/{ticket.number}/state", form).status_code == 422

    assert stored(ticket) == before
    assert client.post(f"/t/{ticket.number}/state", {"state": "closed", "version": "1"}).status_code == 302


@pytest.mark.parametrize(("act", "form"), [("state", {"state": "closed"}), ("assign", {"to": "me"}), ("delete", {})])
def test_an_act_on_a_ticket_that_moved_on_is_stopped(act: str, form: dict[str, str]) -> None:
    inbox = make_inbox()
    me = make_agent("Senior agent", inbox=inbox)
    ticket, client = open_plain(inbox), client_of(me)
    form = {name: str(me.pk) if value == "me" else value for name, value in form.items()}
    add_note(ticket, "Hm", by=me)
    before = stored(ticket)

    late = client.post(f"/t/{ticket.number}/{act}", {**form, "version": 1}, headers=JSON)

    assert (late.status_code, late.json()["error"]) == (409, "ticket_moved")
    assert stored(ticket) == before
    assert client.post(f"/t/{ticket.number}/{act}", {**form, "version": 2}).status_code == 302
    assert stored(ticket) != before


def test_the_same_form_twice_acts_once() -> None:
    ticket, client = agent()
    form = {"state": "closed", "version": 1, "once": str(uuid4())}

    answers = [client.post(f"/t/{ticket.number}/state", form) for _ in range(2)]

    assert [(each.status_code, each.headers["Location"]) for each in answers] == [(302, f"/t/{ticket.number}")] * 2
    assert len(entries(Action.TICKET_STATE)) == 1


def test_a_stopped_form_may_be_sent_again() -> None:
    ticket, client = agent()
    form = {"state": "closed", "once": str(uuid4())}

    assert client.post(f"/t/{ticket.number}/state", {**form, "version": 7}).status_code == 409
    assert client.post(f"/t/{ticket.number}/state", {**form, "version": 1}).status_code == 302


def test_assign_hands_over_and_back() -> None:
    inbox = make_inbox()
    ticket, other = open_plain(inbox), make_agent("Agent", inbox=inbox, name="Ann Ott")
    client = client_of(make_agent("Senior agent", inbox=inbox))

    answer = client.post(f"/t/{ticket.number}/assign", {"to": str(other.pk), "version": 1}, headers=JSON).json()
    assert (answer["said"], answer["version"]) == (f"#{ticket.number} is with Ann Ott", 2)
    assert stored(ticket)[1] == other.pk
    back = client.post(answer["undo"]["url"], answer["undo"]["fields"], headers=JSON).json()

    assert (back["said"], stored(ticket)[:4]) == ("Nobody has it now", ("open", None, None, 3))


def test_an_agent_takes_a_ticket_and_gives_it_back() -> None:
    inbox = make_inbox()
    ticket, me = open_plain(inbox), make_agent("Agent", inbox=inbox)
    client = client_of(me)

    answer = client.post(f"/t/{ticket.number}/assign", {"to": str(me.pk), "version": 1}, headers=JSON).json()
    assert stored(ticket)[1] == me.pk
    client.post(answer["undo"]["url"], answer["undo"]["fields"])

    assert stored(ticket)[1] is None


def test_an_agent_is_offered_no_undo_that_they_may_not_do() -> None:
    inbox = make_inbox()
    me, other = make_agent("Agent", inbox=inbox), make_agent("Agent", inbox=inbox)
    ticket = place(open_plain(inbox), assignee=other)
    form = {"to": str(me.pk), "version": 1}

    taken = client_of(me).post(f"/t/{ticket.number}/assign", form, headers=JSON).json()
    place(ticket, assignee=other, version=1)
    handed = client_of(make_agent("Senior agent", inbox=inbox)).post(f"/t/{ticket.number}/assign", form, headers=JSON)

    assert (taken["version"], taken["undo"]) == (2, None)
    assert handed.json()["undo"]["fields"] == {"to": str(other.pk), "version": 2}


def test_an_agent_hands_nothing_to_others() -> None:
    inbox = make_inbox()
    ticket, other = open_plain(inbox), make_agent("Agent", inbox=inbox)
    client = client_of(make_agent("Agent", inbox=inbox))
    before = stored(ticket)

    answer = client.post(f"/t/{ticket.number}/assign", {"to": str(other.pk), "version": 1}, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (403, "assign_denied")
    assert stored(ticket) == before


@pytest.mark.parametrize("to", ["nonsense", "5d1e2c34-7f3a-4b60-9c1d-0e8f6a7b9c21", "off"])
def test_assign_knows_its_people(to: str) -> None:
    ticket, client = agent()
    off = make_agent("Agent", inbox=ticket.inbox)
    off.is_active = False
    off.save(update_fields=["is_active"])
    before = stored(ticket)

    form = {"to": str(off.pk) if to == "off" else to, "version": 1}

    assert client.post(f"/t/{ticket.number}/assign", form).status_code == 422
    assert stored(ticket) == before


def test_delete_and_its_undo() -> None:
    ticket, client = agent()

    answer = client.post(f"/t/{ticket.number}/delete", {"version": 1}, headers=JSON).json()
    assert (answer["said"], answer["version"]) == (f"#{ticket.number} lies in the bin", 2)
    assert stored(ticket)[2] is not None
    back = client.post(answer["undo"]["url"], answer["undo"]["fields"], headers=JSON).json()

    assert (back["said"], back["undo"], stored(ticket)[2]) == (f"#{ticket.number} is back", None, None)


def test_a_deleted_ticket_leads_back_to_the_list() -> None:
    ticket, client = agent()

    assert client.post(f"/t/{ticket.number}/delete", {"version": 1}).headers["Location"] == "/"


@pytest.mark.parametrize(
    ("act", "form"), [("state", {"state": "closed"}), ("assign", {"to": ""}), ("note", {"text": "Hm"})]
)
def test_in_the_bin_an_act_is_a_conflict(act: str, form: dict[str, str]) -> None:
    ticket, client = agent()
    client.post(f"/t/{ticket.number}/delete", {"version": 1})
    before = stored(ticket)

    answer = client.post(f"/t/{ticket.number}/{act}", {**form, "version": 2}, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (409, "illegal_move")
    assert stored(ticket) == before


@pytest.mark.parametrize("act", ["state", "assign", "delete", "restore", "note", "reply", "draft"])
def test_an_act_takes_no_get(act: str) -> None:
    ticket, client = agent()

    assert client.get(f"/t/{ticket.number}/{act}").status_code == 405


@pytest.mark.parametrize(
    ("act", "form"),
    [("state", {"state": "closed"}), ("assign", {"to": ""}), ("delete", {}), ("restore", {}), ("note", {"text": "x"})],
)
def test_whoever_may_only_read_changes_nothing(act: str, form: dict[str, str]) -> None:
    ticket, client = agent("Read-only")
    before = stored(ticket)

    answer = client.post(f"/t/{ticket.number}/{act}", {**form, "version": 1}, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (403, "right_missing")
    assert stored(ticket) == before
    assert len(entries(Action.ACCESS_DENIED)) == 1


def test_the_undo_of_a_close_stops_when_somebody_acted() -> None:
    ticket, client = agent()
    answer = client.post(f"/t/{ticket.number}/state", {"state": "closed", "version": 1}, headers=JSON).json()
    set_state(ticket, State.PENDING)

    assert client.post(answer["undo"]["url"], answer["undo"]["fields"]).status_code == 409
    assert stored(ticket)[0] == "pending"
