"""The makers of test data make what they promise."""

import pytest

from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Right
from inbox.mail.states import OutState, RawState
from tests.make import make_agent, make_inbox, make_mail, make_reply, make_ticket, receive

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("opened")
def test_make_ticket_reads_a_mail() -> None:
    ticket = make_ticket("Scanner", inbox=make_inbox("Billing", address="billing@desk.example.net"))

    assert (ticket.subject, ticket.sender, ticket.inbox.name) == ("Scanner", "Kim Reyes", "Billing")


def test_make_agent_binds_a_role() -> None:
    inbox = make_inbox()

    assert access_of(make_agent(inbox=inbox)).can(Right.REPLY, inbox.pk)


def test_make_reply_waits_in_the_outbox() -> None:
    assert make_reply(make_ticket()).state == OutState.QUEUED


def test_receive_takes_any_bytes() -> None:
    assert receive(make_mail()).state == RawState.DONE
