"""What stops a reply, and that nothing is written then."""

from uuid import uuid4

import pytest
from django.utils import translation

from audit.actions import Action
from audit.models import Entry
from inbox.mail.errors import NoRecipient, NoSender, OnceTaken, WrongAddress
from inbox.mail.models import OutboundMail
from inbox.mail.send.conversation import NewConversation, start_conversation
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.reply import NewReply, send_reply
from inbox.tickets.errors import EmptyText, IllegalMove, TicketMoved
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.states import State
from tests.make import DESK, Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, receive

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    """A ticket in an inbox that can send."""
    ticket = make_ticket()
    make_mailbox(ticket.inbox)
    return ticket


def new(text: str = "Hello.", *, seen: int | None = None, to: str = "") -> NewReply:
    """Return a reply."""
    return NewReply(text, uuid4(), seen, to=[Recipient("", to)] if to else None)


def test_a_reply_to_a_ticket_that_moved_on_is_stopped(ticket: Ticket) -> None:
    receive(make_mail(f"More [#{ticket.number}]"))

    with pytest.raises(TicketMoved):
        send_reply(ticket, new(seen=ticket.version), by=make_agent())

    assert not OutboundMail.objects.exists()
    assert Message.objects.count() == 2
    assert send_reply(ticket, new(seen=None), by=make_agent()).message is not None


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (new(" \n "), EmptyText),
        (new(to=DESK), NoRecipient),
        (new(to="nobody"), WrongAddress),
    ],
)
def test_a_reply_that_cannot_be_sent_writes_nothing(ticket: Ticket, reply: NewReply, error: type[Exception]) -> None:
    with pytest.raises(error):
        send_reply(ticket, reply, by=make_agent())

    assert (OutboundMail.objects.count(), Message.objects.count()) == (0, 1)


def test_a_ticket_in_the_bin_is_not_answered(ticket: Ticket) -> None:
    delete_ticket(ticket)

    with pytest.raises(IllegalMove):
        send_reply(ticket, new(), by=make_agent())

    assert not OutboundMail.objects.exists()


def test_an_inbox_without_a_way_out_says_so() -> None:
    with pytest.raises(NoSender):
        send_reply(make_ticket(), new(), by=make_agent())

    assert not OutboundMail.objects.exists()


def test_the_key_of_somebody_elses_form_is_refused(ticket: Ticket) -> None:
    reply = new()
    send_reply(ticket, reply, by=make_agent())

    with pytest.raises(OnceTaken):
        send_reply(ticket, reply, by=make_agent())

    assert OutboundMail.objects.count() == 1


def test_a_reply_can_close_and_both_are_recorded(ticket: Ticket) -> None:
    send_reply(ticket, NewReply("Done.", uuid4(), None, then=State.CLOSED), by=make_agent())

    ticket.refresh_from_db()
    assert ticket.state == State.CLOSED
    recorded = set(Entry.objects.filter(ticket_id=ticket.pk).values_list("action", flat=True))
    assert {Action.TICKET_REPLY, Action.TICKET_STATE} <= recorded


def test_a_conversation_begun_twice_by_one_form_is_one(ticket: Ticket) -> None:
    lea, begun = make_agent(), NewConversation(Recipient("Jo", "jo@example.org"), "Offer", "Hello", uuid4())

    first, second = (start_conversation(ticket.inbox, begun, by=lea) for _ in range(2))

    assert (first.pk, Ticket.objects.count()) == (second.pk, 2)


@pytest.mark.usefixtures("opened")
def test_the_text_holds_signature_and_history_in_the_inboxs_language() -> None:
    inbox = make_inbox()
    inbox.signature, inbox.language = "Your Support", "de"
    inbox.save(update_fields=["signature", "language"])
    ticket = make_ticket(letter=Letter("Ann <ann@example.org>"), text="First <b>line</b>\n\nSecond\n")

    with translation.override("en"):
        row = make_reply(ticket, "Answer & more")

    assert "\n-- \nYour Support\n" in row.text
    assert "> First <b>line</b>" in row.text
    assert "Answer &amp; more" in row.html
    assert "First &lt;b&gt;line&lt;/b&gt;" in row.html
    assert "<b>line" not in row.html
