"""Many mailboxes, few lanes: one that hangs delays no other, and those that fail wait among their like."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from inbox.mail.models import Mailbox
from inbox.mail.receive.lanes import Lanes
from inbox.mail.receive.poll import is_failing, mailboxes_due
from inbox.mail.tasks import look_into
from tests.make import make_inbox, make_mailbox
from tests.servers.dovecot import MailHost

MANY = 40
SOON_S = 120


@pytest.fixture
def lanes() -> Iterator[Lanes]:
    """Two lanes, and one for those that fail."""
    lanes = Lanes(healthy=2, failing=1)
    yield lanes
    lanes.close()


@pytest.fixture
def silent(lanes: Lanes) -> Iterator[int]:
    """The port of a server that takes connections and never says a word; its end ends whoever waits in the lanes."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def look(mailbox_id: UUID) -> None:
    """Look into a mailbox as the task does, and leave no connection to this test's database."""
    try:
        look_into(mailbox_id)
    finally:
        connections.close_all()


@pytest.mark.dovecot
@pytest.mark.django_db(transaction=True)
def test_one_mailbox_that_hangs_delays_none_of_the_others(
    lanes: Lanes, silent: int, mail_host: MailHost, settings: Settings
) -> None:
    settings.MAIL_IMAP_READ_S = 2 * SOON_S
    inbox = make_inbox()
    hanging = make_mailbox(inbox)
    Mailbox.objects.update(imap_port=silent, next_poll_at=timezone.now() - timedelta(days=1))
    others = [make_mailbox(inbox, mail_host).pk for _ in range(MANY)]
    until = time.monotonic() + SOON_S

    assert lanes.enter(hanging.pk, look, is_failing=is_failing(hanging.pk))
    for key in mailboxes_due():
        lanes.enter(key, look, is_failing=is_failing(key))
    good = Mailbox.objects.filter(pk__in=others, last_good_at__isnull=False)
    while good.count() < MANY and time.monotonic() < until:
        time.sleep(0.1)

    hanging.refresh_from_db()
    assert hanging.lease_until is not None  # it hangs all the while
    assert good.count() == MANY


def test_a_mailbox_waits_or_runs_once_and_may_come_again_afterwards(lanes: Lanes) -> None:
    go, ran = threading.Event(), []
    key = uuid4()

    def wait(mailbox_id: UUID) -> None:
        go.wait(SOON_S)
        ran.append(mailbox_id)

    assert [lanes.enter(key, wait, is_failing=False) for _ in range(3)] == [True, False, False]
    go.set()
    until = time.monotonic() + SOON_S
    while not lanes.enter(key, wait, is_failing=False) and time.monotonic() < until:
        time.sleep(0.01)
    while len(ran) < 2 and time.monotonic() < until:
        time.sleep(0.01)
    assert ran == [key, key]


def test_those_that_fail_hold_none_of_the_other_lanes_and_all_come_in_their_order(lanes: Lanes) -> None:
    go, done = threading.Event(), []
    failing, well = [uuid4() for _ in range(5)], [uuid4() for _ in range(5)]

    def hang(mailbox_id: UUID) -> None:
        go.wait(SOON_S)
        done.append(mailbox_id)

    for key in failing:
        lanes.enter(key, hang, is_failing=True)
    for key in well:
        lanes.enter(key, done.append, is_failing=False)
    until = time.monotonic() + SOON_S
    while len(done) < len(well) and time.monotonic() < until:
        time.sleep(0.01)
    assert set(done) == set(well)
    go.set()
    while len(done) < 10 and time.monotonic() < until:
        time.sleep(0.01)
    assert done[5:] == failing


def test_a_look_that_breaks_frees_its_lane(lanes: Lanes) -> None:
    key, done = uuid4(), threading.Event()

    def breaks(_mailbox_id: UUID) -> None:
        raise ZeroDivisionError

    for _ in range(3):
        until = time.monotonic() + SOON_S
        while not lanes.enter(key, breaks, is_failing=False) and time.monotonic() < until:
            time.sleep(0.01)
    lanes.enter(uuid4(), lambda _: done.set(), is_failing=False)
    assert done.wait(SOON_S)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("step", "port", "expected"),
    [("tcp", 1, True), ("tls", 1, True), ("sign_in", 1, False), ("tcp", 2, False), ("", 1, False)],
)
def test_a_server_that_cannot_be_reached_counts_for_all_its_mailboxes(
    step: str,
    port: int,
    expected: bool,  # noqa: FBT001 - a column of the table
) -> None:
    inbox = make_inbox()
    ours, theirs = make_mailbox(inbox), make_mailbox(inbox)
    Mailbox.objects.filter(pk=theirs.pk).update(failures=int(bool(step)), fault_step=step, imap_port=port)

    assert is_failing(ours.pk) is expected
    assert is_failing(theirs.pk) is bool(step)
