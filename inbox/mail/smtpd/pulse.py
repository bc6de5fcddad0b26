"""Whether a listener is wanted, for whom, and its sign of life: for whoever cannot reach its port."""

import ipaddress
from typing import Final

from django.conf import settings
from django.core.cache import cache

BEAT_S: Final = 20
_KEY: Final = "mail.listener"


def is_wanted() -> bool:
    """Return whether this desk is set up to listen."""
    return settings.SMTPD != "off"


def beat() -> None:
    """Say that the listener takes mail. Raises RedisError."""
    cache.set(_KEY, 1, 3 * BEAT_S)


def stop() -> None:
    """Say that it takes no more. Raises RedisError."""
    cache.delete(_KEY)


def is_beating() -> bool:
    """Return whether it said so within the last minute. Raises RedisError."""
    return cache.get(_KEY) is not None


def is_local(bind: str) -> bool:
    """Return whether only this machine reaches the address."""
    try:
        return ipaddress.ip_address(bind).is_loopback
    except ValueError:
        return bind == "localhost"
