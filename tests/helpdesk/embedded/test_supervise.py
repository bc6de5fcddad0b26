"""The supervisor shows its parts, restarts what crashed, and stops in time."""

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helpdesk.embedded.processes import wait_gone
from helpdesk.embedded.terminal import Terminal
from tests.helpdesk.embedded.accounts import ROOT, root
from tests.helpdesk.embedded.conftest import environment

SLEEPER = "calm=sh -c 'echo pid $$; exec sleep 600'"
STUBBORN = """stubborn=sh -c 'trap "" TERM INT; echo pid $$; while :; do sleep 0.2; done'"""
CRASHER = "broken=sh -c 'echo oh no >&2; exit 3'"


@dataclass
class Run:
    """A running supervisor and the lines it wrote so far."""

    process: "subprocess.Popen[str]"
    lines: list[str] = field(default_factory=list)

    def read(self) -> None:
        """Collect the lines until the end."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    def wait_for(self, pattern: str, *, times: int = 1) -> list[str]:
        """Return the first group of the lines that match, as soon as there are so many."""
        until = time.monotonic() + 20
        while time.monotonic() < until:
            found = [match[1] for line in self.lines if (match := re.search(f"({pattern})", line))]
            if len(found) >= times:
                return found
            time.sleep(0.02)
        pytest.fail(f"{pattern} did not come {times} times in {self.lines}")

    def pid_of(self, name: str) -> int:
        """Return the process id that a part wrote."""
        return int(self.wait_for(rf"^{name} +\| pid \d+")[0].split()[-1])

    def stop(self, number: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and return the seconds until the end."""
        begun = time.monotonic()
        self.process.send_signal(number)
        assert self.process.wait(20) == 0
        return time.monotonic() - begun


Supervise = Callable[..., Run]


@pytest.fixture
def supervise(fresh_home: Path) -> Iterator[Supervise]:
    """Return a function that starts a supervisor over parts."""
    with ExitStack() as stack:

        def start(*parts: str, home: Path = fresh_home) -> Run:
            process = subprocess.Popen(  # noqa: S603 - no shell
                (
                    *root(),
                    "env",
                    "--default-signal=HUP,INT",
                    sys.executable,
                    "-u",
                    "-m",
                    "tests.helpdesk.embedded.supervised",
                    *parts,
                ),
                cwd=ROOT,
                env=environment(home),
                stdout=subprocess.PIPE,
                text=True,
            )
            run = Run(process)
            reader = threading.Thread(target=run.read)
            reader.start()
            stack.callback(_end, process, reader)
            return run

        yield start


def _end(process: "subprocess.Popen[str]", reader: threading.Thread) -> None:
    process.terminate()
    process.wait(20)
    reader.join()
    assert process.stdout is not None
    process.stdout.close()


def test_lines_stand_behind_their_names(supervise: Supervise) -> None:
    run = supervise(CRASHER, SLEEPER)

    assert run.wait_for(r"^broken   \| oh no$") == ["broken   | oh no"]
    assert run.pid_of("calm") > 0


def test_a_crash_is_shown_and_restarted_with_growing_waits(supervise: Supervise) -> None:
    run = supervise(CRASHER, SLEEPER)

    run.wait_for("broken ended", times=3)

    told = [line for line in run.lines if "broken ended" in line]
    assert told[:3] == [f"postern  | broken ended with code 3; it starts again in {wait_s} s" for wait_s in (1, 2, 4)]
    assert len(run.wait_for("calm +. pid")) == 1


def test_a_killed_part_is_restarted(supervise: Supervise) -> None:
    run = supervise(SLEEPER)
    first = run.pid_of("calm")

    os.kill(first, signal.SIGKILL)

    second = int(run.wait_for(r"calm +\| pid \d+", times=2)[1].split()[-1])
    assert second != first
    assert run.wait_for("calm ended with signal SIGKILL") != []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(supervise: Supervise, number: signal.Signals) -> None:
    run = supervise(SLEEPER)
    pid = run.pid_of("calm")

    assert run.stop(number) < 5

    assert wait_gone(pid, 1)


def test_a_part_that_does_not_end_is_killed_within_ten_seconds(supervise: Supervise) -> None:
    run = supervise(STUBBORN, SLEEPER)
    pids = [run.pid_of("stubborn"), run.pid_of("calm")]

    assert run.stop() < 10

    assert [pid for pid in pids if not wait_gone(pid, 1)] == []


def test_a_killed_supervisor_takes_its_parts_with_it(supervise: Supervise) -> None:
    run = supervise(SLEEPER)
    pid = run.pid_of("calm")

    run.process.kill()

    assert wait_gone(pid, 5)


@pytest.mark.parametrize("service", ["postgres", "redis"])
def test_a_killed_service_runs_again(supervise: Supervise, home: Path, service: str) -> None:
    notes = {"postgres": (home / "postgres" / "data" / "postmaster.pid", 0), "redis": (home / "run" / "redis.pid", 1)}
    run = supervise("--services", SLEEPER, home=home)
    run.pid_of("calm")
    note, line = notes[service]
    first = note.read_text().splitlines()[line]

    os.kill(int(first), signal.SIGKILL)

    run.wait_for(f"{service} runs again")
    second = note.read_text().splitlines()[line]
    assert second != first
    assert run.stop() < 10
    assert wait_gone(int(second), 1)


def test_colours_are_for_eyes_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    class Screen(io.StringIO):
        def isatty(self) -> bool:
            return True

    screen, file = Screen(), io.StringIO()
    monkeypatch.delenv("NO_COLOR", raising=False)

    for out in (screen, file):
        Terminal(out).line("web", "hello\n")

    assert screen.getvalue() == "\x1b[36mweb      |\x1b[0m hello\n"
    assert file.getvalue() == "web      | hello\n"


def test_a_closed_terminal_is_no_error() -> None:
    out = io.StringIO()
    out.close()

    Terminal(out).line("web", "hello")
