"""Which part of a file a request asks for: single ranges of bytes after RFC 9110, 14."""

import re
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest

_SINGLE: Final = re.compile(r"bytes=[ \t]*(\d{0,18})-(\d{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


class Unsatisfiable(Exception):
    """The range lies behind the end of the file: the answer is 416, and nothing is opened."""


@dataclass(frozen=True, slots=True)
class Span:
    """The bytes from `start` up to `stop` (excluded) of a file of `size` bytes."""

    start: int
    stop: int
    size: int

    @property
    def length(self) -> int:
        """How many bytes it has."""
        return self.stop - self.start

    @property
    def content_range(self) -> str:
        """What Content-Range says (RFC 9110, 14.4)."""
        return f"bytes {self.start}-{self.stop - 1}/{self.size}"


def span_of(request: HttpRequest, size: int, *, etag: str) -> Span | None:
    """Return the part of a file of `size` bytes that the request asks for, None for the whole.

    Several ranges at once, a broken header, another unit and an If-Range that names another file give the whole, as
    the RFC allows (14.2, 13.1.5). Raises Unsatisfiable.
    """
    found = _SINGLE.fullmatch(request.headers.get("Range", ""))
    if found is None or request.headers.get("If-Range", etag) != etag:
        return None
    first, last = found.groups()
    if not first:
        return _suffix(last, size=size)
    if last and int(first) > int(last):
        return None
    if int(first) >= size:
        raise Unsatisfiable
    return Span(int(first), min(int(last) + 1, size) if last else size, size)


def _suffix(length: str, *, size: int) -> Span | None:
    """Return the last `length` bytes; of an empty file that is the whole of it."""
    if not length:
        return None
    if not int(length):
        raise Unsatisfiable
    return Span(max(0, size - int(length)), size, size) if size else None
