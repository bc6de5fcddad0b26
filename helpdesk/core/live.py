"""Live signals over Redis: ids and versions only, never a word of a customer. Losing one is no loss: pages resync."""

import json
import logging
from functools import cache
from typing import Final

import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)

CHANNEL: Final = "postern:live"
_TIMEOUT_S: Final = 0.2


def publish(signal: dict[str, str | int]) -> None:
    """Send `signal` to every open page once the transaction is committed. Gives up after 200 ms, never raises."""
    transaction.on_commit(lambda: _send(json.dumps(signal)), robust=True)


def _send(text: str) -> None:
    try:
        _client(settings.REDIS_LIVE_URL).publish(CHANNEL, text)
    except redis.RedisError:
        logger.warning("the live channel is away")


@cache
def _client(address: str) -> redis.Redis:
    return redis.Redis.from_url(address, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S)
