"""The acts on a ticket: each grows the version by one, is recorded and told once, and refuses without a trace."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts.models import User
from audit.actions import Action
from audit.models import Entry
from helpdesk.core.context import acting_as
from helpdesk.core.errors import DomainError
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox
from inbox.inboxes.services.people import switch_off
from inbox.tickets.errors import AssignDenied, EmptyText, IllegalMove, TicketMoved
from inbox.tickets.events import MessageAdded, TicketChanged
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.assign import assign
from inbox.tickets.services.bin import delete_ticket, restore_ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.services.status import set_state
from inbox.tickets.states import Direction, State
from tests.inbox.tickets.plain import details, entries, hearing, open_plain, place, rolled_back
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db

ACTS = (Action.TICKET_STATE, Action.TICKET_ASSIGNED, Action.TICKET_DELETED, Action.TICKET_RESTORED, Action.TICKET_NOTE)


def stored(ticket: Ticket) -> tuple[object, ...]:
    """Return what an act could change."""
    row = Ticket.objects.filter(pk=ticket.pk).values_list("state", "assignee", "deleted_at", "version", "last_activity")
    return (*row.get(), ticket.messages.count(), Entry.found.filter(action__in=ACTS).count())


def refused(ticket: Ticket, act: Callable[[], object], error: type[DomainError]) -> None:
    """Expect `act` to raise `error` and to leave everything as it was."""
    before = stored(ticket)
    with pytest.raises(error):
        act()
    assert stored(ticket) == before


def changed(ticket: Ticket, version: int) -> TicketChanged:
    """Return the event of a change."""
    return TicketChanged(ticket.pk, ticket.number, ticket.inbox_id, version)


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
def test_set_state_moves_once(state: State, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    ticket = open_plain(make_inbox())

    with hearing(TicketChanged) as heard, django_capture_on_commit_callbacks(execute=True):
        moved = set_state(ticket, state, seen=1)
        again = set_state(moved, state, seen=2)

    assert (moved.state, moved.version, again.version) == (state, 2, 2)
    assert heard == [changed(ticket, 2)]
    (entry,) = entries(Action.TICKET_STATE)
    assert (entry.subject_id, details(entry)) == (ticket.pk, {"before": "open", "after": state.value})


def test_set_state_refuses_in_the_bin_and_after_a_move() -> None:
    ticket = set_state(open_plain(make_inbox()), State.PENDING)

    refused(ticket, lambda: set_state(ticket, State.CLOSED, seen=1), TicketMoved)
    place(ticket, deleted_at=timezone.now())
    refused(ticket, lambda: set_state(ticket, State.CLOSED, seen=2), IllegalMove)

    place(ticket, deleted_at=None)
    assert set_state(ticket, State.CLOSED, seen=2).state == State.CLOSED


def test_ticket_moved_names_both_versions() -> None:
    ticket = set_state(open_plain(make_inbox()), State.PENDING)

    with pytest.raises(TicketMoved) as moved:
        set_state(ticket, State.CLOSED, seen=1)

    assert (moved.value.seen, moved.value.current, moved.value.status, moved.value.code) == (1, 2, 409, "ticket_moved")


@pytest.mark.parametrize("seen", [None, 3])
def test_every_act_that_takes_seen_minds_it(seen: int | None) -> None:
    inbox = make_inbox()
    me = make_agent("Senior agent", inbox=inbox)
    ticket = place(open_plain(inbox), version=3)

    for act in (
        lambda old: assign(ticket, to=me, by=access_of(me), seen=old),
        lambda old: delete_ticket(ticket, seen=old),
        lambda old: set_state(ticket, State.CLOSED, seen=old),
    ):
        refused(ticket, lambda act=act: act(2), TicketMoved)  # type: ignore[misc] # bound in the loop
    assert delete_ticket(ticket, seen=seen).version == 4


@pytest.mark.parametrize("role", ["Agent", "Senior agent"])
def test_assign_to_oneself(role: str, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    inbox = make_inbox()
    me, ticket = make_agent(role, inbox=inbox), open_plain(inbox)

    with (
        acting_as(me.as_actor()),
        hearing(TicketChanged) as heard,
        django_capture_on_commit_callbacks(execute=True),
    ):
        taken = assign(ticket, to=me, by=access_of(me), seen=1)
        again = assign(ticket, to=me, by=access_of(me))

    assert (taken.assignee, taken.version, again.version) == (me, 2, 2)
    assert heard == [changed(ticket, 2)]
    (entry,) = entries(Action.TICKET_ASSIGNED)
    assert (details(entry), entry.flags) == ({"to": str(me.pk)}, ["assigned_to_actor"])


def test_whoever_assigns_to_themselves_alone_hands_nothing_on() -> None:
    inbox = make_inbox()
    me, other = make_agent("Agent", inbox=inbox), make_agent("Agent", inbox=inbox)
    access, ticket = access_of(me), open_plain(inbox)
    theirs = place(open_plain(inbox), assignee=other)

    refused(ticket, lambda: assign(ticket, to=other, by=access), AssignDenied)
    refused(theirs, lambda: assign(theirs, to=None, by=access), AssignDenied)

    assert assign(assign(ticket, to=me, by=access), to=None, by=access).assignee is None
    assert assign(theirs, to=me, by=access).assignee == me


def test_whoever_assigns_to_anybody_does() -> None:
    inbox = make_inbox()
    access, other = access_of(make_agent("Senior agent", inbox=inbox)), make_agent("Agent", inbox=inbox)
    ticket = open_plain(inbox)

    given = assign(ticket, to=other, by=access)
    back = assign(given, to=None, by=access)

    assert (given.assignee, back.assignee, back.version) == (other, None, 3)


@pytest.mark.parametrize("role", ["Read-only", "Inbox admin"])
def test_without_assign_nobody_is_given_a_ticket(role: str) -> None:
    inbox = make_inbox()
    me, ticket = make_agent(role, inbox=inbox), open_plain(inbox)

    refused(ticket, lambda: assign(ticket, to=me, by=access_of(me)), AssignDenied)


def _reader(_inbox: Inbox) -> User:
    return make_agent("Read-only", inbox=_inbox)


def _stranger(_inbox: Inbox) -> User:
    return make_agent("Agent", inbox=make_inbox("Billing", address="billing@desk.example.net"))


def _gone(inbox: Inbox) -> User:
    return switch_off(make_agent("Agent", inbox=inbox))


@pytest.mark.parametrize("receiver", [_reader, _stranger, _gone])
def test_a_ticket_goes_only_to_whoever_works_there(receiver: Callable[[Inbox], User]) -> None:
    inbox = make_inbox()
    access, ticket, to = access_of(make_agent("Team lead", inbox=inbox)), open_plain(inbox), receiver(inbox)

    refused(ticket, lambda: assign(ticket, to=to, by=access), AssignDenied)

    assert assign(ticket, to=make_agent("Agent", inbox=inbox), by=access).version == 2


def test_a_restricted_ticket_goes_only_to_whoever_may_read_it() -> None:
    inbox = make_inbox()
    access = access_of(make_agent("Team lead", inbox=inbox))
    ticket, agent = place(open_plain(inbox), restricted=True), make_agent("Agent", inbox=inbox)

    refused(ticket, lambda: assign(ticket, to=agent, by=access), AssignDenied)

    assert assign(ticket, to=make_agent("Senior agent", inbox=inbox), by=access).version == 2


def test_the_bin_takes_and_gives_back_once(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    ticket = open_plain(make_inbox())

    with hearing(TicketChanged) as heard, django_capture_on_commit_callbacks(execute=True):
        gone = delete_ticket(ticket, seen=1)
        gone_again = delete_ticket(ticket)
        back = restore_ticket(ticket)
        back_again = restore_ticket(ticket)

    assert gone.deleted_at is not None
    assert back.deleted_at is None
    assert [each.version for each in (gone, gone_again, back, back_again)] == [2, 2, 3, 3]
    assert heard == [changed(ticket, 2), changed(ticket, 3)]
    assert [entry.action for entry in entries(*ACTS)] == [Action.TICKET_DELETED, Action.TICKET_RESTORED]


def test_the_bin_keeps_the_state() -> None:
    ticket = set_state(open_plain(make_inbox()), State.PENDING)

    assert restore_ticket(delete_ticket(ticket)).state == State.PENDING


def test_nothing_but_restoring_is_done_in_the_bin() -> None:
    inbox = make_inbox()
    me = make_agent("Senior agent", inbox=inbox)
    ticket = delete_ticket(open_plain(inbox))

    refused(ticket, lambda: add_note(ticket, "Hm.", by=me), IllegalMove)
    refused(ticket, lambda: assign(ticket, to=me, by=access_of(me)), IllegalMove)
    refused(ticket, lambda: set_state(ticket, State.OPEN), IllegalMove)

    back = restore_ticket(ticket)
    assert add_note(back, "Hm.", by=me).ticket_id == ticket.pk


@pytest.mark.usefixtures("opened")
def test_a_note_is_a_message_for_colleagues(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    inbox = make_inbox()
    me, ticket = make_agent("Agent", inbox=inbox), open_plain(inbox, text="It does not print.")

    with hearing(MessageAdded) as heard, django_capture_on_commit_callbacks(execute=True):
        message = add_note(ticket, "  Called them.\n", by=me)

    ticket.refresh_from_db()
    assert (message.direction, message.text, message.author) == (Direction.NOTE, "  Called them.\n", me)
    assert (ticket.version, ticket.last_activity, ticket.preview) == (2, message.at, "It does not print.")
    assert heard == [MessageAdded(ticket.pk, ticket.number, inbox.pk, message.pk, 2)]
    (entry,) = entries(Action.TICKET_NOTE)
    assert (entry.subject_id, details(entry)) == (ticket.pk, {"message": str(message.pk)})


@pytest.mark.parametrize("text", ["", " \n\t", "\u3000"])
def test_a_note_needs_a_word(text: str) -> None:
    ticket = open_plain(make_inbox())

    refused(ticket, lambda: add_note(ticket, text, by=make_agent("Agent", inbox=ticket.inbox)), EmptyText)


def test_an_act_that_is_taken_back_is_not_told(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    ticket = open_plain(make_inbox())
    before = stored(ticket)

    with hearing(TicketChanged) as heard, django_capture_on_commit_callbacks(execute=True):
        rolled_back(lambda: set_state(ticket, State.CLOSED))

    assert heard == []
    assert stored(ticket) == before
    assert Message.objects.count() == 1
