"""Lanes in which mailboxes are fetched side by side: fetching is mostly waiting, and a worker has few threads."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Final
from uuid import UUID

from django.db import close_old_connections

_HEALTHY: Final = 6
_FAILING: Final = 2


class Lanes:
    """Two rows of lanes, first come first served: mailboxes that failed last time have a row of their own.

    So whatever hangs, hangs among its like, and no sick server takes the lanes of the others for longer than its first
    fault lasts. A mailbox waits or runs once at most.
    """

    def __init__(self, *, healthy: int = _HEALTHY, failing: int = _FAILING) -> None:
        self._rows = {
            False: ThreadPoolExecutor(healthy, thread_name_prefix="fetch"),
            True: ThreadPoolExecutor(failing, thread_name_prefix="fetch-failing"),
        }
        self._inside: set[UUID] = set()
        self._lock = threading.Lock()

    def enter(self, mailbox_id: UUID, look: Callable[[UUID], None], *, is_failing: bool) -> bool:
        """Let `look` run for the mailbox once a lane is free; False when it waits or runs already."""
        with self._lock:
            if mailbox_id in self._inside:
                return False
            self._inside.add(mailbox_id)
        done = self._rows[is_failing].submit(_on_fresh_connections, look, mailbox_id)
        done.add_done_callback(partial(self._leave, mailbox_id))
        return True

    def close(self) -> None:
        """Wait for those that run; those that wait are forgotten, since their rows say that they are due."""
        for row in self._rows.values():
            row.shutdown(cancel_futures=True)

    def _leave(self, mailbox_id: UUID, _done: Future[None]) -> None:
        with self._lock:
            self._inside.discard(mailbox_id)


def _on_fresh_connections(look: Callable[[UUID], None], mailbox_id: UUID) -> None:
    """Run as a task does: a connection that was cut meanwhile is opened anew."""
    close_old_connections()
    look(mailbox_id)


LANES: Final = Lanes()
"""Those of this process."""
