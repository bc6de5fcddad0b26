"""A progress line for long commands: a bar on a terminal, now and then a plain line elsewhere."""

import time
from typing import Final, Protocol

_WIDTH: Final = 30
_PLAIN_EVERY_S: Final = 5.0


class Out(Protocol):
    """Where the line goes: a stream, or Django's wrapper of one."""

    def write(self, text: str, /) -> object:
        """Write `text`."""

    def flush(self) -> object:
        """Show what was written."""

    def isatty(self) -> bool:
        """Tell whether a person looks on."""


class Progress:
    """Shows how far a command has come. `total` None: nobody knows yet how much there is."""

    def __init__(self, out: Out, *, what: str, total: int | None = None) -> None:
        self._out = out
        self._what = what
        self._total = total
        self._shown_at = 0.0
        self._is_terminal = out.isatty()

    def show(self, done: int, *, total: int | None = None) -> None:
        """Show that `done` are done. `total` replaces what was known of the whole, where that grows by the way."""
        self._total = self._total if total is None else total
        now = time.monotonic()
        every = 0.1 if self._is_terminal else _PLAIN_EVERY_S
        if now - self._shown_at >= every:
            self._shown_at = now
            self._write(done)

    def end(self, done: int) -> None:
        """Show the last figure and end the line."""
        self._write(done)
        if self._is_terminal:
            self._out.write("\n")

    def _write(self, done: int) -> None:
        figure = f"{done}" if self._total is None else f"{done} of {self._total}"
        if not self._is_terminal:
            self._out.write(f"{self._what}: {figure}\n")
            return
        bar = ""
        if self._total:
            filled = _WIDTH * min(done, self._total) // self._total
            bar = f" [{'=' * filled}{'-' * (_WIDTH - filled)}]"
        self._out.write(f"\r{self._what}{bar} {figure}")
        self._out.flush()
