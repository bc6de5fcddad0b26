"""The bell gives up soon, never raises, and stays still for a moment afterwards."""

import socket
import time
from collections.abc import Iterator

import pytest
import redis
from django.conf import settings
from pytest_django import DjangoCaptureOnCommitCallbacks

from helpdesk.celery import app
from helpdesk.core import bell
from helpdesk.core.bell import ring

pytestmark = pytest.mark.django_db


def _forget() -> None:
    bell._line.hang_up()
    bell._line.silent_until = 0.0


@pytest.fixture(autouse=True)
def _own_line() -> Iterator[None]:
    """Begin and end without a connection."""
    _forget()
    yield
    _forget()


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port where somebody listens and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def waiting() -> int:
    """Return how many bells hang in the queue of mail to send."""
    place, _, number = settings.CELERY_BROKER_URL.partition("?virtual_host=")
    with redis.Redis(unix_socket_path=place.removeprefix("redis+socket://"), db=int(number)) as client:
        return int(client.llen("send"))


def rings(count: int, callbacks: DjangoCaptureOnCommitCallbacks) -> float:
    """Ring that often and return how many seconds it took."""
    begun = time.monotonic()
    with callbacks(execute=True):
        for _ in range(count):
            ring("mail.sweep")
    return time.monotonic() - begun


def test_a_bell_rings_once_the_transaction_is_committed(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    before = waiting()

    with django_capture_on_commit_callbacks(execute=True):
        ring("mail.sweep")
        assert waiting() == before

    assert waiting() == before + 1


def test_a_queue_that_never_answers_holds_nobody_up(
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{silent_port}/0")

    assert 0.1 < rings(1, django_capture_on_commit_callbacks) < 2.0
    assert rings(50, django_capture_on_commit_callbacks) < 2.0


def test_a_queue_that_is_away_holds_nobody_up(
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    monkeypatch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")

    assert rings(20, django_capture_on_commit_callbacks) < 2.0


def test_after_a_silence_the_bell_rings_again(
    silent_port: int,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with monkeypatch.context() as away:
        away.setattr(app.conf, "broker_write_url", f"redis://127.0.0.1:{silent_port}/0")
        rings(1, django_capture_on_commit_callbacks)
    before = waiting()
    rings(1, django_capture_on_commit_callbacks)
    assert waiting() == before
    bell._line.silent_until = 0.0

    rings(1, django_capture_on_commit_callbacks)

    assert waiting() == before + 1
