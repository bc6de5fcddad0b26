"""Dovecot for tests: accounts, TLS, mails put in and taken out by another client, and a freeze."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from imapclient import IMAPClient

from helpdesk.demo.dovecot import HOST, Dovecot, TlsFiles
from inbox.mail.imap.session import ImapSession
from inbox.mail.imap.wire import Security, Server

USER = "desk@example.org"
PASSWORD = "open sesame"


class MailHost:
    """One running Dovecot. `extra` is more configuration, `BARE` makes it a server without any extension."""

    BARE = "imap_capability = IMAP4rev1\n"

    def __init__(self, users: Mapping[str, str] | None = None, *, tls: TlsFiles | None = None, extra: str = "") -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="postern-test-imap-"))
        self.users = dict(users or {USER: PASSWORD})
        self.dovecot = Dovecot(self._folder, self.users, tls=tls, extra=extra)
        self._frozen = False

    def start(self) -> None:
        """Start it, on the port of before when it ran already."""
        self.dovecot.start()

    def stop(self) -> None:
        """Stop it and keep its mails."""
        self.thaw()
        self.dovecot.stop()

    def remove(self) -> None:
        """Stop it and remove all that it wrote."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def port(self) -> int:
        """The port for plain and STARTTLS."""
        return self.dovecot.port

    def server(self, security: Security = Security.PLAINTEXT_LOOPBACK, *, ca: Path | None = None) -> Server:
        """Return how to reach it; over TLS by the name localhost."""
        port = self.dovecot.tls_port if security is Security.TLS else self.dovecot.port
        host = HOST if security is Security.PLAINTEXT_LOOPBACK else "localhost"
        return Server(host, port, security, str(ca) if ca else None)

    def session(self, user: str = USER) -> ImapSession:
        """Return a session of the product, not yet entered."""
        return ImapSession(self.server(), user=user, password=self.users[user])

    @contextmanager
    def client(self, user: str = USER, folder: str = "INBOX") -> Iterator[IMAPClient]:
        """Yield another person's mail program with the folder open for writing."""
        with IMAPClient(HOST, self.dovecot.port, ssl=False, timeout=20) as client:
            client.login(user, self.users[user])
            client.select_folder(folder)
            yield client

    def append(
        self,
        mime: bytes,
        *,
        user: str = USER,
        folder: str = "INBOX",
        flags: tuple[bytes, ...] = (),
        at: datetime | None = None,
    ) -> None:
        """Put a mail into a folder as if it had come at `at` (now)."""
        with self.client(user) as client:
            client.append(folder, mime, flags, at or datetime.now(UTC))

    def flags(self, *, user: str = USER, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """Return the flags of each mail by UID, without \\Recent."""
        with self.client(user, folder) as client:
            found = client.get_flags(client.search())
        return {uid: tuple(flag for flag in flags if flag != b"\\Recent") for uid, flags in found.items()}

    def expunge(self, uid: int, *, user: str = USER) -> None:
        """Take one mail out of the INBOX for good."""
        with self.client(user) as client:
            client.delete_messages([uid])
            client.expunge()

    def renumber(self, user: str = USER) -> None:
        """Make the server forget its numbers: the INBOX gets a new UIDVALIDITY, its mails new UIDs."""
        self.stop()
        for path in self._folder.joinpath("mail", user).glob("dovecot*"):
            path.unlink()
        time.sleep(1.1)  # Dovecot takes the second of the clock for its new UIDVALIDITY
        self.start()

    def freeze(self) -> None:
        """Stop every process of it: connections stay open and say nothing more."""
        self._frozen = True
        os.killpg(self.dovecot.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._frozen:
            os.killpg(self.dovecot.pid, signal.SIGCONT)
            self._frozen = False
