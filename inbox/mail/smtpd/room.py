"""How many clients may be there at once, from where, and how much of their mail is held in memory."""

import asyncio
import ipaddress
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(slots=True)
class Room:
    """Counts who is there. `networks` are those that may come; a client of theirs gets at most `each` connections."""

    networks: Sequence[Network]
    connections: int
    each: int
    held_limit_bytes: int
    held_bytes: int = 0
    is_quiet: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while nothing is held."""
    _there: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.is_quiet.set()

    def refusal(self, address: str) -> str:
        """Return the answer to a client that may not come in now, "" to one that may."""
        if not self._is_known(address):
            return "554 5.7.1 Nothing is taken from you here"
        if self._there.total() >= self.connections or self._there[address] >= self.each:
            return "421 4.7.0 Too many connections, try again later"
        return ""

    def enter(self, address: str) -> None:
        """Count a client in."""
        self._there[address] += 1

    def leave(self, address: str) -> None:
        """Count it out."""
        self._there[address] -= 1
        if self._there[address] <= 0:
            del self._there[address]

    def hold(self, size_bytes: int) -> bool:
        """Count so many bytes in, and tell whether there was room for them."""
        self.held_bytes += size_bytes
        if self.held_bytes:
            self.is_quiet.clear()
        return self.held_bytes <= self.held_limit_bytes

    def let_go(self, size_bytes: int) -> None:
        """Count them out."""
        self.held_bytes -= size_bytes
        if not self.held_bytes:
            self.is_quiet.set()

    def _is_known(self, address: str) -> bool:
        try:
            client = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return False
        mapped = client.ipv4_mapped if isinstance(client, ipaddress.IPv6Address) else None
        return any((mapped or client) in network for network in self.networks)
