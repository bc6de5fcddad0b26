"""Keep the processes of a desk running in one terminal: start, show, restart after a crash, stop in time."""

import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Final, Protocol

from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.terminal import Terminal

STOP_S: Final = 6
"""How long the processes have to end by themselves; then they are killed. The whole stop takes less than 10 s."""
_LOOK_S: Final = 0.2
_CALM_S: Final = 60
"""A process that ran this long is taken for well: its next crash waits as shortly as the first."""
_WAITS_S: Final = (1, 2, 4, 8, 16, 30)
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, slots=True)
class Part:
    """One process of a desk: the name in front of its lines, and its command."""

    name: str
    command: tuple[str, ...]


class Watched(Protocol):
    """A service that runs beside the parts."""

    name: str

    @property
    def log(self) -> Path:
        """The file of what it says."""

    def pid(self) -> int | None:
        """Return the id of its process, None when it is gone."""


@dataclass(slots=True)
class _Child:
    part: Part
    process: "subprocess.Popen[bytes] | None" = None
    started_at: float = 0.0
    starts_at: float = 0.0
    crashes: int = 0


@dataclass(slots=True)
class _Backoff:
    """Growing waits for the services together."""

    tries: int = 0
    next_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Runs `parts` until a signal comes, and calls `revive` when one of `services` is gone."""

    parts: Sequence[Part]
    services: Sequence[Watched]
    revive: Callable[[], None]
    terminal: Terminal
    _children: list[_Child] = field(default_factory=list, init=False)
    _stopping: threading.Event = field(default_factory=threading.Event, init=False)
    _backoff: _Backoff = field(default_factory=_Backoff, init=False)

    def run(self) -> None:
        """Run everything until SIGINT, SIGTERM or SIGHUP; return when all parts have ended."""
        self._children = [_Child(part) for part in self.parts]
        with self._signals():
            for service in self.services:
                threading.Thread(target=self._follow, args=(service,), daemon=True).start()
            try:
                while not self._stopping.is_set():
                    self._look()
                    self._stopping.wait(_LOOK_S)
            finally:
                self._stop()

    def stop(self) -> None:
        """Ask `run` to stop everything and return."""
        self._stopping.set()

    def _look(self) -> None:
        self._look_after_services()
        for child in self._children:
            self._note_end(child)
            if child.process is None and time.monotonic() >= child.starts_at:
                self._start(child)

    def _start(self, child: _Child) -> None:
        child.started_at = time.monotonic()
        child.process = subprocess.Popen(  # noqa: S603 - no shell
            (*_bound_to_us(), *child.part.command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            process_group=0,
        )
        if child.process.stdout is not None:
            reader = threading.Thread(target=self._show, args=(child.part.name, child.process.stdout), daemon=True)
            reader.start()

    def _note_end(self, child: _Child) -> None:
        if child.process is None or child.process.poll() is None:
            return
        lived_s = time.monotonic() - child.started_at
        child.crashes = 1 if lived_s > _CALM_S else child.crashes + 1
        wait_s = _WAITS_S[min(child.crashes, len(_WAITS_S)) - 1]
        child.starts_at = time.monotonic() + wait_s
        self._say(f"{child.part.name} ended with {_ending(child.process.returncode)}; it starts again in {wait_s} s")
        child.process = None

    def _look_after_services(self) -> None:
        gone = [service.name for service in self.services if service.pid() is None]
        if not gone or time.monotonic() < self._backoff.next_at:
            return
        self._backoff.tries += 1
        self._backoff.next_at = time.monotonic() + _WAITS_S[min(self._backoff.tries, len(_WAITS_S)) - 1]
        self._say(f"{' and '.join(gone)} ended; starting again")
        try:
            self.revive()
        except ServiceError as error:
            self._say(str(error))
            return
        self._say(f"{' and '.join(gone)} runs again")

    def _stop(self) -> None:
        running = [child.process for child in self._children if child.process is not None]
        self._say("stopping")
        for process in running:
            _signal_group(process, signal.SIGTERM)
        until = time.monotonic() + STOP_S
        for process in running:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"process {process.pid} does not end by itself and is killed")
        for process in running:
            _signal_group(process, signal.SIGKILL)
            process.wait()

    @contextmanager
    def _signals(self) -> Iterator[None]:
        numbers = [number for number in _SIGNALS if not (number == signal.SIGHUP and _outlives_terminal())]
        before = [(number, signal.signal(number, self._on_signal)) for number in numbers]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping.set()

    def _show(self, name: str, lines: IO[bytes]) -> None:
        with lines:
            for line in lines:
                self.terminal.line(name, line.decode("utf-8", "replace"))

    def _follow(self, service: Watched) -> None:
        """Show what a service adds to its log from now on."""
        with service.log.open("rb") as log:
            log.seek(0, os.SEEK_END)
            while not self._stopping.wait(_LOOK_S):
                for line in log:
                    self.terminal.line(service.name, line.decode("utf-8", "replace"))

    def _say(self, words: str) -> None:
        self.terminal.line("postern", words)


def _outlives_terminal() -> bool:
    """Tell whether we were started by nohup or the like."""
    return signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def _bound_to_us() -> tuple[str, ...]:
    """Return the command that has the kernel end a process when we are killed, () where there is none."""
    tool = shutil.which("setpriv")
    return (tool, "--pdeathsig", "TERM", "--") if tool is not None else ()


def _signal_group(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return


def _ending(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"code {code}"
