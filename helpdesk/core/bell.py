"""The doorbell: tell a worker that a row waits. It may stay unheard; the row's sweep finds it then."""

import logging

from django.db import transaction
from kombu.exceptions import OperationalError

from helpdesk.celery import app

logger = logging.getLogger(__name__)


def ring(task: str, *args: str | int | list[str]) -> None:
    """Send `task` with ids to its queue once the transaction is committed; gives up quickly and never raises."""
    transaction.on_commit(lambda: _send(task, args), robust=True)


def _send(task: str, args: tuple[str | int | list[str], ...]) -> None:
    try:
        app.send_task(task, args=args)
    except OperationalError:
        logger.warning("the queue is away, a sweep will find the work", extra={"task": task})
