"""How a mailbox sends, as its page tells it."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from inbox.mail.models import Mailbox, SentCopy
from inbox.mail.overview.sending import SendingState, sending_states
from inbox.mail.states import CopyState
from tests.make import make_agent, make_mailbox, make_reply, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox() -> Mailbox:
    """A mailbox that keeps what it sends."""
    ticket = make_ticket()
    box = make_mailbox(ticket.inbox)
    for _ in range(3):
        SentCopy.objects.create(outbound=make_reply(ticket), mailbox=box, folder="Sent")
    return box


def test_a_mailbox_without_trouble_says_nothing(mailbox: Mailbox) -> None:
    assert sending_states([mailbox.pk]) == {}


def test_a_pause_and_missing_copies_are_told_in_the_servers_words(mailbox: Mailbox) -> None:
    until = timezone.now() + timedelta(minutes=2)
    mailbox.smtp_paused_until, mailbox.smtp_pause_words = until, "slow down"
    mailbox.save(update_fields=["smtp_paused_until", "smtp_pause_words"])
    first, second, _fresh = SentCopy.objects.order_by("pk")
    first.state, first.attempts, first.server_words = CopyState.FAILED, 7, "no such folder"
    second.attempts, second.server_words, second.try_after = 1, "read-only", timezone.now() + timedelta(minutes=1)
    for copy in (first, second):
        copy.save()

    assert sending_states([mailbox.pk]) == {mailbox.pk: SendingState(until, "slow down", 1, 1, "read-only")}


def test_the_page_tells_it_and_its_button_tries_again(mailbox: Mailbox) -> None:
    copy = SentCopy.objects.order_by("pk")[0]
    copy.state, copy.attempts, copy.server_words = CopyState.FAILED, 7, "no such folder"
    copy.save()
    admin = client_of(make_agent("Inbox admin", inbox=mailbox.inbox))
    page = admin.get(reverse("mail:mailboxes")).content.decode()
    assert "1 copy was given up." in page
    assert "no such folder" in page

    answer = admin.post(reverse("mail:copies", args=[mailbox.pk]), {"once": str(uuid4())})

    copy.refresh_from_db()
    assert (answer.status_code, copy.state, copy.attempts) == (302, CopyState.WAITING, 0)
    agent = client_of(make_agent(inbox=mailbox.inbox))
    assert agent.post(reverse("mail:copies", args=[mailbox.pk]), {"once": str(uuid4())}).status_code == 404
