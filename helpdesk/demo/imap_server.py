"""The demo's IMAP side: a real server on loopback with one account, and mails put into it over IMAP."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from imapclient import IMAPClient, SocketTimeout

from helpdesk.demo.dovecot import HOST, Dovecot, find_program
from helpdesk.demo.pymap_server import Pymap
from helpdesk.embedded.errors import ServiceError


class Flavour(StrEnum):
    """Which server stands behind."""

    DOVECOT = "dovecot"
    PYMAP = "pymap"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A mail's bytes, CRLF at the line ends, and when it came (aware)."""

    mime: bytes
    at: datetime


class DemoImap:
    """An IMAP server with one account and its INBOX: Dovecot where it is installed, else pymap.

    Dovecot keeps the mails in the folder over a restart, pymap starts empty each time.
    """

    def __init__(self, user: str, password: str, *, flavour: Flavour | None = None) -> None:
        self.user = user
        self.password = password
        self.flavour = flavour or installed_flavour()
        self.port = 0
        self._server: Dovecot | Pymap | None = None

    def start(self, folder: Path, port: int = 0) -> int:
        """Start the server below `folder` and return its loopback port. Raises ServiceError with what to install."""
        if self.flavour is Flavour.DOVECOT:
            self._server = Dovecot(folder, {self.user: self.password})
        else:
            self._server = Pymap(folder, self.user, self.password)
        self.port = self._server.start(port)
        return self.port

    def append(self, arrivals: Iterable[Arrival]) -> int:
        """Put mails into the INBOX in the order given and return how many."""
        count = 0
        patience = SocketTimeout(connect=10, read=30)
        with IMAPClient(HOST, self.port, ssl=False, timeout=patience) as client:  # type: ignore[arg-type] # its own class, typed float
            client.login(self.user, self.password)
            for arrival in arrivals:
                count += 1
                client.append("INBOX", arrival.mime, msg_time=arrival.at)
        return count

    def stop(self) -> None:
        """Stop the server."""
        if self._server is not None:
            self._server.stop()
            self._server = None


def installed_flavour() -> Flavour:
    """Return Dovecot when it is installed on this machine, else pymap."""
    try:
        find_program()
    except ServiceError:
        return Flavour.PYMAP
    return Flavour.DOVECOT
