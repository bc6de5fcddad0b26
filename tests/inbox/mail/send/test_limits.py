"""The limits of acknowledgements, and the breaker that stops them all until a person lets them go on."""

from datetime import timedelta

import pytest
from django.core import mail as outbox
from django.utils import timezone
from pytest_django import Settings

from audit.models import Entry
from inbox.mail.models import Acknowledged, Breaker
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.limits import PER_DOMAIN, PER_SENDER, counted, is_stopped
from inbox.mail.services.acknowledgements import resume
from inbox.mail.states import AckReason, OutState
from tests.inbox.mail.acks import acks, make_acknowledging, reason_of
from tests.make import Letter, make_agent, make_mail, receive
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db


def come_from(sender: str) -> str:
    """Let a new mail of `sender` come in and return whether it was acknowledged, or why not."""
    return reason_of(receive(make_mail(letter=Letter(sender=sender))))


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
    assert [(sent.to, sent.subject) for sent in outbox.outbox] == [([boss.email], "Acknowledgements are stopped")]
    assert Entry.objects.filter(action="acknowledgements.stopped").count() == 1


def test_an_open_breaker_holds_back_what_waits_and_a_person_closes_it(
    settings: Settings, smtp_host: SmtpHost
) -> None:
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


def test_below_the_number_nothing_stops(settings: Settings) -> None:
    settings.MAIL_ACKS_AN_HOUR = 2
    make_acknowledging()

    for number in range(2):
        come_from(f"kim@host{number}.example.org")
    an_hour_passes()
    come_from("kim@host3.example.org")

    assert (len(acks()), Breaker.objects.filter(stopped_at__isnull=False).count(), outbox.outbox) == (3, 0, [])
