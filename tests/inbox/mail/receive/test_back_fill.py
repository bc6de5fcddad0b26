"""Years of old mail beside today's: new mail first, old mail in its order and with its dates, part by part."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils import timezone

from inbox.mail.models import Mailbox, OutboundMail, RawMail
from inbox.mail.receive import fetch, taking
from inbox.mail.receive.poll import poll
from inbox.mail.states import RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Message, Ticket
from tests.make import make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]

FIRST = datetime(2019, 5, 1, 9, 30, tzinfo=UTC)
OLD = 12


@pytest.fixture
def mailbox(mail_host: MailHost, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """A mailbox with a mail of each year since 2019, of which a cycle takes two at a time."""
    with mail_host.client() as client:
        for number in range(OLD):
            client.append("INBOX", make_mail(f"Old {number}"), (), FIRST + timedelta(days=180 * number))
    monkeypatch.setattr("inbox.mail.imap.session.BATCH_MAILS", 2)
    return make_mailbox(make_inbox(), mail_host)


def numbers() -> list[int]:
    """Return the UIDs of what is stored, in the order in which it was."""
    rows = RawMail.objects.order_by("pk").values_list("transport_key", flat=True)
    return [int(key.rpartition(":")[2]) for key in rows]


def read_all() -> None:
    """Read every mail that waits."""
    waiting = RawMail.objects.filter(state=RawState.STORED).order_by("pk")
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def test_it_is_cut_into_cycles_and_new_mail_never_waits_for_it(mailbox: Mailbox, mail_host: MailHost) -> None:
    fetched = poll(mailbox.pk, limit_s=0)
    assert (fetched.stored, numbers()) == (0, [])
    mailbox.refresh_from_db()
    assert mailbox.next_poll_at is not None
    mail_host.append(make_mail("Today"))

    poll(mailbox.pk, limit_s=0)

    assert numbers() == [OLD + 1]
    assert poll(mailbox.pk).left == 0
    assert numbers() == [OLD + 1, *range(1, OLD + 1)]
    mailbox.refresh_from_db()
    assert (mailbox.back_until, mailbox.back_left, mailbox.back_total) == (0, 0, 0)


def test_a_cycle_that_is_cut_off_is_due_again_at_once_and_tells_how_far_it_came(
    mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, False, False, False, True])
    monkeypatch.setattr(fetch.Patience, "is_over", lambda _self: next(answers, True))

    fetched = poll(mailbox.pk, limit_s=1)

    mailbox.refresh_from_db()
    assert 0 < fetched.stored < OLD
    assert (fetched.back_left, mailbox.back_left) == (OLD - fetched.stored,) * 2
    assert mailbox.back_total == OLD
    assert mailbox.next_poll_at is not None
    assert mailbox.next_poll_at < timezone.now() + timedelta(seconds=5)
    monkeypatch.undo()
    poll(mailbox.pk)
    assert numbers() == list(range(1, OLD + 1))


def test_old_mail_pauses_while_too_much_waits_to_be_read(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch, "_JAM", 4)

    stored = poll(mailbox.pk, limit_s=60).stored
    assert 4 <= stored < OLD
    assert poll(mailbox.pk, limit_s=60).stored == 0
    read_all()

    assert poll(mailbox.pk, limit_s=60).stored > 0


def test_old_mail_has_its_true_dates_and_sends_nothing(mailbox: Mailbox) -> None:
    poll(mailbox.pk)
    read_all()

    arrivals = list(Message.objects.order_by("at").values_list("at", flat=True))
    assert arrivals == [FIRST + timedelta(days=180 * number) for number in range(OLD)]
    assert RawMail.objects.filter(history=True, state=RawState.DONE).count() == OLD
    assert (Ticket.objects.count(), OutboundMail.objects.count()) == (OLD, 0)


def test_a_mail_that_vanished_stops_no_back_fill(mailbox: Mailbox, mail_host: MailHost) -> None:
    poll(mailbox.pk, limit_s=0)
    for uid in (1, 6, OLD):
        mail_host.expunge(uid)

    poll(mailbox.pk)

    mailbox.refresh_from_db()
    assert (len(numbers()), mailbox.back_until) == (OLD - 3, 0)


def test_fetch_mail_shows_how_much_there_is(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.management.progress._PLAIN_EVERY_S", 0)
    told = StringIO()

    call_command("fetch_mail", stderr=told)

    assert f"2 of {OLD}\n" in told.getvalue()
    assert f"{OLD} of {OLD}\n" in told.getvalue()
    assert Ticket.objects.count() == OLD


def test_facts_are_asked_in_parts_and_the_cursor_follows(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taking, "_FACTS_AT_ONCE", 5)

    assert poll(mailbox.pk).stored == OLD
    assert numbers() == list(range(1, OLD + 1))
