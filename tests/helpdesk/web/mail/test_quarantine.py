"""The quarantine: causes in words, one and all tried again, and nothing of a ticket that one may not see."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from audit.actions import Action
from helpdesk.core.ids import new_id
from inbox.inboxes.models import Inbox
from inbox.mail.models import RawMail
from inbox.mail.overview.scope import PAGE_SIZE
from inbox.mail.receive.process import process_raw
from inbox.mail.services.quarantine import MOST_AT_ONCE, retry_all
from inbox.mail.states import RawReason, RawState
from inbox.tickets.models import Ticket
from tests.inbox.mail.unread import make_unread, ticket_of
from tests.inbox.tickets.plain import entries
from tests.make import make_agent, make_inbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db
ADDRESS = "/mail/quarantine"


def admin(inbox: Inbox | None, role: str = "Inbox admin") -> object:
    """Return the browser of somebody who administers the mail of an inbox, or of all."""
    return client_of(make_agent(role, inbox=inbox))


def test_each_mail_stands_there_with_its_cause() -> None:
    raw = make_unread("timeout")

    page = client_of(make_agent("Inbox admin", inbox=raw.inbox)).get(ADDRESS).content.decode()

    assert "Reading it took too long." in page
    assert f'href="/t/{ticket_of(raw).number}"' in page
    assert f"/mail/quarantine/{raw.pk}/retry" in page


def test_a_mail_is_read_again_and_its_stand_in_goes() -> None:
    raw = make_unread()
    stood = ticket_of(raw)
    client = client_of(make_agent("Inbox admin", inbox=raw.inbox))

    answer = client.post(f"/mail/quarantine/{raw.pk}/retry", {"once": str(uuid4())})
    state = process_raw(raw.pk)

    assert (answer.status_code, answer.headers["Location"], state) == (302, ADDRESS, RawState.DONE)
    stood.refresh_from_db()
    assert stood.deleted_at is not None
    assert Ticket.objects.filter(inbox=raw.inbox, deleted_at=None, unreadable=False).count() == 1
    assert [entry.subject_id for entry in entries(Action.MAIL_RETRIED)] == [raw.pk]


def test_all_are_read_again_in_the_inbox_that_is_looked_at() -> None:
    here, there = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    mine, other = [make_unread(inbox=here) for _ in range(3)], make_unread(inbox=there)
    client = client_of(make_agent("Inbox admin"))

    answer = client.post("/mail/quarantine/retry", {"inbox": str(here.pk)}, follow=True)

    states = dict(RawMail.objects.values_list("pk", "state"))
    assert [states[raw.pk] for raw in (*mine, other)] == [*["stored"] * 3, "quarantined"]
    assert "3 mails are read again." in answer.content.decode()


def test_many_are_tried_in_turns_and_the_rest_is_named() -> None:
    inbox = make_inbox()
    columns = {"inbox": inbox, "size_bytes": 1, "arrived_at": inbox.created_at, "state": RawState.QUARANTINED}
    rows = [
        RawMail(transport_key=f"x:{place}", content_key=bytes(32), blob=new_id(), **columns)
        for place in range(MOST_AT_ONCE + 5)
    ]
    RawMail.objects.bulk_create(rows)

    first = retry_all(RawMail.objects.filter(state=RawState.QUARANTINED))
    second = retry_all(RawMail.objects.filter(state=RawState.QUARANTINED))

    assert [(turn.count, turn.rest) for turn in (first, second)] == [(MOST_AT_ONCE, 5), (5, 0)]


def test_a_mail_that_was_never_fetched_cannot_be_tried_again() -> None:
    inbox = make_inbox()
    raw = RawMail.objects.create(
        inbox=inbox, transport_key="x", content_key=bytes(32), size_bytes=1, arrived_at=inbox.created_at,
        state=RawState.QUARANTINED, reason=RawReason.TOO_LARGE,
    )  # fmt: skip
    client = client_of(make_agent("Inbox admin", inbox=inbox))

    page = client.get(ADDRESS).content.decode()
    answer = client.post(f"/mail/quarantine/{raw.pk}/retry")

    assert "Never fetched" in page
    assert answer.status_code == 409
    assert RawMail.objects.get(pk=raw.pk).state == RawState.QUARANTINED


@pytest.mark.parametrize(("role", "status", "count"), [("Inbox admin", 404, 0), ("Team lead", 302, 1)])
def test_the_mail_of_a_hidden_ticket_is_hidden(role: str, status: int, count: int) -> None:
    raw = make_unread()
    Ticket.objects.filter(pk=ticket_of(raw).pk).update(restricted=True)
    client = client_of(make_agent(role, inbox=raw.inbox))

    page = client.get(ADDRESS).content.decode()
    answer = client.post(f"/mail/quarantine/{raw.pk}/retry")
    client.post("/mail/quarantine/retry")

    assert page.count(f'id="q-{raw.pk}"') == count
    assert answer.status_code == status
    assert RawMail.objects.get(pk=raw.pk).state == (RawState.STORED if count else RawState.QUARANTINED)


@pytest.mark.parametrize(("role", "count"), [("Inbox admin", 0), ("Team lead", 1)])
def test_the_original_is_offered_to_who_may_have_it(role: str, count: int) -> None:
    raw = make_unread()

    page = client_of(make_agent(role, inbox=raw.inbox)).get(ADDRESS).content.decode()

    assert page.count("/raw") == count


def test_other_inboxes_stay_out_of_sight() -> None:
    raw = make_unread(inbox=make_inbox("Billing", address="billing@desk.example.net"))
    client = client_of(make_agent("Inbox admin", inbox=make_inbox()))

    assert str(raw.pk) not in client.get(ADDRESS).content.decode()
    assert client.get(f"{ADDRESS}?inbox={raw.inbox_id}").status_code == 404
    assert client.post("/mail/quarantine/retry", {"inbox": str(raw.inbox_id)}).status_code == 404
    assert client.get(f"{ADDRESS}?inbox=x").status_code == 404


def test_a_long_quarantine_comes_in_pages() -> None:
    inbox = make_inbox()
    rows = [
        RawMail(
            inbox=inbox, transport_key=f"x:{place}", content_key=bytes(32), size_bytes=1, arrived_at=inbox.created_at,
            state=RawState.QUARANTINED,
        )
        for place in range(PAGE_SIZE + 2)
    ]  # fmt: skip
    RawMail.objects.bulk_create(rows)
    keys = sorted((row.pk for row in rows), reverse=True)
    client = client_of(make_agent("Inbox admin", inbox=inbox))

    first = client.get(ADDRESS).content.decode()
    second = client.get(f"{ADDRESS}?after={keys[PAGE_SIZE - 1]}").content.decode()

    assert (first.count('<tr id="q-'), second.count('<tr id="q-')) == (PAGE_SIZE, 2)
    assert f"after={keys[PAGE_SIZE - 1]}" in first
    assert client.get(f"{ADDRESS}?after=nowhere").status_code == 422


def test_its_cost_does_not_grow_with_its_rows() -> None:
    inbox = make_inbox()
    client = client_of(make_agent("Inbox admin", inbox=inbox))
    client.get(ADDRESS)
    counts = []
    for _turn in range(2):
        make_unread(inbox=inbox)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(ADDRESS)
        counts.append(len(queries))
        make_unread(inbox=inbox)

    assert counts[0] == counts[1]


def test_an_empty_quarantine_says_what_it_is_for() -> None:
    page = client_of(make_agent("Inbox admin", inbox=make_inbox())).get(ADDRESS).content.decode()

    assert "Every mail could be read" in page
    assert "Try all again" not in page
