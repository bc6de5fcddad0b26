"""The limits of acknowledgements, and the breaker that stops them all until a person lets them go on."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from django.db import connections
from django.utils import timezone
from pytest_django import Settings

from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import Acknowledged, Breaker, OutboundMail
from inbox.mail.models.ack import ACKNOWLEDGEMENTS
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send import limits
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.limits import PER_DOMAIN, PER_SENDER, counted, is_stopped
from inbox.mail.services.acknowledgements import resume
from inbox.mail.states import AckReason, OutKind, OutState, RawState
from tests.inbox.mail.acks import acks, make_acknowledging, reason_of
from tests.make import Letter, make_agent, make_inbox, make_mail, receive
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db


def come_from(sender: str) -> str:
    """Let a new mail of `sender` come in and return whether it was acknowledged, or why not."""
    return reason_of(receive(make_mail(letter=Letter(sender=sender))))


def alarms() -> list[tuple[str, str]]:
    """Return whom the desk told what by its own mail."""
    with purpose(Purpose.SYSTEM):
        return [(row.envelope["to"][0][1], row.subject) for row in OutboundMail.objects.filter(kind=OutKind.SYSTEM)]


def an_hour_passes() -> None:
    """Move what was written out of the window."""
    Acknowledged.objects.update(at=timezone.now() - timedelta(minutes=61))


def test_a_sender_gets_three_an_hour_whatever_stands_behind_the_plus() -> None:
    make_acknowledging()

    told = [come_from(f"Kim+{number}@Example.org") for number in range(PER_SENDER + 2)]

    assert told == [AckReason.WRITTEN] * PER_SENDER + [AckReason.PER_SENDER] * 2
    assert come_from("pat@example.org") == AckReason.WRITTEN
    an_hour_passes()
    assert come_from("kim@example.org") == AckReason.WRITTEN


def test_a_domain_gets_thirty_an_hour() -> None:
    make_acknowledging()

    told = [come_from(f"person{number}@example.org") for number in range(PER_DOMAIN + 1)]

    assert told == [AckReason.WRITTEN] * PER_DOMAIN + [AckReason.PER_DOMAIN]
    assert come_from("kim@example.com") == AckReason.WRITTEN
    an_hour_passes()
    assert come_from("person1@example.org") == AckReason.WRITTEN


def test_an_address_counts_without_being_readable() -> None:
    one, other = counted("Kim+a@Example.org"), counted("kim@example.org")

    assert one == other
    assert one.sender != counted("pat@example.org").sender
    assert one.domain == counted("pat@example.org").domain
    assert b"kim" not in one.sender + one.domain


def test_the_breaker_stops_all_of_them_and_tells_the_administrators(settings: Settings) -> None:
    settings.MAIL_ACKS_AN_HOUR = 2
    make_acknowledging()
    boss = make_agent("Security admin", email="boss@staff.example.com")
    make_agent("Agent", email="agent@staff.example.com")

    told = [come_from(f"kim@host{number}.example.org") for number in range(5)]

    assert told == [AckReason.WRITTEN] * 2 + [AckReason.STOPPED] * 3
    assert is_stopped()
    assert alarms() == [(boss.email, "Acknowledgements are stopped")]
    assert Entry.objects.filter(action="acknowledgements.stopped").count() == 1


def test_an_open_breaker_holds_back_what_waits_and_a_person_closes_it(settings: Settings, smtp_host: SmtpHost) -> None:
    settings.MAIL_ACKS_AN_HOUR = 1
    make_acknowledging(smtp_host=smtp_host)
    come_from("kim@example.org")
    come_from("pat@example.com")

    (row,) = acks()
    assert deliver_mail(row.pk) == OutState.CANCELLED
    assert smtp_host.received == []

    assert resume() is True
    assert resume() is False
    assert not is_stopped()
    assert Entry.objects.filter(action="acknowledgements.resumed").count() == 1
    assert [come_from("kim@example.net"), come_from("pat@example.net")] == [AckReason.WRITTEN, AckReason.STOPPED]
    assert deliver_mail(acks()[1].pk) == OutState.CANCELLED


def eight_at_once() -> int:
    """Let four threads read eight mails of one sender, and return how many were acknowledged."""
    make_acknowledging()
    mime = [make_mail(f"Mail {number}") for number in range(8)]
    arrivals = [Arrival(f"t:{place}", len(each), timezone.now(), [each]) for place, each in enumerate(mime)]
    rows = [row.pk for row in store_raw(Source(make_inbox()), arrivals)]
    with ThreadPoolExecutor(4) as pool:
        states = list(pool.map(_read_alone, rows))
    assert states == [RawState.DONE] * 8
    assert len(acks()) == Acknowledged.objects.count()
    return len(acks())


@pytest.mark.django_db(transaction=True)
def test_mails_at_once_never_pass_the_limit_together() -> None:
    assert eight_at_once() == PER_SENDER


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_they_would(monkeypatch: pytest.MonkeyPatch) -> None:
    def look_without_locking() -> Breaker:
        return Breaker.objects.get_or_create(name=ACKNOWLEDGEMENTS)[0]

    def count_slowly(*_seen: object) -> int:
        time.sleep(0.3)  # all four have counted before the first one writes
        return 0

    monkeypatch.setattr(limits, "lock_breaker", look_without_locking)
    monkeypatch.setattr(limits, "_written_since", count_slowly)

    assert eight_at_once() > PER_SENDER


def _read_alone(raw_id: UUID) -> RawState:
    try:
        return process_raw(raw_id)
    finally:
        connections.close_all()


def test_below_the_number_nothing_stops(settings: Settings) -> None:
    settings.MAIL_ACKS_AN_HOUR = 2
    make_acknowledging()

    for number in range(2):
        come_from(f"kim@host{number}.example.org")
    an_hour_passes()
    come_from("kim@host3.example.org")

    assert (len(acks()), Breaker.objects.filter(stopped_at__isnull=False).count(), alarms()) == (3, 0, [])
