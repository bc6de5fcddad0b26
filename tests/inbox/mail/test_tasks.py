"""Each task may run twice, and each has a sweep that finds what it missed."""

from datetime import timedelta
from io import StringIO
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from helpdesk.crypto.files import find_blobs, write_blob
from helpdesk.crypto.keyring import DESK, ensure_key
from inbox.mail import tasks
from inbox.mail.models import Mailbox, MailboxCycle, OutboundMail, RawMail
from inbox.mail.receive import sweep as sweeping
from inbox.mail.receive.lanes import LANES
from inbox.mail.states import OutState, RawState
from inbox.tickets.models import Message
from tests.make import make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, receive
from tests.servers.dovecot import MailHost
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What the tasks ring for, instead of the queue."""
    heard: list[tuple[object, ...]] = []
    monkeypatch.setattr(tasks, "ring", lambda *words: heard.append(words))
    return heard


@pytest.mark.dovecot
def test_fetching_reading_and_sending_twice_do_it_once(mail_host: MailHost, smtp_host: SmtpHost) -> None:
    mail_host.append(make_mail())
    mailbox = make_mailbox(make_inbox(), mail_host, smtp_host)
    for _ in range(2):
        Mailbox.objects.update(next_poll_at=None)
        tasks.look_into(mailbox.pk)
    raw = RawMail.objects.get()
    for _ in range(2):
        tasks.process_mail([str(raw.pk)])
    row = make_reply(Message.objects.get().ticket)
    OutboundMail.objects.update(send_after=timezone.now())
    for _ in range(2):
        tasks.deliver_mail(str(row.pk))

    assert (Message.objects.filter(direction="inbound").count(), len(smtp_host.received)) == (1, 1)


def test_the_sweep_rings_for_what_is_due_and_for_nothing_else(rung: list[tuple[object, ...]]) -> None:
    ticket = make_ticket()
    due, later = make_reply(ticket), make_reply(ticket)
    OutboundMail.objects.filter(pk=due.pk).update(send_after=timezone.now())
    assert later.send_after > timezone.now()

    for _ in range(2):
        tasks.sweep()

    assert rung == [("mail.deliver_mail", str(due.pk))] * 2


def test_the_slow_sweep_finds_mail_that_nobody_read_and_claims_of_the_dead(rung: list[tuple[object, ...]]) -> None:
    raw = receive(make_mail())
    long_ago = timezone.now() - timedelta(hours=1)
    RawMail.objects.update(state=RawState.STORED, stored_at=long_ago, next_try_at=None)
    row = make_reply(make_ticket())
    OutboundMail.objects.update(state=OutState.SENDING, claimed_at=long_ago)

    for _ in range(2):
        tasks.sweep_slow()

    row.refresh_from_db()
    assert row.state == OutState.QUEUED
    assert rung == [("mail.process_mail", [str(raw.pk)])] * 2


def test_sealed_files_without_a_row_go_and_the_others_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = receive(make_mail())
    ensure_key(DESK)
    orphan = write_blob([b"left over"], DESK, kind="attachment").id
    monkeypatch.setattr(sweeping, "AGE", timedelta(0))
    assert {raw.blob, orphan} <= _files()

    for _ in range(2):
        tasks.sweep_orphans()

    assert raw.blob in _files()
    assert orphan not in _files()


def _files() -> set[UUID]:
    return set(find_blobs(older_than=timezone.now() + timedelta(minutes=1)))


@pytest.mark.dovecot
def test_fetch_mail_takes_all_and_tells_of_a_fault(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Now"))
    make_mailbox(make_inbox(), mail_host)
    call_command("fetch_mail", stderr=StringIO())
    assert Message.objects.count() == 1
    mail_host.stop()
    told = StringIO()

    with pytest.raises(CommandError, match="not every mailbox"):
        call_command("fetch_mail", stderr=told)

    assert "tcp" in told.getvalue()


def test_fetch_mail_without_a_mailbox_says_so() -> None:
    with pytest.raises(CommandError, match="no such active mailbox"):
        call_command("fetch_mail")


def test_show_ticket_prints_one_ticket_on_somebodys_rights() -> None:
    ticket = make_ticket("Printer", text="It does not print.\n")
    lea = make_agent(inbox=ticket.inbox)

    shown = call_command("show_ticket", str(ticket.number), "--as", lea.email, stdout=StringIO())

    assert '"subject": "Printer"' in shown
    assert "It does not print." in shown
    stranger = make_agent(inbox=make_inbox("Billing", address="billing@desk.example.net"))
    with pytest.raises(CommandError):
        call_command("show_ticket", str(ticket.number), "--as", stranger.email, stdout=StringIO())


def test_the_record_of_cycles_is_kept_for_a_month_and_of_quiet_ones_for_a_day() -> None:
    mailbox = make_mailbox(make_inbox())
    now = timezone.now()
    made = {
        name: MailboxCycle.objects.create(mailbox=mailbox, started_at=now - timedelta(days=days), ended_at=now, **what)
        for name, days, what in (
            ("quiet, today", 0, {}),
            ("quiet, before", 2, {}),
            ("brought mail", 29, {"stored": 1}),
            ("failed", 29, {"fault_step": "tcp"}),
            ("long ago", 31, {"stored": 1}),
        )
    }
    cut_off = MailboxCycle.objects.create(mailbox=mailbox, started_at=now - timedelta(days=2))

    for _ in range(2):
        tasks.sweep_orphans()

    kept = set(MailboxCycle.objects.values_list("pk", flat=True))
    assert kept == {made[name].pk for name in ("quiet, today", "brought mail", "failed")} | {cut_off.pk}


def test_a_bell_lets_a_due_mailbox_into_its_lane_once(monkeypatch: pytest.MonkeyPatch) -> None:
    entered: list[tuple[UUID, bool]] = []
    monkeypatch.setattr(LANES, "enter", lambda key, _look, *, is_failing: entered.append((key, is_failing)))
    inbox = make_inbox()
    well, failing, later = (make_mailbox(inbox) for _ in range(3))
    Mailbox.objects.filter(pk=failing.pk).update(failures=2, fault_step="sign_in")
    Mailbox.objects.filter(pk=later.pk).update(next_poll_at=timezone.now() + timedelta(minutes=1))

    for box in (well, failing, later):
        tasks.poll_mailbox(str(box.pk))

    assert entered == [(well.pk, False), (failing.pk, True)]


def test_a_bug_in_fetching_stays_in_its_lane_and_is_on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = make_mailbox(make_inbox())

    def breaks(_mailbox: Mailbox) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("inbox.mail.receive.fetch.imap_session", breaks)

    tasks.look_into(mailbox.pk)

    mailbox.refresh_from_db()
    assert (mailbox.fault_step, mailbox.failures, mailbox.lease_until) == ("interrupted", 1, None)
    assert MailboxCycle.objects.get().fault_step == "interrupted"
