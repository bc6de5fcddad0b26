"""The one client of Redis that pages and services speak through: marks of lists and live signals."""

from functools import cache
from typing import Final

import redis
from django.conf import settings

_TIMEOUT_S: Final = 0.2
"""Redis is waited for no longer: whatever asks it does without it then, and loses nothing."""


def redis_client() -> redis.Redis:
    """Return this process's client; what it raises when Redis is away is a redis.RedisError."""
    return _client(settings.REDIS_LIVE_URL)


@cache
def _client(address: str) -> redis.Redis:
    return redis.Redis.from_url(address, socket_connect_timeout=_TIMEOUT_S, socket_timeout=_TIMEOUT_S)
