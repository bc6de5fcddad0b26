"""Where a request came from: the client's address through our own proxies, and its agent string, bounded."""

import ipaddress
from typing import Final

_AGENT_LETTERS: Final = 200


def client_address(*, remote: str, forwarded: str, proxies: int) -> str:
    """Return the client's address as text, "" when there is none (a Unix socket).

    `forwarded` is X-Forwarded-For. Of its entries only the one that the outermost of our own `proxies` wrote counts;
    with fewer entries than proxies, or one that is no bare IP address, the header is not believed at all.
    """
    if proxies:
        entries = forwarded.split(",")
        written = _bare_address(entries[-proxies]) if len(entries) >= proxies else ""
        if written:
            return written
    return _bare_address(remote)


def _bare_address(text: str) -> str:
    try:
        address = ipaddress.ip_address(text.strip())
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            return ""
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped)
    return str(address)


def bounded_agent(text: str) -> str:
    """Return the printable part of an agent string, at most 200 letters."""
    return "".join(letter for letter in text[:_AGENT_LETTERS] if letter.isprintable())
