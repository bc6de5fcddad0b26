"""Acts on mail by their forms: a quarantined mail is read again once, and a refused one is sent again."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from audit.actions import Action
from helpdesk.crypto.files import delete_blob
from inbox.mail.models import OutboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import OutReason, OutState, RawState
from inbox.tickets.models import Ticket
from tests.inbox.tickets.plain import entries
from tests.make import make_agent, make_inbox, make_mail, make_reply, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def make_unreadable() -> tuple[RawMail, Ticket]:
    """Return a mail whose stored bytes went missing before anybody read it, and the ticket that tells of it."""
    mime = make_mail()
    raw = store_raw(Source(make_inbox()), [Arrival("test:gone", len(mime), timezone.now(), [mime])])[0]
    delete_blob(raw.stored_blob)
    for _ in range(3):
        RawMail.objects.filter(pk=raw.pk).update(next_try_at=timezone.now() - timedelta(seconds=1))
        process_raw(raw.pk)
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED
    return raw, Ticket.objects.get(unreadable=True)


def retry(client: Client, ticket: Ticket) -> HttpResponse:
    """Press the button of a ticket that stands for an unreadable mail."""
    answer = client.post(f"/t/{ticket.number}/retry", {"once": str(uuid4())})
    assert isinstance(answer, HttpResponse)
    return answer


def test_a_quarantined_mail_is_read_again_once() -> None:
    raw, ticket = make_unreadable()
    client = client_of(make_agent("Senior agent", inbox=raw.inbox))

    first, second = retry(client, ticket), retry(client, ticket)

    raw.refresh_from_db()
    ticket.refresh_from_db()
    assert (first.status_code, first.headers["Location"], second.status_code) == (302, f"/t/{ticket.number}", 409)
    assert "There is nothing to read again" in second.content.decode()
    assert (raw.state, raw.attempts, ticket.deleted_at is None) == (RawState.STORED, 0, False)
    assert len(entries(Action.MAIL_RETRIED)) == 1


def test_without_the_right_a_quarantined_mail_stays_put() -> None:
    raw, ticket = make_unreadable()
    client = client_of(make_agent("Read-only", inbox=raw.inbox))

    assert retry(client, ticket).status_code == 403
    raw.refresh_from_db()
    assert raw.state == RawState.QUARANTINED


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (OutReason.NO_MAILBOX, "the mailbox of this inbox was removed"),
        (OutReason.SEALED, "cannot be opened any more"),
        (OutReason.BROKEN, "it breaks the program that writes mails"),
        (OutReason.GAVE_UP, "did not take it for three days. It last said: 451 later"),
        (OutReason.REFUSED, "the server refused it. It says: 451 later"),
    ],
)
def test_a_mail_that_is_not_sent_says_why_and_is_sent_again(reason: OutReason, words: str) -> None:
    ticket = make_ticket()
    me = make_agent(inbox=ticket.inbox)
    mail = make_reply(ticket, by=me)
    mail.state, mail.reason, mail.server_words = OutState.REFUSED, reason, "451 later"
    mail.save(update_fields=["state", "reason", "server_words"])
    client = client_of(me)

    page = client.get(f"/t/{ticket.number}").content.decode()
    answer = client.post(f"/outbox/{mail.pk}/resend", {"once": str(uuid4())})

    assert words in page
    assert f"/outbox/{mail.pk}/resend" in page
    assert answer.status_code == 302
    assert OutboundMail.objects.get(pk=mail.pk).state == OutState.QUEUED
