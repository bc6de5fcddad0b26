"""A person whose name or address is like a mail server's answers us: nothing of that may be hidden away."""

import pytest

from inbox.mail.models import Bounce, InboundMail
from inbox.mail.receive.thread import Reason
from inbox.mail.states import Verdict
from inbox.tickets.models import Ticket
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State
from tests.inbox.mail.reports import our_id
from tests.make import Letter, make_mail, make_reply, make_ticket, receive

pytestmark = pytest.mark.django_db

WORDS = "I could not print. Write to pat@example.org as well, kim@example.org is down.\n"
ADMIN = "System Administrator <kim@example.org>"


@pytest.mark.parametrize("subject", ["Re: Printer", "Printer, once more"])
def test_an_answer_of_an_administrator_is_a_message_of_its_ticket(subject: str) -> None:
    ticket = make_ticket()
    reply = make_reply(ticket)
    set_state(Ticket.objects.get(pk=ticket.pk), State.CLOSED)

    raw = receive(make_mail(subject, WORDS, Letter(ADMIN, headers={"In-Reply-To": our_id(reply)})))

    row = InboundMail.objects.get(raw=raw)
    assert row.message is not None
    assert (row.message.ticket_id, row.thread_reason) == (ticket.pk, Reason.OUR_ID)
    assert not Bounce.objects.exists()
    assert (row.verdict, Ticket.objects.get(pk=ticket.pk).state) == (Verdict.KEEP, State.OPEN)


def test_the_same_words_of_a_server_are_a_report() -> None:
    reply = make_reply(make_ticket())
    headers = {"In-Reply-To": our_id(reply), "Return-Path": "<>"}

    raw = receive(make_mail("Undeliverable: Printer", WORDS, Letter("postmaster@example.org", headers=headers)))

    row = InboundMail.objects.get(raw=raw)
    assert (row.message, row.thread_reason) == (None, Reason.REPORT)
    assert Bounce.objects.filter(outbound=reply).exists()
