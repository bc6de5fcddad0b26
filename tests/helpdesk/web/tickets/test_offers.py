"""What a ticket's page offers about a mail: its original where there is one, and the way back while there is one."""

import re
from datetime import UTC, datetime

import pytest

from inbox.inboxes.models import Inbox
from inbox.mail.models import OutboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import OutState, RawReason, RawState
from tests.make import make_agent, make_inbox, make_mail, make_reply, make_ticket, message_of, receive
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

NONE_HERE = "There is no original"


def never_fetched(inbox: Inbox) -> RawMail:
    """Return a mail that was too large to fetch, and that a ticket tells of."""
    arrival = Arrival("imap:INBOX:1:7", 99_000_000, datetime.now(UTC), None, RawState.STORED, RawReason.TOO_LARGE)
    row = store_raw(Source(inbox), [arrival])[0]
    process_raw(row.pk)
    return row


def page_of(raw: RawMail, role: str) -> str:
    """Return the page of a mail's ticket as somebody with `role` sees it."""
    ticket = message_of(raw).ticket
    return client_of(make_agent(role, inbox=ticket.inbox)).get(f"/t/{ticket.number}").content.decode()


def test_a_mail_that_was_never_fetched_offers_no_original_and_says_why() -> None:
    page = page_of(never_fetched(make_inbox()), "Senior agent")

    assert "/raw" not in page
    assert NONE_HERE in page
    assert "It is larger than this desk fetches" in page


def test_a_mail_that_is_here_offers_its_original() -> None:
    raw = receive(make_mail())

    page = page_of(raw, "Senior agent")

    assert f"/m/{message_of(raw).pk}/raw" in page
    assert NONE_HERE not in page


@pytest.mark.parametrize("is_here", [True, False])
def test_whoever_may_not_see_originals_hears_nothing_of_them(is_here: bool) -> None:  # noqa: FBT001 - both cases
    raw = receive(make_mail()) if is_here else never_fetched(make_inbox())

    page = page_of(raw, "Agent")

    assert "/raw" not in page
    assert NONE_HERE not in page


def test_a_mail_that_waits_can_be_taken_back_without_scripts_by_its_author_alone() -> None:
    ticket = make_ticket()
    me, other = make_agent(inbox=ticket.inbox), make_agent(inbox=ticket.inbox)
    mail = make_reply(ticket, by=me)
    client, address = client_of(me), f"/t/{ticket.number}"

    page = client.get(address).content.decode()

    assert "This mail has not left yet." in page
    form = re.search(rf'<form method="post" action="(/undo/{mail.pk})".*?name="once" value="([^"]+)"', page, re.DOTALL)
    assert form is not None
    assert "/undo/" not in client_of(other).get(address).content.decode()
    client.post(form[1], {"once": form[2]})
    assert OutboundMail.objects.get(pk=mail.pk).state == OutState.CANCELLED
    assert "/undo/" not in client.get(address).content.decode()
