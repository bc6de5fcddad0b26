"""Threads for what waits for the database, beside the one loop that talks to all clients."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from django.db import close_old_connections, connections

P = ParamSpec("P")
T = TypeVar("T")


class Hands:
    """A few threads, each with a kept connection."""

    def __init__(self, count: int = 4) -> None:
        self._all = [ThreadPoolExecutor(1, "listener") for _ in range(count)]
        self._free: asyncio.Queue[Executor] = asyncio.Queue()
        for hand in self._all:
            self._free.put_nowait(hand)

    async def do(self, act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Return what `act` returns, run in a free thread."""
        hand = await self._free.get()
        try:
            return await asyncio.get_running_loop().run_in_executor(hand, lambda: _done(act, *args, **kwargs))
        finally:
            self._free.put_nowait(hand)

    def close(self) -> None:
        """Wait for what is under way, and close the connections."""
        for hand in self._all:
            hand.submit(connections.close_all).result()
            hand.shutdown()


def _done(act: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    close_old_connections()
    return act(*args, **kwargs)
