"""What an SMTP server says, each answer within one time and one size: a server that drips holds nobody for ever."""

import io
import socket
import time
from typing import Final

_ANSWER: Final = 2.5
"""An answer may take this many times the wait for its next byte."""
_MOST_BYTES: Final = 256 * 1024


class Hearing(io.RawIOBase):
    """The reading side of a socket. `expect` begins an answer; its end, or that of our patience, is a TimeoutError."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._until = 0.0
        self._left_bytes = 0

    def expect(self) -> None:
        """Begin to hear another answer."""
        self._until = time.monotonic() + (self._sock.gettimeout() or 0.0) * _ANSWER
        self._left_bytes = _MOST_BYTES

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # the two buffers that io hands in
        """Read what has come."""
        patience, left_s = self._sock.gettimeout() or 0.0, self._until - time.monotonic()
        if left_s <= 0 or self._left_bytes <= 0:
            raise TimeoutError("the answer does not end")
        self._sock.settimeout(min(patience, left_s))
        try:
            count = self._sock.recv_into(buffer)
        finally:
            self._sock.settimeout(patience)
        self._left_bytes -= count
        return count
