"""A TCP sink that every name of the net leads to: it counts who is asked for, by TLS' server name or HTTP's Host."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_HEAD_BYTES = 4096
_SERVER_NAME = b"\x00\x00"


class Sink(socketserver.ThreadingTCPServer):
    """Takes a connection, reads its first bytes, notes the name asked for ("" when none is said), and hangs up."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.names: list[str] = []
        super().__init__(("127.0.0.1", 0), _Caller)

    @property
    def port(self) -> int:
        """Return the port on loopback."""
        port: int = self.server_address[1]
        return port


class _Caller(socketserver.BaseRequestHandler):
    server: Sink

    def handle(self) -> None:
        """Note the name and hang up."""
        self.request.settimeout(2)
        try:
            head = self.request.recv(_HEAD_BYTES)
        except (TimeoutError, ConnectionError):
            head = b""
        self.server.names.append(name_of(head))


def name_of(head: bytes) -> str:
    """Return the host that the first bytes of a connection ask for."""
    if head[:1] == b"\x16":
        return _server_name(head)
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"host:"):
            return line[5:].strip().decode("ascii", "replace").partition(":")[0]
    return ""


def _server_name(head: bytes) -> str:
    """Return the server name of a ClientHello (RFC 6066, 3): after its type, three lengths and the name's kind."""
    at = 43
    at += 1 + head[at]
    at += 2 + int.from_bytes(head[at : at + 2])
    at += 1 + head[at]
    at += 2
    while at + 4 <= len(head):
        kind, size = head[at : at + 2], int.from_bytes(head[at + 2 : at + 4])
        if kind == _SERVER_NAME:
            return head[at + 9 : at + 4 + size].decode("ascii", "replace")
        at += 4 + size
    return ""


@contextmanager
def running_sink() -> Iterator[Sink]:
    """Run a sink on loopback for as long as the block lasts."""
    with Sink() as sink:
        threading.Thread(target=sink.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield sink
        sink.shutdown()


def leads_here(sink: Sink) -> str:
    """Return the flag that makes Chromium resolve every name but this machine's own to the sink."""
    return f"--host-resolver-rules=MAP * 127.0.0.1:{sink.port}, EXCLUDE localhost"
