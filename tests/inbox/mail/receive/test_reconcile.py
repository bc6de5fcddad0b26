"""The server's list compared with ours: what was missed comes, what is known does not, and nothing is sent for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from imapclient import DELETED

from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.services.mailboxes import remove_mailbox
from inbox.mail.states import History, RawReason, RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


def cycle(mailbox: Mailbox, *, compares: bool = True) -> None:
    """Fetch the mailbox once, lists compared or not, and read what came."""
    moment = None if compares else timezone.now() + timedelta(hours=1)
    Mailbox.objects.update(next_reconcile_at=moment)
    poll(mailbox.pk)
    waiting = RawMail.objects.filter(state=RawState.STORED)
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def lose(uid: int) -> None:
    """Forget a mail that was taken, as if the cursor had passed it."""
    raw = RawMail.objects.get(transport_key__endswith=f":{uid}")
    Ticket.objects.filter(messages__in=raw.inbound.values("message")).delete()
    raw.delete()


def test_a_missed_mail_is_found_within_the_hour_and_counts_as_history(mail_host: MailHost) -> None:
    for number in range(3):
        mail_host.append(make_mail(f"Mail {number}"))
    mailbox = make_mailbox(make_inbox(), mail_host)
    cycle(mailbox)
    lose(2)
    cycle(mailbox, compares=False)
    assert Ticket.objects.count() == 2

    cycle(mailbox)

    found = RawMail.objects.get(transport_key__endswith=":2")
    assert (found.reconciled, found.history, found.state) == (True, True, RawState.DONE)
    assert Ticket.objects.count() == 3
    mailbox.refresh_from_db()
    assert mailbox.next_reconcile_at is not None
    wait = mailbox.next_reconcile_at - timezone.now()
    assert timedelta(minutes=50) < wait < timedelta(minutes=70)


def test_what_was_not_ours_from_the_beginning_is_not_missed(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Before us"))
    mailbox = make_mailbox(make_inbox(), mail_host, history=History.NONE)
    cycle(mailbox)
    mail_host.append(make_mail("Ours"))

    for _ in range(2):
        cycle(mailbox)

    assert (Ticket.objects.count(), RawMail.objects.count()) == (1, 1)


def test_a_mail_is_taken_once_its_mark_of_deletion_goes(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Marked"), flags=(DELETED,))
    mail_host.append(make_mail("Still marked"), flags=(DELETED,))
    mailbox = make_mailbox(make_inbox(), mail_host)
    cycle(mailbox)
    assert (Ticket.objects.count(), RawMail.objects.filter(reason=RawReason.DELETED_THERE).count()) == (0, 2)
    with mail_host.client() as client:
        client.remove_flags([1], [DELETED])

    for _ in range(2):
        cycle(mailbox)

    assert Ticket.objects.count() == 1
    assert list(RawMail.objects.order_by("transport_key").values_list("state", flat=True)) == ["done", "skipped"]


def test_another_folder_is_read_from_its_own_beginning_and_doubles_nothing(mail_host: MailHost) -> None:
    mail_host.append(make_mail("First"))
    mailbox = make_mailbox(make_inbox(), mail_host)
    cycle(mailbox)
    with mail_host.client() as client:
        client.create_folder("Desk")
        client.copy([1], "Desk")
        client.append("Desk", make_mail("Second"))

    Mailbox.objects.update(folder="Desk")
    for _ in range(2):
        cycle(mailbox)

    assert Ticket.objects.count() == 2
    assert RawMail.objects.filter(state=RawState.DUPLICATE, reason=RawReason.SAME_CONTENT).count() == 1


def test_a_renamed_folder_is_told_and_read_on_under_its_new_name(mail_host: MailHost) -> None:
    with mail_host.client() as client:
        client.create_folder("Desk")
    mail_host.append(make_mail("First"), folder="Desk")
    mailbox = make_mailbox(make_inbox(), mail_host)
    Mailbox.objects.update(folder="Desk")
    cycle(mailbox)
    with mail_host.client() as client:
        client.rename_folder("Desk", "Front desk")
    mail_host.append(make_mail("Second"), folder="Front desk")

    with pytest.raises(WireError, match="folder"):
        cycle(mailbox)
    mailbox.refresh_from_db()
    assert mailbox.fault_step == "folder"
    Mailbox.objects.update(folder="Front desk")
    cycle(mailbox)

    assert (Ticket.objects.count(), RawMail.objects.filter(state=RawState.DONE).count()) == (2, 2)


def test_a_mailbox_that_is_added_again_takes_its_old_mail_no_second_time(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Old"), at=datetime(2025, 3, 1, tzinfo=UTC))
    inbox = make_inbox()
    first = make_mailbox(inbox, mail_host)
    cycle(first)
    remove_mailbox(first)
    mail_host.append(make_mail("Newer"), at=datetime(2025, 4, 1, tzinfo=UTC))

    cycle(make_mailbox(inbox, mail_host))

    assert Ticket.objects.count() == 2
    assert RawMail.objects.filter(state=RawState.DUPLICATE).count() == 1
