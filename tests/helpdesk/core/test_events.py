"""An event is told after commit, to each of its hearers, whatever becomes of the others."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from helpdesk.core import events
from helpdesk.core.events import emit, subscribe

pytestmark = pytest.mark.django_db


@dataclass(frozen=True, slots=True)
class Rang:
    """Something happened."""

    number: int


@dataclass(frozen=True, slots=True)
class Knocked:
    """Something else happened."""

    number: int


class Hearer:
    """Keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[object] = []

    def hear(self, event: object) -> None:
        """Keep it."""
        self.heard.append(event)


@pytest.fixture(autouse=True)
def _no_hearers_left() -> Iterator[None]:
    yield
    events._handlers.pop(Rang, None)
    events._handlers.pop(Knocked, None)


def test_an_event_is_told_after_commit(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    hearer = Hearer()
    subscribe(Rang, hearer.hear)

    with django_capture_on_commit_callbacks(execute=True):
        emit(Rang(1))
        assert hearer.heard == []

    assert hearer.heard == [Rang(1)]


def test_an_event_of_a_rolled_back_act_is_not_told(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    hearer = Hearer()
    subscribe(Rang, hearer.hear)

    with django_capture_on_commit_callbacks(execute=True):
        with transaction.atomic():
            emit(Rang(1))
            transaction.set_rollback(True)
        emit(Rang(2))

    assert hearer.heard == [Rang(2)]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_told_at_once() -> None:
    hearer = Hearer()
    subscribe(Rang, hearer.hear)

    emit(Rang(1))

    assert hearer.heard == [Rang(1)]


def test_a_hearer_hears_its_own_kind_once(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    first, second = Hearer(), Hearer()
    hear = first.hear
    subscribe(Rang, hear)
    subscribe(Rang, hear)
    subscribe(Knocked, second.hear)

    with django_capture_on_commit_callbacks(execute=True):
        emit(Rang(1))
        emit(Knocked(2))

    assert (first.heard, second.heard) == ([Rang(1)], [Knocked(2)])


def test_a_hearer_that_fails_is_logged_and_stops_nobody(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, caplog: pytest.LogCaptureFixture
) -> None:
    hearer = Hearer()

    def fail(_event: Rang) -> None:
        raise ZeroDivisionError

    subscribe(Rang, fail)
    subscribe(Rang, hearer.hear)

    with caplog.at_level(logging.ERROR), django_capture_on_commit_callbacks(execute=True):
        emit(Rang(1))

    assert hearer.heard == [Rang(1)]
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]


def test_an_event_that_nobody_hears_is_no_fault() -> None:
    emit(Knocked(1))
