"""The outbox: states and tries in words, stop and send again, and no word of a mail."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.actions import Action
from helpdesk.core.context import Purpose, purpose
from inbox.mail.errors import TooLateToUndo
from inbox.mail.models import OutboundMail
from inbox.mail.send.deliver import due
from inbox.mail.send.withdraw import withdraw
from inbox.mail.states import OutReason, OutState
from inbox.tickets.models import Ticket
from tests.inbox.tickets.plain import entries
from tests.make import make_agent, make_inbox, make_reply, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db
ADDRESS = "/mail/outbox"
SAID = "550 5.1.1 <kim@example.org> is unknown here"


def make_outgoing(state: OutState = OutState.QUEUED, reason: str = "", *, said: str = "") -> OutboundMail:
    """Return a reply that stands there."""
    row = make_reply(make_ticket(), "A secret answer.")
    row = OutboundMail.objects.get(pk=row.pk)
    row.state, row.reason, row.server_words = state, reason, said or None
    row.send_after = timezone.now() + timedelta(hours=1)
    row.save(update_fields=["state", "reason", "server_words", "send_after"])
    return row


def rows_in(page: str) -> list[str]:
    """Return the ids of the rows that a page shows."""
    return re.findall(r'<tr id="o-([0-9a-f-]+)"', page)


def test_what_waits_or_failed_is_shown_and_the_rest_on_demand() -> None:
    waiting, refused = make_outgoing(), make_outgoing(OutState.REFUSED, OutReason.REFUSED)
    sent = make_outgoing(OutState.SENT)
    client = client_of(make_agent("Inbox admin"))

    def shown(query: str) -> list[str]:
        return rows_in(client.get(f"{ADDRESS}{query}").content.decode())

    assert shown("") == [str(refused.pk), str(waiting.pk)]
    assert shown("?state=sent") == [str(sent.pk)]
    assert shown("?state=all") == [str(sent.pk), str(refused.pk), str(waiting.pk)]
    assert shown(f"?state=all&after={refused.pk}") == [str(waiting.pk)]


def test_no_word_of_a_mail_stands_in_it() -> None:
    row = make_outgoing(OutState.REFUSED, OutReason.REFUSED, said=SAID)
    client = client_of(make_agent("Inbox admin"))
    with purpose(Purpose.SYSTEM):
        words = [SAID, row.subject, "A secret answer.", "kim@example.org"]

    page = client.get(ADDRESS).content.decode()

    assert "The server refused it." in page
    assert [word for word in words if word in page] == []
    assert entries(Action.MAIL_VIEW) == []


def test_what_the_server_said_is_opened_and_recorded() -> None:
    row = make_outgoing(OutState.REFUSED, OutReason.REFUSED, said=SAID)
    client = client_of(make_agent("Inbox admin"))

    part = client.get(f"{ADDRESS}/{row.pk}/words", headers={"HX-Request": "true"}).content.decode()
    page = client.get(f"{ADDRESS}/{row.pk}/words").content.decode()

    assert "&lt;kim@example.org&gt; is unknown here" in part
    assert ("<nav" in part, "<nav" in page) == (False, True)
    assert [entry.subject_id for entry in entries(Action.MAIL_VIEW)] == [row.pk, row.pk]


def test_a_waiting_mail_is_stopped_and_sent_again() -> None:
    row = make_outgoing(OutState.DEFERRED, "tcp")
    client = client_of(make_agent("Inbox admin", inbox=row.inbox))

    stopped = client.post(f"{ADDRESS}/{row.pk}/cancel", {"state": "deferred"})
    OutboundMail.objects.filter(pk=row.pk).update(send_after=timezone.now())
    waiting = due()
    row.refresh_from_db(fields=["state", "reason"])

    assert (stopped.status_code, stopped.headers["Location"]) == (302, f"{ADDRESS}?state=deferred")
    assert (row.state, row.reason, waiting) == (OutState.CANCELLED, OutReason.WITHDRAWN, [])
    assert [entry.subject_id for entry in entries(Action.MAIL_STOPPED)] == [row.pk]

    again = client.post(f"{ADDRESS}/{row.pk}/resend")
    row.refresh_from_db(fields=["state", "reason"])

    assert (again.status_code, row.state, row.reason) == (302, OutState.QUEUED, "")
    assert due() == [row.pk]


def test_the_ticket_tells_that_a_mail_was_stopped() -> None:
    row = make_outgoing(OutState.DEFERRED, "tcp")
    withdraw(row)
    assert row.message is not None
    ticket = row.message.ticket

    page = client_of(make_agent("Agent", inbox=row.inbox)).get(f"/t/{ticket.number}").content.decode()

    assert "It was stopped in the outbox." in page
    assert f"/outbox/{row.pk}/resend" in page


@pytest.mark.parametrize(
    ("state", "reason"),
    [(OutState.SENDING, ""), (OutState.SENT, ""), (OutState.REFUSED, ""), (OutState.UNCERTAIN, OutReason.LOST_TWICE)],
)
def test_what_waits_for_nothing_cannot_be_stopped(state: OutState, reason: str) -> None:
    row = make_outgoing(state, reason)

    with pytest.raises(TooLateToUndo):
        withdraw(row)

    assert OutboundMail.objects.get(pk=row.pk).state == state
    assert withdraw(make_outgoing(OutState.UNCERTAIN, OutReason.LOST)).state == OutState.CANCELLED


@pytest.mark.parametrize(("role", "count"), [("Inbox admin", 0), ("Team lead", 1)])
def test_the_mail_of_a_hidden_ticket_is_hidden(role: str, count: int) -> None:
    row = make_outgoing(OutState.DEFERRED, "tcp", said=SAID)
    assert row.message is not None
    Ticket.objects.filter(pk=row.message.ticket_id).update(restricted=True)
    client = client_of(make_agent(role, inbox=row.inbox))

    page = client.get(f"{ADDRESS}?state=all").content.decode()
    answers = [client.get(f"{ADDRESS}/{row.pk}/words"), client.post(f"{ADDRESS}/{row.pk}/cancel")]

    assert len(rows_in(page)) == count
    assert [answer.status_code for answer in answers] == ([200, 302] if count else [404, 404])
    assert OutboundMail.objects.get(pk=row.pk).state == (OutState.CANCELLED if count else OutState.DEFERRED)


def test_other_inboxes_stay_out_of_sight() -> None:
    row = make_outgoing(OutState.DEFERRED, "tcp")
    client = client_of(make_agent("Inbox admin", inbox=make_inbox("Billing", address="billing@desk.example.net")))

    assert rows_in(client.get(f"{ADDRESS}?state=all").content.decode()) == []
    assert client.post(f"{ADDRESS}/{row.pk}/cancel").status_code == 404
    assert OutboundMail.objects.get(pk=row.pk).state == OutState.DEFERRED


def test_its_cost_does_not_grow_with_its_rows() -> None:
    client = client_of(make_agent("Inbox admin"))
    counts = []
    for more in (1, 2):
        for _turn in range(more):
            make_outgoing(OutState.REFUSED, OutReason.REFUSED, said=SAID)
        client.get(ADDRESS)
        with CaptureQueriesContext(connection) as queries:
            client.get(ADDRESS)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_an_empty_outbox_says_what_it_is_for() -> None:
    client = client_of(make_agent("Inbox admin", inbox=make_inbox()))

    assert "Everything has left" in client.get(ADDRESS).content.decode()
    assert "No such mail" in client.get(f"{ADDRESS}?state=refused").content.decode()
