"""The doorbell: tell a worker that a row waits. It may stay unheard; the row's sweep finds it then."""

import logging
import threading
import time
from typing import Final

from django.db import transaction
from kombu import Connection
from kombu.exceptions import OperationalError

from helpdesk.celery import app

logger = logging.getLogger(__name__)

_TIMEOUT_S: Final = 0.2
_SILENCE_S: Final = 2.0
"""After a bell that nobody could hear, the next ones stay still for that long: many rows wait together no longer."""


class _Line(threading.local):
    """The connection of one thread to the queue, which gives up sooner than a worker's."""

    def __init__(self) -> None:
        self.silent_until = 0.0
        self._connection: Connection | None = None

    def opened(self) -> Connection:
        """Return the connection; it opens by itself at its first use."""
        if self._connection is None:
            options = {
                **app.conf.broker_transport_options,
                "socket_timeout": _TIMEOUT_S,
                "socket_connect_timeout": _TIMEOUT_S,
                "max_retries": 0,
            }
            self._connection = app.connection_for_write().clone(transport_options=options)
        return self._connection

    def hang_up(self) -> None:
        """Close the connection and stay silent for a moment."""
        line, self._connection = self._connection, None
        self.silent_until = time.monotonic() + _SILENCE_S
        if line is not None:
            line.release()


_line = _Line()


def ring(task: str, *args: str | int | list[str]) -> None:
    """Send `task` with ids to its queue once the transaction is committed; gives up quickly and never raises."""
    transaction.on_commit(lambda: _send(task, args), robust=True)


def _send(task: str, args: tuple[str | int | list[str], ...]) -> None:
    if time.monotonic() < _line.silent_until:
        return
    try:
        app.send_task(task, args=args, connection=_line.opened(), retry=False)
    except OperationalError:
        _line.hang_up()
        logger.warning("the queue is away, a sweep will find the work", extra={"task": task})
