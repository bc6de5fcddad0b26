"""Whatever a mail server or the line to it does: once that ends, every mail is there exactly once."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import pytest
from pytest_django import Settings

from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, MailboxCycle, RawMail
from inbox.mail.receive.lease import held
from inbox.mail.receive.poll import poll
from inbox.mail.states import RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost
from tests.servers.fault_proxy import Fault, FaultProxy

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]

MAILS: Final = 9
ENOUGH_S: Final = 60
"""Far above what any limit of the tests' settings allows."""


@pytest.fixture
def proxy(mail_host: MailHost, settings: Settings) -> Iterator[FaultProxy]:
    """A server with small mails and one above a mebibyte, behind a proxy; whoever waits for it waits a second."""
    settings.MAIL_IMAP_READ_S = 1
    with mail_host.client() as client:
        for number in range(MAILS):
            text = "It hurts.\n" * (120_000 if number == 4 else 40)
            client.append("INBOX", make_mail(f"Mail {number}", text))
    with FaultProxy(mail_host.port) as proxy:
        yield proxy


@pytest.fixture
def mailbox(proxy: FaultProxy) -> Mailbox:
    """A mailbox that reads everything through the proxy."""
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(imap_port=proxy.port)
    return mailbox


def try_once(mailbox: Mailbox) -> bool:
    """Run one cycle; tell whether it went well. Whatever happens, nobody holds the mailbox afterwards."""
    began = time.monotonic()
    try:
        poll(mailbox.pk)
        went_well = True
    except WireError:
        went_well = False
    assert time.monotonic() - began < ENOUGH_S
    mailbox.refresh_from_db()
    assert mailbox.lease_until is None
    return went_well


def mend(mailbox: Mailbox) -> None:
    """Fetch until nothing is left to come, the comparison of lists included, and read it all."""
    for _ in range(2):
        Mailbox.objects.update(next_reconcile_at=None)
        assert try_once(mailbox)
        waiting = RawMail.objects.filter(state=RawState.STORED).values_list("pk", flat=True)
        process_mail([str(pk) for pk in waiting])


def subjects() -> list[str]:
    """Return the subjects of all live tickets."""
    return sorted(ticket.subject for ticket in Ticket.objects.filter(deleted_at=None))


def each_once(*, without: frozenset[int] = frozenset()) -> list[str]:
    """Return what the desk must hold in the end."""
    return [f"Mail {number}" for number in range(MAILS) if number not in without]


@pytest.mark.usefixtures("opened")
@pytest.mark.parametrize("fault", list(Fault))
def test_after_the_fault_every_mail_is_there_once(fault: Fault, proxy: FaultProxy, mailbox: Mailbox) -> None:
    proxy.fault = fault
    outcomes = [try_once(mailbox) for _ in range(2)]
    assert outcomes == [False, False]
    assert proxy.broken >= 2
    assert (mailbox.failures, mailbox.fault_step) == (2, "fetch")
    proxy.fault = None

    mend(mailbox)

    assert subjects() == each_once()
    assert (mailbox.failures, mailbox.fault_step) == (0, "")


@pytest.mark.usefixtures("opened", "proxy")
def test_without_a_fault_the_proxy_lets_everything_through(mailbox: Mailbox) -> None:
    """The control: the same without a fault, at the first try."""
    assert try_once(mailbox)
    mend(mailbox)

    assert subjects() == each_once()


@pytest.mark.usefixtures("opened")
def test_a_mail_expunged_between_search_and_fetch_is_missed_by_nobody(
    proxy: FaultProxy, mailbox: Mailbox, mail_host: MailHost
) -> None:
    proxy.on_facts = lambda: mail_host.expunge(3)

    assert try_once(mailbox)
    mend(mailbox)

    assert subjects() == each_once(without=frozenset({2}))


@pytest.mark.usefixtures("opened")
def test_new_numbers_in_the_middle_of_a_fetch_double_nothing(
    proxy: FaultProxy, mailbox: Mailbox, mail_host: MailHost
) -> None:
    proxy.fault = Fault.CUT
    assert not try_once(mailbox)
    mail_host.renumber()
    proxy.fault = None

    mend(mailbox)
    mail_host.renumber()
    mend(mailbox)

    assert subjects() == each_once()
    states = Counter(RawMail.objects.values_list("state", flat=True))
    assert states == {RawState.DONE: MAILS, RawState.DUPLICATE: MAILS}


@pytest.mark.usefixtures("opened")
def test_a_server_that_keeps_its_mails_back_for_long_gets_tickets_that_go_when_it_gives_them(
    proxy: FaultProxy, mailbox: Mailbox
) -> None:
    proxy.fault = Fault.NO
    assert [try_once(mailbox) for _ in range(4)] == [False, False, False, True]
    process_mail([str(pk) for pk in RawMail.objects.values_list("pk", flat=True)])
    assert Ticket.objects.filter(unreadable=True).count() == MAILS
    proxy.fault = None

    mend(mailbox)

    assert subjects() == each_once()
    assert Ticket.objects.filter(unreadable=True, deleted_at=None).count() == 0


@pytest.mark.usefixtures("opened", "proxy")
def test_a_frozen_server_is_left_within_the_limit_and_its_mailbox_is_free(
    mailbox: Mailbox, mail_host: MailHost
) -> None:
    mail_host.freeze()

    assert not try_once(mailbox)

    with held(mailbox.pk) as lease:
        assert lease.number == 2
    mail_host.thaw()
    mend(mailbox)
    assert subjects() == each_once()


@pytest.mark.usefixtures("opened")
def test_each_cycle_is_on_record_with_its_counts_and_its_fault(proxy: FaultProxy, mailbox: Mailbox) -> None:
    proxy.fault = Fault.BYE
    try_once(mailbox)
    proxy.fault = None
    try_once(mailbox)
    try_once(mailbox)

    rows = list(MailboxCycle.objects.order_by("started_at"))
    assert [(row.stored, row.duplicate, row.skipped, row.fault_step) for row in rows] == [
        (0, 0, 0, "fetch"), (MAILS, 0, 0, ""), (0, 0, 0, ""),
    ]  # fmt: skip
    assert ["going down" in str(row.fault_words) for row in rows] == [True, False, False]
    assert all(row.ended_at is not None and row.ended_at >= row.started_at for row in rows)
