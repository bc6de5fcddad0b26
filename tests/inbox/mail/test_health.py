"""The alarm for a mailbox that is not fetched any more: who hears it, how often, by which way; and the all-clear."""

from datetime import timedelta

import pytest
from django.core.mail import EmailMessage
from django.db.models.functions import Now
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail import tasks
from inbox.mail.health import watch
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.receive.poll import poll
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.system import OutboxBackend
from inbox.mail.states import OutKind, OutState
from tests.make import make_agent, make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db


def told() -> list[tuple[str, list[str]]]:
    """Return subject and recipients of each alarm, the oldest first."""
    with purpose(Purpose.SYSTEM):
        rows = OutboundMail.objects.filter(kind=OutKind.SYSTEM).order_by("created_at", "pk")
        return [(row.subject, [address for _, address in row.envelope["to"]]) for row in rows]


def in_outage(*, minutes: int = 16, failures: int = 3) -> Mailbox:
    """Return a mailbox without a good cycle for that long, in an inbox that `greta@` administers."""
    inbox = make_inbox()
    make_agent("Inbox admin", inbox=inbox, email="greta@staff.example.com")
    make_agent("Agent", inbox=inbox, email="lea@staff.example.com")
    mailbox = make_mailbox(inbox)
    since = timezone.now() - timedelta(minutes=minutes)
    Mailbox.objects.update(last_good_at=since, failures=failures, fault_step="tcp", next_poll_at=timezone.now())
    mailbox.refresh_from_db()
    return mailbox


def test_whoever_manages_the_mailbox_is_told_once_an_outage() -> None:
    mailbox = in_outage()

    for _ in range(3):
        tasks.watch_mailboxes()

    assert told() == [("No mail is fetched for Support", ["greta@staff.example.com"])]
    mailbox.refresh_from_db()
    assert (mailbox.outage_from, mailbox.outage_until) == (mailbox.last_good_at, None)
    with purpose(Purpose.SYSTEM):
        text = OutboundMail.objects.get().text
    assert "The server cannot be reached." in text
    assert f"/admin/mail/mailbox/{mailbox.pk}/change/" in text


@pytest.mark.parametrize(
    "changes",
    [
        {"last_good_at": Now() - timedelta(minutes=14)},
        {"active": False},
        {"imap_host": ""},
        {"failures": 0, "fault_step": ""},
    ],
    ids=["not long enough", "switched off", "no way in", "just switched on"],
)
def test_without_an_outage_nobody_is_told(changes: dict[str, object]) -> None:
    in_outage()
    Mailbox.objects.update(**changes)

    watch()

    assert told() == []


def test_a_mailbox_that_nobody_looks_into_is_an_outage_too() -> None:
    in_outage(failures=0)
    Mailbox.objects.update(next_poll_at=timezone.now() - timedelta(minutes=20), fault_step="")

    watch()

    assert len(told()) == 1
    with purpose(Purpose.SYSTEM):
        assert "Nobody looks into it" in OutboundMail.objects.get().text


def test_without_consent_the_alarm_comes_at_once() -> None:
    in_outage(minutes=1)
    Mailbox.objects.update(needs_consent=True, fault_step="token")

    watch()

    assert len(told()) == 1


def test_without_a_keeper_of_the_mailbox_the_keepers_of_the_desk_are_told() -> None:
    make_agent("Security admin", email="sam@staff.example.com")
    make_mailbox(make_inbox())
    Mailbox.objects.update(failures=1, created_at=timezone.now() - timedelta(hours=1))

    watch()

    assert told() == [("No mail is fetched for Support", ["sam@staff.example.com"])]


@pytest.mark.dovecot
def test_the_all_clear_counts_the_mails_that_came_meanwhile_and_a_new_outage_is_told_anew(mail_host: MailHost) -> None:
    mailbox = in_outage()
    watch()
    Mailbox.objects.update(imap_port=mail_host.port, last_uid=0, uidvalidity=None)
    for number in range(3):
        mail_host.append(make_mail(f"Mail {number}"))
    poll(mailbox.pk)

    for _ in range(2):
        watch()

    mailbox.refresh_from_db()
    assert [subject for subject, _ in told()] == ["No mail is fetched for Support", "Mail is fetched again for Support"]
    assert (mailbox.outage_mails, mailbox.outage_told_at, mailbox.outage_until is None) == (3, None, False)
    mail_host.stop()
    with pytest.raises(WireError):
        poll(mailbox.pk)
    Mailbox.objects.update(last_good_at=timezone.now() - timedelta(minutes=16))
    watch()
    assert len(told()) == 3


@pytest.mark.dovecot
def test_a_desk_that_was_down_itself_tells_on_its_page_alone(mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    poll(mailbox.pk)
    mail_host.append(make_mail())
    before = timezone.now() - timedelta(hours=2)
    Mailbox.objects.update(last_good_at=before)

    poll(mailbox.pk)
    watch()

    mailbox.refresh_from_db()
    assert (mailbox.outage_from, mailbox.outage_mails) == (before, 1)
    assert mailbox.outage_until is not None
    assert told() == []


def test_the_alarm_leaves_by_another_mailbox_when_the_desks_own_sender_is_the_one_that_fails(
    smtp_host: SmtpHost,
) -> None:
    failing = in_outage()
    Mailbox.objects.update(sends_system_mail=True)
    billing = make_inbox("Billing", address="billing@desk.example.net")
    working = make_mailbox(billing, smtp_host=smtp_host)

    watch()

    row = OutboundMail.objects.get()
    assert row.mailbox_id == working.pk != failing.pk
    deliver_mail(row.pk)
    assert smtp_host.received[0].recipients == ("greta@staff.example.com",)


def test_mail_of_the_desk_that_its_sender_cannot_hand_in_takes_another_way(smtp_host: SmtpHost) -> None:
    in_outage()
    Mailbox.objects.update(sends_system_mail=True, smtp_host="127.0.0.1", smtp_port=1)
    watch()
    row = OutboundMail.objects.get()
    deliver_mail(row.pk)
    row.refresh_from_db()
    assert row.state == OutState.DEFERRED
    working = make_mailbox(make_inbox("Billing", address="billing@desk.example.net"), smtp_host=smtp_host)

    watch()
    deliver_mail(row.pk)

    row.refresh_from_db()
    assert (row.state, row.mailbox_id, len(smtp_host.received)) == (OutState.SENT, working.pk, 1)


def test_mail_of_the_desk_that_is_no_alarm_waits_for_its_own_sender(smtp_host: SmtpHost) -> None:
    """Whoever manages the mailbox of one inbox could read it on the way, a link to sign in among it."""
    make_mailbox(make_inbox(), smtp_host=smtp_host, sends_system_mail=True)
    desk = Mailbox.objects.get()
    Mailbox.objects.update(smtp_host="127.0.0.1", smtp_port=1)
    welcome = EmailMessage("Welcome", "Your link: https://desk.example.net/", to=["lea@staff.example.com"])
    OutboxBackend().send_messages([welcome])
    row = OutboundMail.objects.get()
    deliver_mail(row.pk)
    make_mailbox(make_inbox("Billing", address="billing@desk.example.net"), smtp_host=smtp_host)

    watch()

    row.refresh_from_db()
    assert (row.state, row.mailbox_id, smtp_host.received) == (OutState.DEFERRED, desk.pk, [])


def test_the_end_of_a_secret_is_announced_once_and_again_for_the_next_one() -> None:
    in_outage(minutes=0, failures=0)
    for days in (30, 10, 10, 380, 367):
        Mailbox.objects.update(secret_ends_at=timezone.now() + timedelta(days=days))
        watch()
    assert [subject for subject, _ in told()] == ["The sign-in of a mailbox soon ends: Support"]

    Mailbox.objects.update(
        secret_ends_at=timezone.now() + timedelta(days=5), secret_told_at=timezone.now() - timedelta(days=300)
    )
    watch()

    assert len(told()) == 2
