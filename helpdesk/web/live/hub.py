"""One Redis subscription a process, shared by all open streams."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from helpdesk.core.live import CHANNEL

logger = logging.getLogger(__name__)

_QUEUE: Final = 64
_POLL_S: Final = 15.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A ticket that changed: ids and a version, never a word."""

    number: int
    inbox_id: UUID
    version: int
    restricted: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """Signals were lost: the page asks for everything again."""


@dataclass(frozen=True, slots=True)
class Away:
    """Redis does not answer: the stream ends and the page comes back later."""


Heard = Signal | Lost | Away
Queue = asyncio.Queue[Heard]


class Hub:
    """Listens while somebody does, and hands each signal to every queue."""

    def __init__(self) -> None:
        self._queues: set[Queue] = set()
        self._task: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def joined(self) -> AsyncIterator[Queue]:
        """Give a queue of what is heard from now on; a full one is emptied and gets Lost."""
        queue: Queue = asyncio.Queue(_QUEUE)
        self._queues.add(queue)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._listen())
        try:
            yield queue
        finally:
            self._queues.discard(queue)
            if not self._queues and self._task is not None:
                self._task.cancel()
                self._task = None

    async def _listen(self) -> None:
        client = redis.asyncio.Redis.from_url(settings.REDIS_LIVE_URL, socket_connect_timeout=1)
        try:
            async with client, client.pubsub() as channel:
                await self._read(channel)
        except RedisError:
            logger.warning("the live channel is away")
            self._tell(Away())

    async def _read(self, channel: redis.asyncio.client.PubSub) -> None:
        await channel.subscribe(CHANNEL)
        while True:
            message = await channel.get_message(ignore_subscribe_messages=True, timeout=_POLL_S)
            if message is not None:
                self._tell(_signal(message["data"]))

    def _tell(self, heard: Heard) -> None:
        for queue in self._queues:
            if queue.full():
                _empty(queue)
                queue.put_nowait(Lost())
            queue.put_nowait(heard)


def _empty(queue: Queue) -> None:
    while not queue.empty():
        queue.get_nowait()


def _signal(data: bytes) -> Signal | Lost:
    """Return what was said; words that nobody here understands count as lost, so that pages ask for everything."""
    try:
        said = json.loads(data)
        return Signal(int(said["number"]), UUID(said["inbox"]), int(said["version"]), bool(said["restricted"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        logger.warning("a live signal cannot be read")
        return Lost()


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub_here() -> Hub:
    """Return the hub of the running loop."""
    return _hubs.setdefault(asyncio.get_running_loop(), Hub())
