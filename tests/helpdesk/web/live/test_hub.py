"""One listener a process hands each signal to every open stream, and tells when it lost some or hears no more."""

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Final, TypeVar
from uuid import UUID

import pytest
import redis.asyncio
from django.conf import settings
from pytest_django import Settings

from helpdesk.core.live import CHANNEL
from helpdesk.web.live.hub import _QUEUE, Away, Hub, Lost, Queue, Signal, hub_here

T = TypeVar("T")

INBOX: Final = UUID("01890000-0000-7000-8000-000000000001")
PATIENCE_S: Final = 10


def said(number: int = 1001, *, restricted: int = 0) -> str:
    """Return a signal as it travels."""
    return json.dumps({"number": number, "inbox": str(INBOX), "version": 2, "restricted": restricted})


async def soon(act: Awaitable[T]) -> T:
    """Wait for `act`, not for ever."""
    return await asyncio.wait_for(act, PATIENCE_S)


async def say(*words: str | bytes) -> None:
    """Say words on the channel once somebody listens there."""
    async with redis.asyncio.Redis.from_url(settings.REDIS_LIVE_URL) as client:
        for _ in range(200):
            if (await client.pubsub_numsub(CHANNEL))[0][1]:
                break
            await asyncio.sleep(0.02)
        for word in words:
            await client.publish(CHANNEL, word)


async def _everybody_hears() -> list[object]:
    hub = Hub()
    async with hub.joined() as first, hub.joined() as second:
        await soon(say(said(1), said(2, restricted=1)))
        return [await soon(queue.get()) for queue in (first, first, second, second)]


def test_everybody_hears_each_signal() -> None:
    one, two = Signal(1, INBOX, 2, restricted=False), Signal(2, INBOX, 2, restricted=True)

    assert asyncio.run(_everybody_hears()) == [one, two, one, two]


async def _listener_count(*, joined: bool) -> int:
    hub = Hub()
    async with hub.joined(), hub.joined():
        await soon(say())
        async with redis.asyncio.Redis.from_url(settings.REDIS_LIVE_URL) as client:
            count = (await client.pubsub_numsub(CHANNEL))[0][1]
    for _ in range(100):
        async with redis.asyncio.Redis.from_url(settings.REDIS_LIVE_URL) as client:
            left = (await client.pubsub_numsub(CHANNEL))[0][1]
        if left < count:
            break
        await asyncio.sleep(0.02)
    return int(count if joined else left)


def test_one_listener_serves_all_and_goes_with_the_last() -> None:
    assert asyncio.run(_listener_count(joined=True)) == 1
    assert asyncio.run(_listener_count(joined=False)) == 0


async def _after_a_break() -> object:
    hub = Hub()
    async with hub.joined():
        await soon(say())
    async with hub.joined() as queue:
        await soon(say(said()))
        return await soon(queue.get())


def test_whoever_comes_after_the_last_one_left_hears_again() -> None:
    assert asyncio.run(_after_a_break()) == Signal(1001, INBOX, 2, restricted=False)


def _rest(queue: Queue) -> list[object]:
    found: list[object] = []
    while not queue.empty():
        found.append(queue.get_nowait())
    return found


async def _too_slow() -> list[object]:
    hub = Hub()
    async with hub.joined() as queue:
        for number in range(_QUEUE):
            hub._tell(Signal(number, INBOX, 1, restricted=False))
        full = queue.full()
        hub._tell(Signal(7, INBOX, 1, restricted=False))
        return [full, *_rest(queue)]


def test_a_stream_that_is_too_slow_is_told_that_it_lost_some() -> None:
    assert asyncio.run(_too_slow()) == [True, Lost(), Signal(7, INBOX, 1, restricted=False)]


async def _heard(*words: str | bytes) -> list[object]:
    hub = Hub()
    async with hub.joined() as queue:
        await soon(say(*words, said()))
        return [await soon(queue.get()) for _ in range(len(words) + 1)]


@pytest.mark.parametrize(
    "words", ["", "x", "[]", "{}", "7", '{"number": "x"}', said().replace(str(INBOX), "x"), b"\xff\xfe", "null"]
)
def test_words_that_nobody_understands_count_as_lost(words: str | bytes, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        heard = asyncio.run(_heard(words))

    assert heard == [Lost(), Signal(1001, INBOX, 2, restricted=False)]
    assert [record.getMessage() for record in caplog.records] == ["a live signal cannot be read"]


async def _away() -> object:
    async with Hub().joined() as queue:
        return await soon(queue.get())


def test_redis_away_is_told(settings: Settings) -> None:
    settings.REDIS_LIVE_URL = "redis://127.0.0.1:1/0"

    assert asyncio.run(_away()) == Away()


async def _hubs() -> tuple[Hub, Hub]:
    return hub_here(), hub_here()


def test_a_loop_has_one_hub_of_its_own() -> None:
    first, same = asyncio.run(_hubs())
    other, _ = asyncio.run(_hubs())

    assert first is same
    assert other is not first
