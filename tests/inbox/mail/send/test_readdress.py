"""A mail that came back goes out once more, to another address."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import connections

from accounts.models import User
from audit.actions import Action
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.errors import DomainError
from helpdesk.crypto.files import open_blob
from inbox.mail.errors import NoRecipient, NothingToResend, SameAddress, WrongAddress
from inbox.mail.models import Bounce, OutboundMail
from inbox.mail.send.compose import compose
from inbox.mail.send.readdress import send_elsewhere
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.undo import cancel_send
from inbox.mail.states import OutKind
from inbox.tickets.errors import IllegalMove
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.bin import delete_ticket
from tests.inbox.mail.reports import our_id
from tests.make import DESK, Letter, make_agent, make_mail, make_reply, make_ticket, message_of, receive
from tests.servers.reports import Told, make_report

pytestmark = pytest.mark.django_db

RIGHT = Recipient("", "kim.reyes@example.org")


@pytest.fixture
def agent() -> User:
    """Somebody who answers."""
    return make_agent()


@pytest.fixture
def reply(agent: User) -> OutboundMail:
    """A reply with a file."""
    return make_reply(make_ticket(), "It is mended.", by=agent, files=[("plan.pdf", b"%PDF- plan")])


def came_back(reply: OutboundMail, *, action: str = "failed") -> Bounce:
    """Return the report on a mail."""
    receive(make_report(our_id(reply), Told("kim@example.org", action=action)))
    return Bounce.objects.get(outbound=reply)


def test_the_same_mail_goes_to_the_other_address(agent: User, reply: OutboundMail) -> None:
    new = send_elsewhere(came_back(reply), RIGHT, once=uuid4(), by=agent)

    with purpose(Purpose.SYSTEM):
        assert (new.text, new.html, new.subject) == (reply.text, reply.html, reply.subject)
        assert new.envelope["to"] == [["", "kim.reyes@example.org"]]
        assert (new.envelope["cc"], new.envelope["in_reply_to"]) == ([], reply.envelope["in_reply_to"])
        assert new.header_id != reply.header_id
        assert compose(new).recipients == ("kim.reyes@example.org",)
        file = Attachment.objects.get(message=new.message)
        assert (file.name, b"".join(open_blob(file.blob, file.seal_ref(), kind="attachment"))) == (
            "plan.pdf",
            b"%PDF- plan",
        )
    assert new.message is not None
    assert reply.message is not None
    assert (new.author, new.message.ticket, new.message.author) == (agent, reply.message.ticket, agent)
    entry = Entry.objects.get(action=Action.MAIL_READDRESSED)
    assert entry.ticket_id == reply.message.ticket_id


def test_an_answer_from_the_other_address_lands_on_the_ticket(agent: User, reply: OutboundMail) -> None:
    new = send_elsewhere(came_back(reply), RIGHT, once=uuid4(), by=agent)

    headers = {"In-Reply-To": our_id(new)}
    message = message_of(receive(make_mail("Re: Printer", "Thanks.\n", Letter(RIGHT.address, headers=headers))))

    assert reply.message is not None
    assert (message.ticket_id, message.unverified_sender) == (reply.message.ticket_id, False)


def test_a_double_click_sends_one(agent: User, reply: OutboundMail) -> None:
    bounce, once = came_back(reply), uuid4()

    assert send_elsewhere(bounce, RIGHT, once=once, by=agent) == send_elsewhere(bounce, RIGHT, once=once, by=agent)
    assert OutboundMail.objects.count() == 2
    send_elsewhere(bounce, RIGHT, once=uuid4(), by=agent)  # another press is another mail
    assert OutboundMail.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_a_double_click_at_the_same_moment_sends_one() -> None:
    agent = make_agent()
    bounce, once = came_back(make_reply(make_ticket(), by=agent)), uuid4()

    def press(_turn: int) -> OutboundMail:
        try:
            return send_elsewhere(Bounce.objects.get(pk=bounce.pk), RIGHT, once=once, by=agent)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        made = {mail.pk for mail in pool.map(press, range(4))}

    assert len(made) == 1
    assert OutboundMail.objects.count() == 2


@pytest.mark.parametrize(
    ("to", "error"),
    [
        ("KIM@example.org", SameAddress),
        ("nobody", WrongAddress),
        ("kim@example.org\r\nBcc: eve@example.com", WrongAddress),
        (DESK, NoRecipient),
    ],
)
def test_an_address_that_does_not_fit_sends_nothing(
    agent: User, reply: OutboundMail, to: str, error: type[DomainError]
) -> None:
    bounce = came_back(reply)
    before = Message.objects.count()

    with pytest.raises(error):
        send_elsewhere(bounce, Recipient("", to), once=uuid4(), by=agent)

    assert (OutboundMail.objects.count(), Message.objects.count()) == (1, before)


@pytest.mark.parametrize("action", ["delayed", "delivered", "complaint"])
def test_what_did_not_come_back_is_not_sent_again(agent: User, reply: OutboundMail, action: str) -> None:
    if action == "complaint":
        bounce = came_back(reply)
        Bounce.objects.update(action=action)
        bounce.refresh_from_db()
    else:
        bounce = came_back(reply, action=action)

    with pytest.raises(NothingToResend):
        send_elsewhere(bounce, RIGHT, once=uuid4(), by=agent)

    assert OutboundMail.objects.count() == 1


def test_a_stray_report_sends_nothing(agent: User) -> None:
    receive(make_report("<unknown@other.example.com>", Told("kim@example.org")))

    with pytest.raises(NothingToResend):
        send_elsewhere(Bounce.objects.get(), RIGHT, once=uuid4(), by=agent)


def test_a_ticket_in_the_bin_sends_nothing(agent: User, reply: OutboundMail) -> None:
    bounce = came_back(reply)
    delete_ticket(Ticket.objects.get())

    with pytest.raises(IllegalMove):
        send_elsewhere(bounce, RIGHT, once=uuid4(), by=agent)

    assert OutboundMail.objects.count() == 1


def test_taken_back_it_leaves_the_conversation_alone(agent: User, reply: OutboundMail) -> None:
    OutboundMail.objects.filter(pk=reply.pk).update(kind=OutKind.NEW)
    new = send_elsewhere(came_back(reply), RIGHT, once=uuid4(), by=agent)

    ticket = cancel_send(new, by=agent)

    assert (new.kind, ticket.deleted_at) == (OutKind.REPLY, None)
    assert Message.objects.filter(ticket=ticket).count() == 2
