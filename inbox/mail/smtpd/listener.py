"""The listener itself: a port, its TLS, a sign of life, and an end that loses nothing."""

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from redis.exceptions import RedisError

from helpdesk.core.errors import Invalid
from inbox.mail.smtpd import pulse
from inbox.mail.smtpd.guest import House
from inbox.mail.smtpd.hands import Hands
from inbox.mail.smtpd.room import Room
from inbox.mail.smtpd.session import Client, LmtpClient

logger = logging.getLogger(__name__)

_GOODBYE_S: Final = 5.0


class CannotListen(Invalid):
    """The settings of the listener do not go together."""

    code = "cannot_listen"


def listen(*, ready: Callable[[], None] = lambda: None) -> None:
    """Take mail until SIGTERM or SIGINT; `ready` is called once it does. Raises CannotListen or OSError."""
    asyncio.run(_run(ready))


@asynccontextmanager
async def listening() -> AsyncIterator[asyncio.Server]:
    """Give the server while it takes mail. Raises CannotListen, and OSError where it cannot have the port."""
    tls, hands = _tls(), Hands()
    house = House(_room(), hands, urlsplit(settings.POSTERN_URL).hostname or "localhost", settings.MAIL_MAX_BYTES, tls)
    try:
        async with _serving(house) as server:
            yield server
    finally:
        await asyncio.to_thread(hands.close)


@asynccontextmanager
async def _serving(house: House) -> AsyncIterator[asyncio.Server]:
    kind = LmtpClient if settings.SMTPD == "lmtp" else Client
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: kind(house), settings.SMTPD_BIND, settings.SMTPD_PORT)
    beating = loop.create_task(_beat(house.hands))
    try:
        yield server
    finally:
        beating.cancel()
        server.close()
        # Whoever hears no answer hands in again.
        with suppress(TimeoutError):
            await asyncio.wait_for(house.room.is_quiet.wait(), _GOODBYE_S)


async def _run(ready: Callable[[], None]) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with listening():
        ready()
        await stopped.wait()
    with suppress(RedisError):
        pulse.stop()


async def _beat(hands: Hands) -> None:
    while True:
        with suppress(RedisError):
            await hands.do(pulse.beat)
        await asyncio.sleep(pulse.BEAT_S)


def _room() -> Room:
    total = settings.SMTPD_CONNECTIONS
    each = total if settings.SMTPD == "lmtp" else max(1, total // 5)
    return Room(settings.SMTPD_CLIENTS, total, each, 2 * settings.MAIL_MAX_BYTES)


def _tls() -> dict[str, object]:
    """Return what aiosmtpd takes of TLS. With a certificate nobody hands mail in without it."""
    if not settings.SMTPD_CERT_FILE:
        if not pulse.is_local(settings.SMTPD_BIND):
            raise CannotListen("POSTERN_SMTPD_CERT_FILE is needed where others than this machine can connect")
        return {}
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(settings.SMTPD_CERT_FILE, settings.SMTPD_KEY_FILE or None)
    except OSError as error:
        raise CannotListen(f"POSTERN_SMTPD_CERT_FILE cannot be used: {error.strerror or error}") from error
    return {"tls_context": context, "require_starttls": True}
