"""How fresh an inbox's mail is, as its pages tell it: to everybody the time, to its keepers the server's own words."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.mail.models import Mailbox
from tests.make import make_agent, make_inbox, make_mailbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

WORDS = "Mailbox is locked, ask postmaster"


def client(inbox: Inbox, role: str) -> Client:
    """Return the browser of somebody new with that role on the inbox."""
    return client_of(make_agent(role, inbox=inbox))


def page(inbox: Inbox, role: str, *, of_inbox: bool = True) -> str:
    """Return the list page of the inbox, or of all inboxes, as that role sees it."""
    return client(inbox, role).get(f"/?inbox={inbox.pk}" if of_inbox else "/").content.decode()


def mailbox(inbox: Inbox, *, minutes: int, step: str = "") -> Mailbox:
    """Return a mailbox whose last good fetch is that long ago."""
    box = make_mailbox(inbox)
    box.last_good_at = timezone.now() - timedelta(minutes=minutes)
    box.fault_step = step
    with purpose(Purpose.SYSTEM):
        box.fault_words = WORDS if step else None
    box.failures = 1 if step else 0
    box.save()
    return box


def test_an_inbox_tells_when_it_was_last_fetched_on_its_page_and_in_the_folder_list() -> None:
    inbox = make_inbox()
    mailbox(inbox, minutes=3)
    mailbox(inbox, minutes=1)

    shown, everything = page(inbox, "Agent"), page(inbox, "Agent", of_inbox=False)

    assert "Mail last fetched:" in shown.split("</nav>")[1]
    assert "3m" in everything.split("</nav>")[0]
    assert "No mail is fetched" not in shown


@pytest.mark.parametrize(("role", "told"), [("Agent", False), ("Read-only", False), ("Inbox admin", True)])
def test_the_servers_own_words_are_for_those_who_manage_the_mailbox(role: str, told: bool) -> None:  # noqa: FBT001 - a column of the table
    inbox = make_inbox()
    box = mailbox(inbox, minutes=20, step="sign_in")

    shown = page(inbox, role)

    assert "No mail is fetched for Support." in shown
    assert "The server refuses the sign-in." in shown
    assert (WORDS in shown, f"/mail/mailboxes/{box.pk}" in shown) == (told, told)


@pytest.mark.parametrize(("role", "told"), [("Agent", False), ("Inbox admin", True)])
def test_the_banner_stands_on_every_list_for_those_who_manage_the_mailbox(role: str, told: bool) -> None:  # noqa: FBT001 - as above
    inbox = make_inbox()
    mailbox(inbox, minutes=20, step="tcp")

    assert ("No mail is fetched for Support." in page(inbox, role, of_inbox=False)) is told


def test_nobody_hears_of_an_inbox_that_they_do_not_see() -> None:
    mailbox(make_inbox("Billing", address="billing@desk.example.net"), minutes=20, step="tcp")

    assert "Billing" not in page(make_inbox(), "Inbox admin", of_inbox=False)


@pytest.mark.parametrize(("step", "minutes"), [("", 1), ("tcp", 14)])
def test_without_an_outage_there_is_no_banner(step: str, minutes: int) -> None:
    inbox = make_inbox()
    mailbox(inbox, minutes=minutes, step=step)

    assert "No mail is fetched" not in page(inbox, "Inbox admin")


def test_a_mailbox_that_is_switched_off_is_not_missed() -> None:
    inbox = make_inbox()
    mailbox(inbox, minutes=20, step="tcp")
    Mailbox.objects.update(active=False)

    assert "No mail is fetched" not in page(inbox, "Inbox admin")


@pytest.mark.parametrize(
    ("role", "days", "told"),
    [("Inbox admin", 5, True), ("Inbox admin", 20, False), ("Inbox admin", -1, True), ("Agent", 5, False)],
)
def test_the_days_until_a_secret_ends_are_told_in_time(role: str, days: int, told: bool) -> None:  # noqa: FBT001 - as above
    inbox = make_inbox()
    mailbox(inbox, minutes=1)
    Mailbox.objects.update(secret_ends_at=timezone.now() + timedelta(days=days, minutes=5))

    shown = page(inbox, role, of_inbox=False)

    assert ("The sign-in of" in shown) is told
    assert (f"ends in {max(0, days)} days" in shown) is told


def test_a_back_fill_tells_how_far_it_is() -> None:
    inbox = make_inbox()
    mailbox(inbox, minutes=1)
    Mailbox.objects.update(back_left=28_000, back_total=40_000)

    assert "12000 of 40000 are here" in page(inbox, "Agent").replace(",", "")


def test_an_outage_that_is_over_is_told_for_a_day_with_the_mails_that_came() -> None:
    inbox = make_inbox()
    mailbox(inbox, minutes=1)
    now = timezone.now()
    Mailbox.objects.update(outage_from=now - timedelta(hours=5), outage_until=now - timedelta(hours=3), outage_mails=37)
    assert "37 mails came in afterwards" in page(inbox, "Agent")

    Mailbox.objects.update(outage_until=now - timedelta(hours=25))

    assert "came in afterwards" not in page(inbox, "Agent")


def test_hostile_words_of_a_server_are_only_words() -> None:
    inbox = make_inbox()
    box = mailbox(inbox, minutes=20, step="sign_in")
    with purpose(Purpose.SYSTEM):
        box.fault_words = "<img src=x onerror=alert(1)>"
    box.save()

    shown = page(inbox, "Inbox admin")

    assert "<img" not in shown
    assert "&lt;img src=x" in shown


def test_what_was_saved_is_tried_at_once() -> None:
    inbox = make_inbox()
    box = mailbox(inbox, minutes=20, step="tcp")
    Mailbox.objects.update(next_poll_at=timezone.now() + timedelta(minutes=10))
    keeper = make_agent("Inbox admin", inbox=inbox)
    type(keeper).objects.filter(pk=keeper.pk).update(is_staff=True)
    browser = client_of(keeper)
    form = {
        "inbox": str(inbox.pk), "active": "on", "imap_host": box.imap_host, "imap_port": box.imap_port,
        "imap_security": box.imap_security, "imap_user": box.imap_user, "folder": "INBOX", "history": "all",
        "dispose": "move", "dispose_folder": "INBOX", "smtp_host": box.smtp_host, "smtp_port": box.smtp_port,
        "smtp_security": box.smtp_security, "smtp_user": "",
    }  # fmt: skip

    address = f"/admin/mail/mailbox/{box.pk}/change/"
    refused = browser.post(address, form)
    assert "Name another folder" in refused.content.decode()
    taken = browser.post(address, {**form, "dispose_folder": "Done"})

    box.refresh_from_db()
    assert (taken.status_code, box.next_poll_at, box.dispose, box.dispose_folder) == (302, None, "move", "Done")
