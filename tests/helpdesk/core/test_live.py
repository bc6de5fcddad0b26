"""A signal leaves after commit, carries what it was given and nothing else, and never fails its caller."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis
from django.conf import settings
from django.db import transaction
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from helpdesk.core.live import CHANNEL, publish

pytestmark = pytest.mark.django_db

SIGNAL: dict[str, str | int] = {"number": 1001, "version": 2}


@contextmanager
def listening() -> Iterator[list[object]]:
    """Collect what is said on the channel until the block ends."""
    heard: list[object] = []
    with redis.Redis.from_url(settings.REDIS_LIVE_URL) as client, client.pubsub() as channel:
        channel.subscribe(CHANNEL)
        channel.get_message(timeout=5)
        yield heard
        while (message := channel.get_message(timeout=0.3)) is not None:
            heard.append(json.loads(message["data"]))


def test_a_signal_leaves_after_commit(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    with listening() as heard, django_capture_on_commit_callbacks(execute=True):
        publish(SIGNAL)
        with transaction.atomic():
            publish({"number": 7})
            transaction.set_rollback(True)

    assert heard == [SIGNAL]


def test_redis_away_is_logged_and_holds_nobody_up(
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        settings.REDIS_LIVE_URL = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        begun = time.monotonic()

        with django_capture_on_commit_callbacks(execute=True):
            publish(SIGNAL)

        assert time.monotonic() - begun < 3.0
    assert [record.getMessage() for record in caplog.records] == ["the live channel is away"]
    assert "1001" not in caplog.text
