"""A TCP server on loopback in a thread of its own: what the scripted servers of the tests stand on."""

import socketserver
import threading
from typing import Self


class Tcp(socketserver.ThreadingTCPServer):
    """A server that waits for no conversation when it ends."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False


class Loopback:
    """The server as a context manager: it takes connections from entry to exit."""

    def __init__(self, serving: Tcp) -> None:
        self._serving = serving
        self._thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._serving.shutdown()
        self._serving.server_close()
        self._thread.join(5)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._serving.server_address[1])
