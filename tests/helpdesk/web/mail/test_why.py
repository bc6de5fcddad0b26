"""Why a mail landed where it did, in words, on its ticket."""

import pytest

from audit.models import Entry
from helpdesk.web.base import mailwords
from inbox.mail import tokens
from inbox.mail.mime.machine import Reason as Machine
from inbox.mail.receive.thread import Reason as Thread
from inbox.mail.states import AckReason, OutReason, Verdict
from inbox.tickets.models import Ticket
from tests.inbox.mail.unread import make_unread, ticket_of
from tests.inbox.tickets.plain import append_plain
from tests.make import Letter, make_agent, make_mail, make_ticket, message_of, receive
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db
PART = {"HX-Request": "true"}


def test_the_ticket_offers_it_for_each_mail_that_came() -> None:
    ticket = make_ticket()
    message = ticket.messages.get()
    client = client_of(make_agent("Agent", inbox=ticket.inbox))

    page = client.get(f"/t/{ticket.number}").content.decode()

    assert page.count(f'data-src="/m/{message.pk}/why"') == 1


def test_a_new_mail_says_that_it_began_its_ticket() -> None:
    ticket = make_ticket()
    client = client_of(make_agent("Agent", inbox=ticket.inbox))
    known = Entry.objects.count()

    part = client.get(f"/m/{ticket.messages.get().pk}/why", headers=PART).content.decode()

    assert "It was taken as an ordinary mail." in part
    assert "It answers nothing that the desk knows" in part
    assert Entry.objects.count() == known


def test_an_answer_by_number_and_one_by_mark_say_so() -> None:
    ticket = make_ticket()
    by_number = message_of(receive(make_mail(f"Re: [#{ticket.number}]")))
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    by_mark = message_of(receive(make_mail("Offer", f"410 Euro\n[{mark}]\n", Letter("werk@partner.example.com"))))
    client = client_of(make_agent("Agent", inbox=ticket.inbox))

    parts = [client.get(f"/m/{message.pk}/why", headers=PART).content.decode() for message in (by_number, by_mark)]

    assert "Its subject names this ticket" in parts[0]
    assert "Its text quotes the mark of this ticket" in parts[1]
    assert all("Nothing proves who wrote it" in part for part in parts)


def test_machine_mail_says_what_gave_it_away() -> None:
    raw = receive(make_mail(letter=Letter(headers={"Auto-Submitted": "auto-replied"})))
    message = message_of(raw)
    client = client_of(make_agent("Agent", inbox=raw.inbox))

    part = client.get(f"/m/{message.pk}/why", headers=PART).content.decode()

    assert "a machine&#x27;s mail" in part
    assert "It says that it is an automatic answer." in part


def test_a_mail_that_could_not_be_read_says_why() -> None:
    raw = make_unread("memory")
    client = client_of(make_agent("Agent", inbox=raw.inbox))

    part = client.get(f"/m/{ticket_of(raw).messages.get().pk}/why", headers=PART).content.decode()

    assert "Reading it took too much memory." in part


def test_a_message_that_did_not_come_by_mail_has_no_such_page() -> None:
    ticket = make_ticket()
    message = append_plain(ticket)

    assert client_of(make_agent("Agent", inbox=ticket.inbox)).get(f"/m/{message.pk}/why").status_code == 404


def test_a_hidden_ticket_tells_nothing() -> None:
    ticket = make_ticket()
    Ticket.objects.filter(pk=ticket.pk).update(restricted=True)
    address = f"/m/{ticket.messages.get().pk}/why"

    statuses = [
        client_of(make_agent(role, inbox=ticket.inbox)).get(address).status_code for role in ("Agent", "Team lead")
    ]

    assert statuses == [404, 200]


def test_every_code_has_its_words() -> None:
    assert set(mailwords.VERDICTS) == set(Verdict)
    assert set(Machine) <= set(mailwords.MACHINES)
    assert set(Thread) <= set(mailwords.THREADS)
    assert set(mailwords.ACKNOWLEDGED) == set(AckReason)
    assert set(mailwords.SENDING) == set(OutReason)
