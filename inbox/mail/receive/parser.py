"""The near side of the parsing child: hands mails over, waits no longer than told, replaces a child that fails."""

import atexit
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from enum import StrEnum
from io import BytesIO
from pathlib import Path
from typing import IO, Self

from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.mime.wire import file_sizes, from_head

MAILS_PER_CHILD = 500
TIMEOUT_S = 60.0
STALE_S = 45.0  # below the time after which an idle child ends itself
CHILD_MODULE = "inbox.mail.receive.parser_child"
CHILD_PATH = str(Path(__file__).resolve().parents[3])

_LENGTH = struct.Struct(">I")
_PIECE_BYTES = 64 * 1024
_MAX_FRAME_BYTES = 512 * 1024 * 1024
_START_S = 30.0
_END_S = 2.0


class Failure(StrEnum):
    """Why a mail could not be read by the child."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"


class ParserFailed(Exception):
    """The child gave no answer to a mail; `reason` says why. The next mail gets a new child."""

    def __init__(self, reason: Failure) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Parser:
    """One child process, used by one thread at a time; started when needed, replaced after MAILS_PER_CHILD mails."""

    def __init__(self, *, mails_per_child: int = MAILS_PER_CHILD) -> None:
        self._mails_per_child = mails_per_child
        self._child: subprocess.Popen[bytes] | None = None
        self._answered = 0
        self._used_at = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """The process id of the child, None when none runs."""
        return self._child.pid if self._child else None

    def parse(self, data: bytes | Iterable[bytes], *, timeout_s: float = TIMEOUT_S) -> ParsedMail:
        """Return the parsed mail; `data` may come in pieces. Raises ParserFailed; the next mail gets a new child."""
        if self._answered >= self._mails_per_child or time.monotonic() - self._used_at > STALE_S:
            self.close()
        child = self._running()
        answered = False
        try:
            mail = _Exchange(child, deadline=time.monotonic() + timeout_s).run(data)
            answered = True
        finally:
            if not answered:
                self.close()
        self._answered += 1
        self._used_at = time.monotonic()
        return mail

    def close(self) -> None:
        """End the child, if one runs."""
        child, self._child, self._answered = self._child, None, 0
        if child is None:
            return
        child.kill()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()
        child.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self.close()
            self._child = _start()
        return self._child


def parse_in_child(data: bytes | Iterable[bytes], *, timeout_s: float = TIMEOUT_S) -> ParsedMail:
    """Return the parsed mail, read by a child that is free; threads may call it at once, each gets its own child.

    `data` may come in pieces. Raises ParserFailed; what the pieces raise passes through.
    """
    parser = _take()
    try:
        return parser.parse(data, timeout_s=timeout_s)
    finally:
        _idle.append(parser)


def close_children() -> None:
    """End every child that is idle."""
    while _idle:
        _idle.pop().close()


_idle: deque[Parser] = deque()


def _take() -> Parser:
    try:
        return _idle.pop()
    except IndexError:
        return Parser()


atexit.register(close_children)
os.register_at_fork(after_in_child=_idle.clear)


def _start() -> subprocess.Popen[bytes]:
    """Start a child and wait until it has locked itself in. It gets no variable of ours: keys stand there."""
    child = subprocess.Popen(  # noqa: S603 - our own module, no word from outside
        [sys.executable, "-s", "-P", "-B", "-m", CHILD_MODULE],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PYTHONPATH": CHILD_PATH, "LANG": "C.UTF-8", "MALLOC_ARENA_MAX": "1"},
        start_new_session=True,
    )
    os.set_blocking(_fd(child.stdin), False)
    exchange = _Exchange(child, deadline=time.monotonic() + _START_S)
    exchange.take(1)
    return child


def _fd(pipe: IO[bytes] | None) -> int:
    if pipe is None:
        raise ParserFailed(Failure.CRASHED)
    return pipe.fileno()


def _room_for(size: int) -> BytesIO:
    """Return a buffer of exactly `size` bytes: it never grows, and its value is given away without a copy."""
    room = BytesIO()
    if size:
        room.seek(size - 1)
        room.write(b"\x00")
        room.seek(0)
    return room


class _Exchange:
    """One mail over and its answer back, all before `deadline` (monotonic seconds)."""

    def __init__(self, child: subprocess.Popen[bytes], *, deadline: float) -> None:
        self._child = child
        self._deadline = deadline
        self._to, self._from = _fd(child.stdin), _fd(child.stdout)

    def run(self, data: bytes | Iterable[bytes]) -> ParsedMail:
        for piece in (data,) if isinstance(data, bytes) else data:
            self._give(_LENGTH.pack(len(piece)) if piece else b"")
            self._give(piece)
        self._give(_LENGTH.pack(0))
        head = self.take(*_LENGTH.unpack(self.take(_LENGTH.size)))
        if head[:1] != b"+":
            raise ParserFailed(Failure.MEMORY)
        return self._mail(head[1:])

    def take(self, size: int) -> bytes:
        """Return exactly `size` bytes of what the child says."""
        if size > _MAX_FRAME_BYTES:
            raise ParserFailed(Failure.CRASHED)
        taken = _room_for(size)
        while size:
            self._wait(self._from, select.POLLIN)
            piece = os.read(self._from, min(size, _PIECE_BYTES))
            if not piece:
                raise ParserFailed(self._why_dead())
            taken.write(piece)
            size -= len(piece)
        return taken.getvalue()

    def _mail(self, head: bytes) -> ParsedMail:
        try:
            sizes = file_sizes(head)
            if min(sizes, default=0) < 0 or sum(sizes) > _MAX_FRAME_BYTES:
                raise ParserFailed(Failure.CRASHED)
            return from_head(head, [self.take(size) for size in sizes])
        except ValueError as error:
            raise ParserFailed(Failure.CRASHED) from error

    def _give(self, piece: bytes) -> None:
        left = memoryview(piece)
        while left:
            self._wait(self._to, select.POLLOUT)
            try:
                left = left[os.write(self._to, left[:_PIECE_BYTES]) :]
            except BlockingIOError:
                continue
            except BrokenPipeError as error:
                raise ParserFailed(self._why_dead()) from error

    def _wait(self, fd: int, event: int) -> None:
        left_s = self._deadline - time.monotonic()
        poll = select.poll()
        poll.register(fd, event)
        if left_s <= 0 or not poll.poll(left_s * 1000):
            raise ParserFailed(Failure.TIMEOUT)

    def _why_dead(self) -> Failure:
        """Name the reason of an end by how the process ended; a failed allocation in native code aborts."""
        try:
            code = self._child.wait(_END_S)
        except subprocess.TimeoutExpired:
            return Failure.CRASHED
        return {-signal.SIGXCPU: Failure.TIMEOUT, -signal.SIGABRT: Failure.MEMORY}.get(code, Failure.CRASHED)
