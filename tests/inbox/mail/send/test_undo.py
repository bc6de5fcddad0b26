"""Taking a mail back gives back what it changed, to who wrote it, and nothing of anybody else's."""

from uuid import uuid4

import pytest

from audit.actions import Action
from audit.models import Entry
from inbox.mail.errors import NotTheAuthor
from inbox.mail.models import OutboundMail
from inbox.mail.send.reply import NewReply, send_reply
from inbox.mail.send.undo import cancel_send, resend
from inbox.mail.states import OutState
from inbox.tickets.errors import IllegalMove
from inbox.tickets.models import Draft
from inbox.tickets.services.bin import delete_ticket, restore_ticket
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State
from tests.make import make_agent, make_mailbox, make_reply, make_ticket

pytestmark = pytest.mark.django_db


def test_nobody_takes_back_the_mail_of_somebody_else() -> None:
    ticket = make_ticket()
    lea, mallory = make_agent(), make_agent(name="Mallory")
    row = make_reply(ticket, by=lea)

    with pytest.raises(NotTheAuthor):
        cancel_send(row, by=mallory)

    row.refresh_from_db()
    assert (row.state, Draft.objects.exists()) == (OutState.QUEUED, False)
    cancel_send(row, by=lea)
    assert Draft.objects.get().user == lea


def test_a_state_that_a_colleague_set_meanwhile_stays() -> None:
    ticket = make_ticket()
    lea = make_agent()
    row = make_reply(ticket, by=lea)
    set_state(ticket, State.CLOSED)

    assert cancel_send(row, by=lea).state == State.CLOSED


def test_a_state_that_comes_back_is_recorded() -> None:
    ticket = make_ticket()
    make_mailbox(ticket.inbox)
    lea = make_agent()
    row = send_reply(ticket, NewReply("Done.", uuid4(), None, then=State.CLOSED), by=lea)
    moves = Entry.objects.filter(action=Action.TICKET_STATE)
    assert moves.count() == 1

    assert cancel_send(row, by=lea).state == State.OPEN

    assert moves.count() == 2


def test_nothing_is_sent_again_from_the_bin() -> None:
    ticket = make_ticket()
    row = make_reply(ticket)
    OutboundMail.objects.update(state=OutState.REFUSED)
    delete_ticket(ticket)

    with pytest.raises(IllegalMove):
        resend(row)

    row.refresh_from_db()
    assert row.state == OutState.REFUSED
    restore_ticket(ticket)
    assert resend(row).state == OutState.QUEUED
