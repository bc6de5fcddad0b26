"""Holders of services in homes of their own, ended and cleared away after each test."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.helpdesk.embedded.accounts import ROOT, make_home, root

OUTSIDE = ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "POSTERN_HOME")


@dataclass
class Holder:
    """A running command that holds the services of `home`."""

    process: "subprocess.Popen[str]"
    home: Path
    pids: dict[str, int]
    redis: str

    def sql(self, role: str, words: str) -> list[list[object]]:
        """Run SQL as a role and return its rows."""
        answer = self._ask(role, words)
        assert isinstance(answer, list), answer
        return answer

    def refusal(self, role: str, words: str) -> str:
        """Run SQL that the server must refuse and return its words."""
        answer = self._ask(role, words)
        assert isinstance(answer, str), answer
        return answer

    def _ask(self, role: str, words: str) -> object:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([role, words]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def leave(self) -> None:
        """Let the command end by itself."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(20) == 0

    def kill_everything(self) -> None:
        """Kill the command and the services at once."""
        for pid in (self.process.pid, *self.pids.values()):
            os.kill(pid, signal.SIGKILL)
        self.process.wait(5)


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return our environment without any desk in it but `home`."""
    kept = {name: value for name, value in os.environ.items() if name not in OUTSIDE}
    return {**kept, "POSTERN_HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **more}


Hold = Callable[..., Holder]


@pytest.fixture
def hold() -> Iterator[Hold]:
    """Return a function that starts a holder: `hold(home, prefix, NAME=value)`."""
    with ExitStack() as stack:

        def start(home: Path, prefix: tuple[str, ...] = (), **more: str) -> Holder:
            holder = _start(home, prefix, **more)
            stack.callback(_end, holder)
            return holder

        yield start


def _start(home: Path, prefix: tuple[str, ...], **more: str) -> Holder:
    process = subprocess.Popen(  # noqa: S603 - no shell
        (*prefix, sys.executable, "-m", "tests.helpdesk.embedded.holder"),
        cwd=ROOT,
        env=environment(home, **more),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    got = json.loads(process.stdout.readline() or "null")
    assert got is not None, "the holder ended"
    return Holder(process, home, got["pids"], got["redis"])


def _end(holder: Holder) -> None:
    """End a holder, and what it would leave behind after a failed test."""
    assert holder.process.stdin is not None
    assert holder.process.stdout is not None
    holder.process.stdin.close()
    holder.process.wait(20)
    holder.process.stdout.close()
    for pid in holder.pids.values():
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def fresh_home() -> Iterator[Path]:
    """Return the path of a home that does not exist yet, below a folder that only root enters."""
    folder = make_home(root())
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _made_home() -> Iterator[Path]:
    folder = make_home(root())
    _end(_start(folder / "home", root()))
    yield folder / "home"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def home(_made_home: Path, fresh_home: Path) -> Path:
    """Return a home that was used before, and whose services do not run."""
    return Path(shutil.copytree(_made_home, fresh_home))
