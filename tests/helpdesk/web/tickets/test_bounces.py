"""What the page of a ticket tells of mails that came back."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import User
from helpdesk.web.tickets.bounces import bounces_of, warning_of
from inbox.inboxes.models import Inbox
from inbox.mail.models import Bounce, OutboundMail
from inbox.mail.send.recipients import Recipient
from inbox.tickets.models import Ticket
from tests.inbox.mail.reports import our_id
from tests.make import Letter, make_agent, make_inbox, make_mail, make_reply, make_ticket, receive
from tests.servers.reports import Told, make_report
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

KIM = "kim@example.org"


@pytest.fixture
def inbox() -> Inbox:
    """The inbox Support."""
    return make_inbox()


@pytest.fixture
def agent(inbox: Inbox) -> User:
    """Somebody who answers there."""
    return make_agent(inbox=inbox)


@pytest.fixture
def reply(agent: User) -> OutboundMail:
    """A reply to Kim."""
    return make_reply(make_ticket(), by=agent)


def page(client: Client, outbound: OutboundMail) -> str:
    """Return the page of a mail's ticket."""
    assert outbound.message is not None
    return client.get(f"/t/{outbound.message.ticket.number}").content.decode()


def told(outbound: OutboundMail) -> list[tuple[str, str, str, bool]]:
    """Return what is told of a mail: the words, the reason, the server's own words, and whether it may be sent on."""
    assert outbound.message_id is not None
    shown = bounces_of([outbound.message_id], may_reply=True).get(outbound.message_id, [])
    return [(each.told, each.reason, each.said, each.can_resend) for each in shown]


def test_the_message_that_came_back_says_so(agent: User, reply: OutboundMail) -> None:
    assert "came back" not in page(client_of(agent), reply)

    receive(make_report(our_id(reply), Told(KIM, words="550 5.1.1 no such <b>user</b>")))

    shown = page(client_of(agent), reply)
    assert "This mail came back from kim@example.org." in shown
    assert "There is no such address." in shown
    assert "no such &lt;b&gt;user&lt;/b&gt;" in shown
    assert shown.index(f'id="m-{reply.message_id}"') < shown.index("This mail came back")
    assert f'action="/elsewhere/{Bounce.objects.get().pk}"' in shown


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        ("5.1.1", "There is no such address."),
        ("5.1.10", "There is no such address."),
        ("5.1.2", "There is no such domain, or it takes no mail."),
        ("5.2.2", "The mailbox is full."),
        ("5.7.1", "The server refuses it by a rule of its own, or takes it for spam."),
        ("4.4.1", "The server could not be reached in time."),
        ("5.0.0", ""),
        ("", ""),
    ],
)
def test_the_reason_is_told_in_words(reply: OutboundMail, status: str, reason: str) -> None:
    receive(make_report(our_id(reply), Told(KIM, status=status, words="said")))

    assert told(reply) == [("This mail came back from kim@example.org.", reason, "said", True)]


def test_a_delay_is_told_until_it_ends(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told(KIM, action="delayed", status="4.4.1")))
    waiting = "kim@example.org does not have it yet; the servers go on trying."
    assert told(reply) == [(waiting, "The server could not be reached in time.", "", False)]

    receive(make_report(our_id(reply), Told(KIM, action="delivered", status="2.0.0")))
    assert told(reply) == [("It arrived at the server of kim@example.org.", "", "", False)]


def test_an_address_that_the_mail_was_passed_on_to_is_named_so(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told("kim@home.example.com", status="5.2.2")))

    (shown,) = told(reply)
    assert shown[0] == "This mail was passed on to kim@home.example.com and came back from there."


def test_every_recipient_is_told_of(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told(KIM), Told("pat@example.org")))

    assert bounces_of([], may_reply=True) == {}
    assert len(told(reply)) == 2


def test_the_form_sends_the_same_mail_elsewhere(agent: User, reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told(KIM)))
    url, form = f"/elsewhere/{Bounce.objects.get().pk}", {"to": " right@example.org ", "once": str(uuid4())}

    answers = [client_of(agent).post(url, form, headers={"Accept": "application/json"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].json()["undo"]["url"].startswith("/undo/")
    assert OutboundMail.objects.count() == 2
    wrong = client_of(agent).post(url, {"to": KIM, "once": str(uuid4())}, headers={"Accept": "application/json"})
    assert wrong.status_code == 422
    assert wrong.json()["words"].startswith("The mail came back from this address")
    assert client_of(agent).post(url, {"to": KIM}).status_code == 422
    assert OutboundMail.objects.count() == 2


def test_a_reader_sees_it_and_is_offered_nothing(inbox: Inbox, reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told(KIM)))
    reader = client_of(make_agent("Read-only", inbox=inbox))

    shown = page(reader, reply)

    assert "This mail came back from kim@example.org." in shown
    assert "/elsewhere/" not in shown
    url = f"/elsewhere/{Bounce.objects.get().pk}"
    assert reader.post(url, {"to": "right@example.org", "once": str(uuid4())}).status_code == 403
    stranger = client_of(make_agent(inbox=make_inbox("Billing", address="billing@desk.example.net")))
    assert stranger.post(url, {"to": "right@example.org", "once": str(uuid4())}).status_code == 404
    assert OutboundMail.objects.count() == 1


def test_whoever_answers_is_warned_of_an_address_that_mail_comes_back_from(agent: User, reply: OutboundMail) -> None:
    warning = "Mail to kim@example.org came back lately. Check the address before you send."
    assert reply.message is not None
    ticket = Ticket.objects.get(pk=reply.message.ticket_id)

    receive(make_report(our_id(reply), Told(KIM)))
    assert warning not in page(client_of(agent), reply)
    receive(make_report(our_id(make_reply(ticket, by=agent)), Told(KIM)))
    assert warning in page(client_of(agent), reply)

    receive(make_mail("I am here"))
    assert warning not in page(client_of(agent), reply)
    assert warning_of([]) == ""


def test_a_copy_that_comes_back_warns_too(agent: User, reply: OutboundMail) -> None:
    receive(make_mail("Copy", letter=Letter("Pat <pat@example.org>")))  # a contact of the desk
    for _ in range(2):
        assert reply.message is not None
        copied = make_reply(reply.message.ticket, by=agent, cc=[Recipient("", "pat@example.org")])
        receive(make_report(our_id(copied), Told("pat@example.org")))

    assert warning_of([KIM, "pat@example.org"]).startswith("Mail to pat@example.org came back")


def test_an_absence_shows_as_automatic_and_not_as_a_note_of_ours(agent: User, reply: OutboundMail) -> None:
    headers = {"In-Reply-To": our_id(reply), "Auto-Submitted": "auto-replied"}
    receive(make_mail("Absent", "Back on Monday.\n", Letter(headers=headers)))

    shown = page(client_of(agent), reply)

    article = shown[shown.index('class="message note"') :].partition("</article>")[0]
    assert "Automatic mail" in article
    assert "Internal note</span>" not in article
    assert "Back on Monday." in article
