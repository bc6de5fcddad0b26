"""Killed at any step, mail is neither lost nor doubled. Each kill is a real SIGKILL in a process of its own."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from typing import Final
from uuid import uuid4

import pytest
from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from inbox.mail.models import Acknowledged, InboundMail, Mailbox, OutboundMail, RawMail, SentCopy
from inbox.mail.send.deliver import CLAIM, release_stale
from inbox.mail.send.sent_copy import release_stale_copies
from inbox.mail.states import CopyState, KillPoint, OutReason, OutState, RawState
from inbox.tickets.models import Message, Ticket
from inbox.tickets.states import Direction
from tests.flows import killed
from tests.inbox.mail.acks import acks, make_acknowledging
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket
from tests.servers.dovecot import MailHost
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db(transaction=True)

_START_AND_STEP_S: Final = 300


def die_at(point: KillPoint | None, *step: str) -> int:
    """Do one step of `tests.flows.killed` on this test's database in a process that dies at `point`; its exit code."""
    database = os.environ["DATABASE_URL"].replace("/postern?", f"/{connection.settings_dict['NAME']}?")
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "DJANGO_SETTINGS_MODULE": "helpdesk.settings.test",
        "POSTERN_KILL_AT": point or "",
        "POSTERN_UNDO_S": "0",
        "POSTERN_ACKS_AN_HOUR": str(settings.MAIL_ACKS_AN_HOUR),
    }
    command = [sys.executable, "-m", "tests.flows.killed", *step]
    done = subprocess.run(  # noqa: S603 - our own module
        command, check=False, env=environment, cwd=settings.BASE_DIR, timeout=_START_AND_STEP_S
    )
    return done.returncode


def _later() -> None:
    """Let the time pass after which a dead worker's lease and claims are free, and every wait is over."""
    now = timezone.now()
    Mailbox.objects.update(lease_until=None)
    OutboundMail.objects.filter(claimed_at__isnull=False).update(claimed_at=now - CLAIM - timedelta(minutes=1))
    release_stale()
    OutboundMail.objects.update(send_after=now)
    SentCopy.objects.filter(claimed_at__isnull=False).update(claimed_at=now - CLAIM - timedelta(minutes=1))
    release_stale_copies()
    SentCopy.objects.update(try_after=now)


def mails_in(point: KillPoint, *, count: int) -> None:
    """Kill the fetching and reading of `count` mails at `point`, go on, and find each once, acknowledged once."""
    host = MailHost()
    try:
        host.start()
        with host.client() as client:
            for number in range(count):
                sender = f"Kim <kim{number % 7}@host{number // 3}.example.org>"
                letter = Letter(sender, files=[("list.csv", b"a;b\r\n" * 40)])
                client.append("INBOX", make_mail(f"Crash {number}", "It hurts.\n", letter))
        make_mailbox(make_inbox(), host)
        make_acknowledging()
        Mailbox.objects.update(created_at=timezone.now() - timedelta(hours=1))  # what lay there before gets no answer

        assert die_at(point, "in") == -signal.SIGKILL
        for _ in range(2):
            _later()
            killed.take_in()
    finally:
        host.remove()

    assert list(RawMail.objects.values_list("state", flat=True).distinct()) == [RawState.DONE]
    found = (RawMail.objects.count(), InboundMail.objects.count(), Message.objects.count(), Ticket.objects.count())
    assert found == (count, count, count, count)
    assert Message.objects.filter(attachments__isnull=False).distinct().count() == count
    assert (len(acks()), Acknowledged.objects.values("raw").distinct().count()) == (count, count)


def mail_in(point: KillPoint) -> None:
    """The small form: three mails."""
    mails_in(point, count=3)


def reply_written(point: KillPoint) -> None:
    """Kill the writing of a reply at `point`, press the same button again, and find it once."""
    ticket = make_ticket()
    make_agent(inbox=ticket.inbox)
    once = str(uuid4())
    with SmtpHost() as smtp:
        make_mailbox(ticket.inbox, smtp_host=smtp)

        assert die_at(point, "answer", once) == -signal.SIGKILL
        for _ in range(2):
            killed.answer(once)
            _later()
            killed.send()

        assert len(smtp.received) == 1
    assert Message.objects.filter(direction=Direction.OUTBOUND).count() == 1


_TWICE: Final = {KillPoint.DELIVERY_ANSWERED: 2}
"""Killed after the server took the mail and before that was written down: the known price (RFC 5321 6.1)."""
_MARKED: Final = {KillPoint.DELIVERY_HANDING, KillPoint.DELIVERY_ANSWERED}


def reply_sent(point: KillPoint) -> None:
    """Kill the delivery of a reply at `point`, go on, and find it once at the other side, or twice and marked."""
    with SmtpHost() as smtp:
        ticket = make_ticket()
        make_mailbox(ticket.inbox, smtp_host=smtp)
        make_reply(ticket)
        _later()

        assert die_at(point, "send") == -signal.SIGKILL
        for _ in range(3):
            _later()
            killed.send()

        ids = [message_from_bytes(mail.mime)["Message-ID"] for mail in smtp.received]
        assert (len(ids), len(set(ids))) == (_TWICE.get(point, 1), 1)
        assert len({mail.mime for mail in smtp.received}) == 1
    row = OutboundMail.objects.get()
    assert (row.state, row.reason) == (OutState.SENT, OutReason.SECOND_TRY if point in _MARKED else "")


def ack_sent(point: KillPoint) -> int:
    """Kill the delivery of an acknowledgement at `point`, go on, and return how many came to the other side."""
    with SmtpHost() as smtp:
        make_acknowledging(smtp_host=smtp)
        make_ticket()

        assert die_at(point, "send") == -signal.SIGKILL
        for _ in range(3):
            _later()
            killed.send()

        return len(smtp.received)


def copy_kept(point: KillPoint) -> None:
    """Kill the keeping of a sent mail's copy at `point`, go on, and find one mail and one copy."""
    host = MailHost()
    try:
        host.start()
        with SmtpHost() as smtp:
            ticket = make_ticket()
            make_mailbox(ticket.inbox, host, smtp)
            Mailbox.objects.update(sent_folder="Gesendete Objekte (Büro)")
            make_reply(ticket)
            _later()
            killed.send()

            assert die_at(point, "copies") == -signal.SIGKILL
            for _ in range(2):
                _later()
                killed.send()
                killed.keep_copies()

            assert len(smtp.received) == 1
            with host.client(folder="Gesendete Objekte (Büro)") as client:
                assert len(client.search()) == 1
    finally:
        host.remove()
    assert SentCopy.objects.get().state == CopyState.SAVED


CASES: Final[dict[KillPoint, Callable[[KillPoint], None]]] = {
    KillPoint.RAW_WRITTEN: mail_in,
    KillPoint.RAW_BEFORE_COMMIT: mail_in,
    KillPoint.RAW_COMMITTED: mail_in,
    KillPoint.ATTEMPT_COUNTED: mail_in,
    KillPoint.FILES_WRITTEN: mail_in,
    KillPoint.PROCESS_BEFORE_COMMIT: mail_in,
    KillPoint.PROCESS_COMMITTED: mail_in,
    KillPoint.REPLY_BEFORE_COMMIT: reply_written,
    KillPoint.REPLY_COMMITTED: reply_written,
    KillPoint.DELIVERY_CLAIMED: reply_sent,
    KillPoint.DELIVERY_HANDING: reply_sent,
    KillPoint.DELIVERY_ANSWERED: reply_sent,
    KillPoint.DELIVERY_SETTLED: reply_sent,
    KillPoint.COPY_CLAIMED: copy_kept,
    KillPoint.COPY_KEPT: copy_kept,
    KillPoint.COPY_SETTLED: copy_kept,
}


@pytest.mark.parametrize("point", list(KillPoint))
def test_killed_at_any_point_nothing_is_lost_or_doubled(point: KillPoint) -> None:
    CASES[point](point)


@pytest.mark.parametrize(
    ("point", "arrived"),
    [
        (KillPoint.DELIVERY_CLAIMED, 1),
        (KillPoint.DELIVERY_HANDING, 0),  # nobody knows whether it was handed in: rather none than two
        (KillPoint.DELIVERY_ANSWERED, 1),
        (KillPoint.DELIVERY_SETTLED, 1),
    ],
)
def test_killed_at_any_point_no_second_acknowledgement_arrives(point: KillPoint, arrived: int) -> None:
    assert ack_sent(point) == arrived


@pytest.mark.long
@pytest.mark.parametrize("point", [point for point, case in CASES.items() if case is mail_in])
def test_killed_among_500_mails_each_is_there_once(point: KillPoint) -> None:
    with override_settings(MAIL_ACKS_AN_HOUR=100_000):
        mails_in(point, count=500)


def test_without_a_kill_point_the_process_ends_well() -> None:
    """The control: the process of these tests dies by the kill point alone."""
    assert die_at(None, "send") == 0
