"""A guest at the listener's door: who may come in, how long they may stay, and what everybody is told alike."""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Final

from aiosmtpd.smtp import SMTP

from inbox.mail.smtpd.hands import Hands
from inbox.mail.smtpd.room import Room

IDLE_S: Final = 60.0
SESSION_S: Final = 1800.0
"""The longest that a guest may stay, whatever they do."""
_COMMANDS: Final = 1000
_PATH: Final = re.compile(r"\s*<(?:@[^:<>]{1,200}:)?([^<>\s\x00-\x1f\x7f]*)>\s*(.*)", re.DOTALL)
_ADDRESS_BYTES: Final = 320


@dataclass(frozen=True, slots=True)
class House:
    """What all guests share. `options` is the TLS that aiosmtpd takes."""

    room: Room
    hands: Hands
    here: str
    limit_bytes: int
    options: dict[str, object] = field(default_factory=dict)


class Guest(SMTP):
    """A connection of aiosmtpd under our limits."""

    speaks = "ESMTP"

    def __init__(self, house: House, hooks: object) -> None:
        self._house = house
        self._address = ""
        self._is_out = False
        self._end: asyncio.TimerHandle | None = None
        super().__init__(
            hooks,
            data_size_limit=house.limit_bytes,
            enable_SMTPUTF8=True,
            hostname=house.here,
            ident=self.speaks,
            timeout=IDLE_S,
            command_call_limit=_COMMANDS,
            loop=asyncio.get_running_loop(),
            **house.options,  # type: ignore[arg-type] # the TLS of `listener`
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Let a guest in, or tell them at once that they may not come; the second time TLS has begun."""
        if self._end is None:
            peer = transport.get_extra_info("peername")
            self._address = str(peer[0]) if isinstance(peer, tuple) else ""
            refusal = self._house.room.refusal(self._address)
            if refusal:
                self._is_out = True
                _say_and_close(transport, refusal)
                return
            self._house.room.enter(self._address)
            self._end = self.loop.call_later(SESSION_S, self._timeout_cb)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Count the guest out."""
        if self._is_out:
            return
        self._is_out = True
        if self._end is not None:
            self._end.cancel()
        self._house.room.leave(self._address)
        super().connection_lost(error)

    def data_received(self, data: bytes) -> None:
        """Hear nothing of a guest who is out."""
        if not self._is_out:
            super().data_received(data)

    def eof_received(self) -> bool | None:
        """Hang up on a guest who has hung up."""
        return False if self._is_out else super().eof_received()

    def _timeout_cb(self) -> None:
        # Not close(): a guest who takes no answer would be waited for.
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """Return address and parameters of a path, the null one as "<>"; a route in front is dropped (RFC 5321 C)."""
        found = _PATH.fullmatch(arg or "")
        if found is None or not _is_storable(found.group(1)):
            return None, None
        return found.group(1) or "<>", found.group(2)

    async def smtp_HELP(self, _arg: str | None) -> None:  # noqa: N802 - the library's name
        """Say the same to everybody."""
        await self.push("214 2.0.0 See RFC 5321")

    async def smtp_VRFY(self, _arg: str | None) -> None:  # noqa: N802 - the library's name
        """Say the same of every address."""
        await self.push("252 2.1.5 Send some mail and see")

    async def smtp_AUTH(self, _arg: str | None) -> None:  # noqa: N802 - the library's name
        """Nobody signs in here."""
        await self.push("502 5.5.1 Nobody signs in here")


def _is_storable(address: str) -> bool:
    """Tell whether an address is text: one in no charset at all was decoded with surrogates."""
    try:
        return len(address.encode()) <= _ADDRESS_BYTES
    except UnicodeEncodeError:
        return False


def _say_and_close(transport: asyncio.BaseTransport, words: str) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.write(f"{words}\r\n".encode())
    transport.close()
