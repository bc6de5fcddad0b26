"""The desk's own listener for tests, and a client that says over its line what no library would."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from helpdesk.demo.dovecot import HOST
from inbox.mail.smtpd.listener import listening

_PATIENCE_S: Final = 20


class ListenerHost:
    """The listener as a context manager, as the settings describe it, in a loop of its own."""

    def __init__(self) -> None:
        self._started = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._fault: BaseException | None = None
        self.port = 0
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(_PATIENCE_S)
        if self._fault is not None:
            raise self._fault
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._loop is not None and self._stop is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(_PATIENCE_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001 - handed to the test's own thread
            self._fault = error
            self._started.set()

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        async with listening() as server:
            self.port = server.sockets[0].getsockname()[1]
            self._started.set()
            await self._stop.wait()


class Line:
    """A connection to a server that speaks in replies of three digits. Greeted on entry."""

    def __init__(self, port: int) -> None:
        self.socket: socket.socket = socket.create_connection((HOST, port), _PATIENCE_S)
        self._reader = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        self.greeting = self.hear()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Hang up without a word."""
        self._reader.close()
        self.socket.close()

    def hear(self) -> str:
        """Return the next reply, its lines joined; "" when the server hung up."""
        lines = []
        while line := self._reader.readline().decode():
            lines.append(line.rstrip("\r\n"))
            if line[3:4] != "-":
                break
        return "\n".join(lines)

    def say(self, words: str | bytes) -> str:
        """Send a line and return the reply."""
        self.send((words.encode() if isinstance(words, str) else words) + b"\r\n")
        return self.hear()

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.socket.sendall(data)

    def start_tls(self, context: ssl.SSLContext) -> str:
        """Go on inside TLS and return the server's word before."""
        said = self.say("STARTTLS")
        self._reader.close()
        self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self._reader = self.socket.makefile("rb")
        return said

    def hand_in(
        self, mime: bytes, recipients: Sequence[str], *, sender: str = "kim@example.org", hello: str = "EHLO"
    ) -> str:
        """Go through a whole mail, its dots stuffed, and return the last reply."""
        self.say(f"{hello} client.example.org")
        said = self.say(f"MAIL FROM:<{sender}>")
        for recipient in recipients:
            said = self.say(f"RCPT TO:<{recipient}>")
        if not said.startswith("250"):
            return said
        said = self.say("DATA")
        if not said.startswith("354"):
            return said
        self.send(b"".join(b"." + line if line.startswith(b".") else line for line in mime.splitlines(keepends=True)))
        return self.say(b".")
