"""The doors to mail: absent and hidden look the same, and a right that is missing is named."""

import pytest

from audit.actions import Action
from audit.models import Entry
from helpdesk.core.ids import new_id
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access, Right
from inbox.mail.access import outbound_for, quarantined_for, raw_for
from inbox.mail.errors import MailNotFound, NothingToRetry
from inbox.mail.models import RawMail
from inbox.mail.opening import open_raw
from inbox.tickets.errors import MessageNotFound, RightMissing, TicketNotFound
from inbox.tickets.models import Message, Ticket
from tests.make import make_agent, make_inbox, make_mail, make_reply, make_ticket, message_of, receive

pytestmark = pytest.mark.django_db


def somebody(role: str, ticket: Ticket | None = None) -> Access:
    """Return what a person of that role may do in the ticket's inbox, or in another one."""
    inbox = ticket.inbox if ticket else make_inbox("Billing", address="billing@desk.example.net")
    return access_of(make_agent(role, inbox=inbox))


def denied() -> int:
    """Return how many denied tries stand in the log."""
    return Entry.objects.filter(action=Action.ACCESS_DENIED).count()


def test_an_outgoing_mail_is_found_by_whoever_may_answer() -> None:
    row = make_reply(make_ticket())
    ticket = Ticket.objects.get()

    assert outbound_for(somebody("Agent", ticket), row.pk, need=Right.REPLY).pk == row.pk
    with pytest.raises(RightMissing):
        outbound_for(somebody("Read-only", ticket), row.pk, need=Right.REPLY)
    assert denied() == 1


def test_an_absent_and_a_hidden_mail_look_the_same() -> None:
    row = make_reply(make_ticket())
    stranger = somebody("Team lead")

    for mail_id in (row.pk, new_id()):
        with pytest.raises(MailNotFound):
            outbound_for(stranger, mail_id, need=Right.REPLY)

    assert denied() == 2


def test_the_untouched_mail_is_opened_by_the_right_for_it_alone_with_one_entry() -> None:
    mime = make_mail("Raw")
    message = message_of(receive(mime))

    ticket, raw = raw_for(somebody("Senior agent", message.ticket), message.pk)
    assert b"".join(open_raw(ticket, raw)) == mime
    assert Entry.objects.filter(action=Action.MESSAGE_RAW).count() == 1

    with pytest.raises(RightMissing):
        raw_for(somebody("Agent", message.ticket), message.pk)
    with pytest.raises(MessageNotFound):
        raw_for(somebody("Senior agent"), message.pk)


def test_what_never_came_by_mail_has_no_untouched_mail() -> None:
    ticket = make_ticket()
    reply = make_reply(ticket)
    access = somebody("Senior agent", ticket)
    assert reply.message_id is not None
    with pytest.raises(MailNotFound):
        raw_for(access, reply.message_id)
    RawMail.objects.update(blob=None)

    with pytest.raises(MailNotFound):
        raw_for(access, Message.objects.get(direction="inbound").pk)


def test_only_a_mail_in_quarantine_can_be_tried_again() -> None:
    ticket = make_ticket()

    with pytest.raises(NothingToRetry):
        quarantined_for(somebody("Agent", ticket), ticket.number)
    with pytest.raises(TicketNotFound):
        quarantined_for(somebody("Agent"), ticket.number)
