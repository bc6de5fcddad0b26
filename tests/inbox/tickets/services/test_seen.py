"""One's own act makes a ticket unread for everybody else, and never for oneself."""

from collections.abc import Callable

import pytest

from accounts.models import User
from helpdesk.core.context import SYSTEM, acting_as
from inbox.inboxes.access import access_of
from inbox.tickets.models import Ticket
from inbox.tickets.opening.lists import ListQuery, show_list
from inbox.tickets.opening.reader import show_ticket
from inbox.tickets.services.assign import assign
from inbox.tickets.services.bin import delete_ticket, restore_ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.services.restrict import set_restricted
from inbox.tickets.services.status import set_state
from inbox.tickets.states import Folder, State
from tests.inbox.tickets.plain import append_plain, open_plain
from tests.make import make_agent, make_inbox, make_reply, make_ticket

pytestmark = pytest.mark.django_db


def look(user: User, ticket: Ticket) -> None:
    """Let somebody open the ticket as it stands."""
    ticket.refresh_from_db()
    show_ticket(access_of(user), ticket)


def unread(user: User, folder: Folder = Folder.OPEN) -> list[bool]:
    """Return for each row of a folder whether it is unread to `user`."""
    return [row.unread for row in show_list(access_of(user), ListQuery(folder)).rows]


def _assign(ticket: Ticket, user: User) -> None:
    assign(ticket, to=user, by=access_of(user))


def _binned_and_back(ticket: Ticket, _user: User) -> None:
    restore_ticket(delete_ticket(ticket))


@pytest.mark.parametrize(
    ("act", "folder"),
    [
        (lambda ticket, _user: set_state(ticket, State.CLOSED), Folder.CLOSED),
        (lambda ticket, _user: set_state(ticket, State.PENDING), Folder.PENDING),
        (lambda ticket, _user: delete_ticket(ticket), Folder.BIN),
        (lambda ticket, _user: set_restricted(ticket, restricted=True), Folder.OPEN),
        (lambda ticket, user: add_note(ticket, "Called them.", by=user), Folder.OPEN),
        (lambda ticket, user: make_reply(ticket, by=user), Folder.OPEN),
        (_assign, Folder.OPEN),
        (_binned_and_back, Folder.OPEN),
    ],
    ids=["close", "pending", "delete", "restrict", "note", "reply", "assign", "restore"],
)
def test_ones_own_act_is_news_to_others_alone(act: Callable[[Ticket, User], object], folder: Folder) -> None:
    inbox = make_inbox()
    ticket = make_ticket(inbox=inbox)
    me, other = make_agent("Team lead", inbox=inbox), make_agent("Team lead", inbox=inbox)
    look(me, ticket)
    look(other, ticket)
    assert (unread(me), unread(other)) == ([False], [False])

    with acting_as(me.as_actor()):
        act(ticket, me)

    assert (unread(me, folder), unread(other, folder)) == ([False], [True])


def test_what_one_has_not_read_stays_unread_after_ones_own_act() -> None:
    inbox = make_inbox()
    ticket, me = open_plain(inbox), make_agent("Team lead", inbox=inbox)
    look(me, ticket)
    append_plain(ticket)

    with acting_as(me.as_actor()):
        add_note(ticket, "Called them.", by=me)
    assert unread(me) == [True]

    look(me, ticket)
    assert unread(me) == [False]


def test_a_ticket_never_opened_stays_unread_after_ones_own_act() -> None:
    inbox = make_inbox()
    ticket, me = open_plain(inbox), make_agent("Team lead", inbox=inbox)

    with acting_as(me.as_actor()):
        set_state(ticket, State.PENDING)

    assert unread(me, Folder.PENDING) == [True]


def test_what_the_desk_does_by_itself_is_news_to_everybody() -> None:
    inbox = make_inbox()
    ticket, me = open_plain(inbox), make_agent("Team lead", inbox=inbox)
    look(me, ticket)

    with acting_as(SYSTEM):
        append_plain(ticket)

    assert unread(me) == [True]
