"""Mails in an mbox file: where each begins and ends, and its bytes with the quoting of `From ` lines taken back.

There is no standard (RFC 4155 describes one kind). A separator is a line that begins with `From ` and holds a date,
with a header field below it; what only begins with `From ` is text. Content-Length is left alone: a wrong or a forged
one would hide the mails behind it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

_PIECE_BYTES: Final = 64 * 1024
_SEPARATOR_BYTES: Final = 500
_MAGIC: Final = b"From "
_BEFORE: Final = b"\xef\xbb\xbf\r\n"
"""What some programs put before the first mail."""
_WEEKDAY: Final = re.compile(rb"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b|@")  # or an address, where a date names no day
_CLOCK: Final = re.compile(rb"\b\d{1,2}:\d\d\b")
_YEAR: Final = re.compile(rb"\b\d{4}\b")
_FIELD: Final = re.compile(rb"(?:[!-9;-~]{1,200}[ \t]*:|>From )")
_QUOTED: Final = re.compile(rb">+From ")
_MARKED: Final = re.compile(rb"(?:X-Mozilla-Status:[ \t]*[0-9a-f]{3}[89a-f]|X-Status:[ \t]*[A-Z]*D)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a mail lies in its file. `is_deleted`: its program marked it so and has not removed it yet."""

    start: int
    end: int
    is_deleted: bool = False


def is_mbox(path: Path) -> bool:
    """Return whether the file begins like an mbox. Raises OSError."""
    with path.open("rb") as file:
        return file.read(_SEPARATOR_BYTES).lstrip(_BEFORE).startswith(_MAGIC)


def spans(path: Path) -> Iterator[Span]:
    """Yield the mails of the file in their order, read in pieces. Raises OSError."""
    with path.open("rb") as file:
        yield from _spans(file)


def read(path: Path, span: Span) -> Iterator[bytes]:
    """Yield the bytes of a mail in pieces, one `>` taken from each quoted `From ` line (mboxrd). Raises OSError."""
    with path.open("rb") as file:
        file.seek(span.start)
        left, starts, held = span.end - span.start, True, bytearray()
        while left > 0 and (piece := file.readline(min(left, _PIECE_BYTES))):
            left -= len(piece)
            held += piece[1:] if starts and _QUOTED.match(piece) else piece
            starts = piece.endswith(b"\n")
            if len(held) >= _PIECE_BYTES:
                yield bytes(held)
                held.clear()
        yield bytes(held)


@dataclass(frozen=True, slots=True)
class _Line:
    """A piece of the file: a line, or a part of one that is very long. `below` begins what comes next."""

    offset: int
    text: bytes
    below: bytes
    starts: bool


class _Mail:
    """A mail that was begun at an offset, while its lines pass by."""

    def __init__(self, start: int) -> None:
        self._start = start
        self._in_head = True
        self._is_deleted = False
        self._blank = 0

    def pass_by(self, line: _Line) -> None:
        """Notice what a line says of the mail."""
        is_blank = line.starts and line.text in (b"\n", b"\r\n")
        if self._in_head and line.starts and _MARKED.match(line.text):
            self._is_deleted = True
        self._in_head = self._in_head and not is_blank
        self._blank = len(line.text) if is_blank else 0

    def span(self, end: int) -> Span:
        """Return the mail that ends at `end`; the blank line before the next one belongs to none."""
        return Span(self._start, max(self._start, end - self._blank), self._is_deleted)


def _spans(file: BinaryIO) -> Iterator[Span]:
    begun: _Mail | None = None
    for line in _lines(file):
        if not (_separates(line) or (begun is None and line.text.lstrip(_BEFORE).startswith(_MAGIC))):
            if begun is not None:
                begun.pass_by(line)
            continue
        if begun is not None:
            yield begun.span(line.offset)
        begun = _Mail(line.offset + len(line.text))
    if begun is not None:
        yield begun.span(file.tell())


def _lines(file: BinaryIO) -> Iterator[_Line]:
    offset, starts = 0, True
    text = file.readline(_PIECE_BYTES)
    while text:
        below = file.readline(_PIECE_BYTES)
        yield _Line(offset, text, below, starts)
        offset += len(text)
        starts = text.endswith(b"\n")
        text = below


def _separates(line: _Line) -> bool:
    text = line.text
    if not line.starts or not text.startswith(_MAGIC) or len(text) > _SEPARATOR_BYTES:
        return False
    return all(each.search(text) for each in (_WEEKDAY, _CLOCK, _YEAR)) and _FIELD.match(line.below) is not None
