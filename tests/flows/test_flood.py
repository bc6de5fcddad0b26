"""Two thousand mails at once: each becomes one ticket, and the list costs meanwhile what it always does."""

import os
import signal
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Final

import pytest
from imapclient import IMAPClient

from tests.bench.desk import Browser, Desk, running_demo
from tests.make import Letter, make_mail

MAILS: Final = 2_000
LISTS: Final = 20
"""How many lists one sample holds: the system counts CPU in hundredths of a second."""
SLACK: Final = 1.5
"""Two busy cores take each other's cache away: measured, a list costs 1.2 times as much beside the flood."""
PATIENCE_S: Final = 900


def flood(desk: Desk) -> None:
    """Put all the mails into the desk's IMAP account."""
    imap = desk.demo()["imap"]
    assert isinstance(imap, dict)
    with IMAPClient(imap["host"], imap["port"], ssl=False, timeout=60) as client:
        client.login(imap["user"], imap["password"])
        for number in range(MAILS):
            letter = Letter(f"Kim <kim{number % 50}@example.org>", to="support@nordlicht.example.org")
            client.append("INBOX", make_mail(f"Flood {number}", "It rains.\n", letter), (), datetime.now(UTC))


def tickets(desk: Desk) -> int:
    """Return how many tickets there are."""
    shown = desk.manage("shell", "-v0", "-c", "from inbox.tickets.models import Ticket; print(Ticket.objects.count())")
    return int(shown.stdout.split()[-1])


@contextmanager
def held_still(desk: Desk) -> Iterator[None]:
    """Let the worker do nothing inside."""
    workers = desk.pids("celery")
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def sample(desk: Desk, browser: Browser) -> tuple[float, float]:
    """Return the CPU ms of the web process, and the wall ms, that one list takes."""
    cpu, wall = desk.cpu_s("granian"), time.monotonic()
    for _ in range(LISTS):
        assert browser.get("/").status == 200
    return (desk.cpu_s("granian") - cpu) * 1000 / LISTS, (time.monotonic() - wall) * 1000 / LISTS


@pytest.mark.long
@pytest.mark.dovecot
def test_two_thousand_mails_at_once_leave_the_list_as_quick(capsys: pytest.CaptureFixture[str]) -> None:
    with running_demo(POSTERN_POLL_S="2") as desk:
        lead = desk.signed_in("Team lead")
        have = tickets(desk)
        flood(desk)
        quiet: list[tuple[float, float]] = []
        busy: list[tuple[float, float]] = []
        until = time.monotonic() + PATIENCE_S
        came = 0
        while came < MAILS and time.monotonic() < until:
            with held_still(desk):
                quiet.append(sample(desk, lead))
            busy.append(sample(desk, lead))
            came = tickets(desk) - have
        time.sleep(5)
        came = tickets(desk) - have
        assert lead.connection is not None
        lead.connection.close()

    still, meanwhile = (statistics.median(cpu for cpu, _ in each) for each in (quiet, busy))
    waits = [statistics.median(wall for _, wall in each) for each in (quiet, busy)]
    with capsys.disabled():
        print(f"\na list: {still:.1f} ms CPU, {meanwhile:.1f} meanwhile; {waits[0]:.0f} ms, {waits[1]:.0f} meanwhile")  # noqa: T201 - the figures are what was asked for
    assert came == MAILS
    assert len(busy) >= 3
    assert meanwhile <= still * SLACK
