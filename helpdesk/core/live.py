"""Live signals over Redis: ids and versions only, never a word of a customer. Losing one is no loss: pages resync."""

import json
import logging
from typing import Final

import redis
from django.db import transaction

from helpdesk.core.redis_client import redis_client

logger = logging.getLogger(__name__)

CHANNEL: Final = "postern:live"


def publish(signal: dict[str, str | int]) -> None:
    """Send `signal` to every open page once the transaction is committed. Gives up after 200 ms, never raises."""
    transaction.on_commit(lambda: _send(json.dumps(signal)), robust=True)


def _send(text: str) -> None:
    try:
        redis_client().publish(CHANNEL, text)
    except redis.RedisError:
        logger.warning("the live channel is away")
