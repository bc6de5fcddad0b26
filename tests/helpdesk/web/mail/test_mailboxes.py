"""How mailboxes fare, and the log of their cycles."""

from datetime import timedelta

import pytest
from django.utils import timezone

from inbox.mail.models import Mailbox, MailboxCycle
from inbox.mail.overview.scope import PAGE_SIZE
from tests.make import make_agent, make_inbox, make_mailbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db
REFUSED = "[AUTHENTICATIONFAILED] <no>"


def fail(mailbox: Mailbox) -> None:
    """Let the mailbox fail at its sign-in."""
    mailbox.fault_step, mailbox.fault_words, mailbox.failures = "sign_in", REFUSED, 3
    mailbox.save(update_fields=["fault_step", "fault_words", "failures"])


def add_cycle(mailbox: Mailbox, minutes_ago: int, **columns: object) -> MailboxCycle:
    """Return a look into the mailbox that took two seconds."""
    begun = timezone.now() - timedelta(minutes=minutes_ago)
    cycle = MailboxCycle(mailbox=mailbox, started_at=begun, ended_at=begun + timedelta(seconds=2))
    for name, value in columns.items():
        setattr(cycle, name, value)
    cycle.save()
    return cycle


def test_a_mailbox_that_fails_says_why_in_words_and_in_its_servers() -> None:
    mailbox = make_mailbox(make_inbox())
    fail(mailbox)

    page = client_of(make_agent("Inbox admin", inbox=mailbox.inbox)).get("/mail/").content.decode()

    assert "The server refuses the sign-in." in page
    assert "[AUTHENTICATIONFAILED] &lt;no&gt;" in page
    assert f"/mail/mailboxes/{mailbox.pk}" in page


def test_a_back_fill_shows_how_far_it_is() -> None:
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.filter(pk=mailbox.pk).update(back_left=30, back_total=120)

    page = client_of(make_agent("Team lead", inbox=mailbox.inbox)).get("/mail/").content.decode()

    assert "90 of 120 older mails are here" in page


def test_the_log_tells_what_came_and_what_failed() -> None:
    mailbox = make_mailbox(make_inbox())
    add_cycle(mailbox, 1, fault_step="sign_in", fault_words=REFUSED)
    add_cycle(mailbox, 2, stored=3, duplicate=1, skipped=2, reconciled=1, disposed=4)
    add_cycle(mailbox, 3)
    client = client_of(make_agent("Inbox admin", inbox=mailbox.inbox))

    page = client.get(f"/mail/mailboxes/{mailbox.pk}").content.decode()
    whole = client.get(f"/mail/mailboxes/{mailbox.pk}?all=1").content.decode()

    assert [page.count("<tr id="), whole.count("<tr id=")] == [2, 3]
    assert "[AUTHENTICATIONFAILED] &lt;no&gt;" in page
    for words in ("3 new mails", "1 that was here", "1 found by comparing", "2 left out", "4 moved or deleted there"):
        assert words in page
    assert "nothing new" in whole


def test_a_long_log_comes_in_pages() -> None:
    mailbox = make_mailbox(make_inbox())
    for minutes in range(PAGE_SIZE + 2):
        add_cycle(mailbox, minutes, stored=1)
    client = client_of(make_agent("Inbox admin", inbox=mailbox.inbox))

    first = client.get(f"/mail/mailboxes/{mailbox.pk}").content.decode()
    cursor = first.split("after=")[1].split('"')[0]
    second = client.get(f"/mail/mailboxes/{mailbox.pk}?after={cursor}").content.decode()

    assert [first.count("<tr id="), second.count("<tr id=")] == [PAGE_SIZE, 2]


def test_the_mailbox_of_another_inbox_is_absent() -> None:
    mailbox = make_mailbox(make_inbox())
    stranger = client_of(make_agent("Inbox admin", inbox=make_inbox("Billing", address="billing@desk.example.net")))
    admin = client_of(make_agent("Inbox admin", inbox=mailbox.inbox))

    addresses = ("/mail/", f"/mail/mailboxes/{mailbox.pk}")

    assert [client.get(addresses[1]).status_code for client in (stranger, admin)] == [404, 200]
    assert [str(mailbox.pk) in client.get(addresses[0]).content.decode() for client in (stranger, admin)] == [
        False, True,
    ]  # fmt: skip


def test_a_script_gets_the_part_that_changes() -> None:
    mailbox = make_mailbox(make_inbox())
    client = client_of(make_agent("Inbox admin", inbox=mailbox.inbox))

    for address in ("/mail/", f"/mail/mailboxes/{mailbox.pk}", "/mail/quarantine", "/mail/outbox"):
        part = client.get(address, headers={"HX-Request": "true"}).content.decode()
        assert ("<html" in part, "<nav class" in part) == (False, False)


def test_the_way_there_is_offered_to_those_who_may_go() -> None:
    inbox = make_inbox()
    offered = {
        role: 'href="/mail/"' in client_of(make_agent(role, inbox=inbox)).get("/").content.decode()
        for role in ("Agent", "Senior agent", "Team lead", "Inbox admin")
    }

    assert offered == {"Agent": False, "Senior agent": False, "Team lead": True, "Inbox admin": True}


def test_without_a_mailbox_it_says_what_one_is() -> None:
    page = client_of(make_agent("Inbox admin", inbox=make_inbox())).get("/mail/").content.decode()

    assert "No mailbox yet" in page
