"""A proxy between the product and a real IMAP server that breaks what passes through it, until it is told not to."""

import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import Final

from helpdesk.demo.dovecot import HOST
from tests.servers.loopback import Loopback, Tcp

_LITERAL: Final = re.compile(rb"BODY\[\](?:<\d+>)? \{(\d+)\}\r\n")
_ASKS_BODY: Final = re.compile(rb"^(\S+) UID FETCH \S+ \(.*BODY\.PEEK", re.IGNORECASE)
_ASKS_FACTS: Final = re.compile(rb"^(\S+) UID FETCH \S+ \(.*RFC822\.SIZE", re.IGNORECASE)


class Fault(StrEnum):
    """What the proxy does to the answer that brings mails."""

    CUT = "the line ends in the middle of a literal"
    STALL = "nothing more comes in the middle of a literal"
    DRIP = "one byte at a time"
    TOO_LONG = "the length told is too large"
    TOO_SHORT = "the length told is too small"
    BYE = "the server says BYE instead of an answer"
    NO = "the server says NO"


class FaultProxy(Loopback):
    """The proxy as a context manager. `fault` may be changed while it runs; None lets everything through.

    `on_facts` runs once, when sizes and flags are asked for: between the search for mails and their fetch.
    """

    def __init__(self, port: int) -> None:
        self.fault: Fault | None = None
        self.broken = 0
        """How often the fault struck."""
        self.on_facts: Callable[[], None] | None = None
        self._tcp = _Tcp((HOST, 0), _Conversation)
        self._tcp.proxy, self._tcp.behind = self, port
        super().__init__(self._tcp)


class _Tcp(Tcp):
    proxy: FaultProxy
    behind: int


class _Conversation(socketserver.BaseRequestHandler):
    """One connection: lines go in by the handler's own thread, answers come out by another."""

    server: _Tcp
    request: socket.socket

    def handle(self) -> None:
        proxy = self.server.proxy
        with socket.create_connection((HOST, self.server.behind), 5) as behind:
            behind.settimeout(None)
            answers = threading.Thread(target=self._bring_back, args=(behind,), daemon=True)
            answers.start()
            for line in self.request.makefile("rb"):
                if not self._is_broken(proxy, line):
                    behind.sendall(line)
            with suppress(OSError):
                behind.shutdown(socket.SHUT_RDWR)
            answers.join(5)

    def _is_broken(self, proxy: FaultProxy, line: bytes) -> bool:
        """Tell whether the proxy itself answers this line."""
        if _ASKS_FACTS.match(line) and proxy.on_facts is not None:
            act, proxy.on_facts = proxy.on_facts, None
            act()
        asked = _ASKS_BODY.match(line)
        if asked is None or proxy.fault not in (Fault.BYE, Fault.NO):
            return False
        proxy.broken += 1
        if proxy.fault is Fault.NO:
            self.request.sendall(asked[1] + b" NO [SERVERBUG] try again later\r\n")
            return True
        self.request.sendall(b"* BYE going down\r\n")
        self.request.shutdown(socket.SHUT_RDWR)
        return True

    def _bring_back(self, behind: socket.socket) -> None:
        with suppress(OSError):
            while data := behind.recv(65536):
                literal = _LITERAL.search(data)
                if literal is None or self.server.proxy.fault is None:
                    self.request.sendall(data)
                    continue
                self._break(data, literal)
            self.request.shutdown(socket.SHUT_RDWR)

    def _break(self, data: bytes, literal: re.Match[bytes]) -> None:
        proxy = self.server.proxy
        proxy.broken += 1
        length = int(literal[1])
        half = data[: literal.end() + min(length, len(data) - literal.end()) // 2]
        if proxy.fault in (Fault.TOO_LONG, Fault.TOO_SHORT):
            told = length + (9 if proxy.fault is Fault.TOO_LONG else -9)
            self.request.sendall(data[: literal.start(1)] + b"%d" % told + data[literal.end(1) :])
        elif proxy.fault is Fault.CUT:
            self.request.sendall(half)
            self.request.shutdown(socket.SHUT_RDWR)
        elif proxy.fault is Fault.STALL:
            self.request.sendall(half)
            while proxy.fault is Fault.STALL:
                time.sleep(0.05)
        elif proxy.fault is Fault.DRIP:
            for byte in data:
                self.request.sendall(bytes([byte]))
                time.sleep(0.05)
