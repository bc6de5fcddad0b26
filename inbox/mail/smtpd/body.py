"""What a client sends between DATA and its final dot, line by line; CRLF alone ends a line (RFC 5321 2.3.8)."""

from enum import StrEnum
from typing import Final

LINE_END: Final = b"\r\n"
_PIECE_BYTES: Final = 64 * 1024


class Fault(StrEnum):
    """Why what came is no mail for us."""

    TOO_LARGE = "too_large"
    BARE_LINE_END = "bare_line_end"
    NO_ROOM = "no_room"


class Body:
    """Takes pieces until the final dot. After a fault it reads on and keeps nothing.

    A line end other than CRLF is a fault: where two servers disagree on what ends a line, one mail can hide another
    (SMTP smuggling), and one side would see the end of the mail in its middle.
    """

    def __init__(self, limit_bytes: int) -> None:
        self.fault: Fault | None = None
        self.size_bytes = 0
        self._limit = limit_bytes
        self._whole: list[bytes] = []
        self._last = bytearray()
        self._starts_line = True

    def take(self, piece: bytes) -> bool:
        """Take a line with its CRLF, or a part of a line that is longer; return True at the final dot."""
        ends_line = piece.endswith(LINE_END)
        if self._starts_line and piece == b".\r\n":
            return True
        words = piece[: -len(LINE_END)] if ends_line else piece
        if b"\r" in words or b"\n" in words:
            self.refuse(Fault.BARE_LINE_END)
        self._keep(piece[1:] if self._starts_line and piece.startswith(b".") else piece)
        self._starts_line = ends_line
        return False

    def refuse(self, fault: Fault) -> None:
        """Keep nothing any more, because of `fault`; the first one counts."""
        self.fault = self.fault or fault
        self._whole.clear()
        self._last.clear()

    def chunks(self) -> list[bytes]:
        """Return the mail as it came, its dots un-stuffed."""
        return [*self._whole, bytes(self._last)]

    def _keep(self, piece: bytes) -> None:
        self.size_bytes += len(piece)
        if self.size_bytes > self._limit:
            self.refuse(Fault.TOO_LARGE)
        if self.fault is not None:
            return
        self._last += piece
        if len(self._last) >= _PIECE_BYTES:
            self._whole.append(bytes(self._last))
            self._last.clear()
