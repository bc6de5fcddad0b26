"""`up`: the whole desk in one terminal."""

import fcntl
import hashlib
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils.translation import gettext as _

from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.setup import setup_keys
from helpdesk.embedded import desk, launch
from helpdesk.embedded.home import Home, find_home, prepare
from helpdesk.embedded.terminal import Terminal
from inbox.mail.smtpd import pulse


class Command(BaseCommand):
    """Start the embedded services, migrate, then run web and worker until Ctrl-C."""

    help = "Run PostgreSQL, Redis, web and worker in one terminal; Ctrl-C stops all of it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--no-prepare` for a desk whose tables and files are known to be up to date."""
        parser.add_argument("--no-prepare", action="store_true", help="do not migrate, check or collect files first")

    def handle(self, *args: Any, **options: Any) -> None:
        """Become the program that runs the desk; its end is ours."""
        with prepared_home(skip=options["no_prepare"]) as home:
            _say_address()
            words = (settings.POSTERN_BIND, str(settings.POSTERN_PORT), *(["listen"] if pulse.is_wanted() else []))
            command = (sys.executable, "-m", "helpdesk.embedded", *words)
            sys.stdout.flush()
            os.chdir(settings.BASE_DIR)
            os.execve(sys.executable, command, launch.environment_without_services(home))  # noqa: S606 - no shell


@contextmanager
def prepared_home(*, skip: bool = False) -> Iterator[Home]:
    """Hold the home for this process, its tables, keys and static files up to date unless `skip`.

    Raises CommandError when another one runs, the port is taken, or a key is missing or wrong.
    """
    home = find_home()
    with _only_one(home):
        _refuse_taken_port(settings.POSTERN_BIND, settings.POSTERN_PORT)
        if not skip:
            _prepare_desk()
            _collect_static(home.run / "static")
        yield home


def run(home: Home) -> None:
    """Run web and worker beside the services in this process, until a signal comes."""
    _say_address()
    desk.supervise(home, bind=settings.POSTERN_BIND, port=settings.POSTERN_PORT, listens=pulse.is_wanted())


def _say_address() -> None:
    Terminal(sys.stdout).line("postern", _("%(url)s - Ctrl-C stops the desk") % {"url": settings.POSTERN_URL})


def _prepare_desk() -> None:
    """Bring tables and keys up to date. Raises CommandError when a key is missing or wrong."""
    call_command("migrate", interactive=False, verbosity=0)
    call_command("check", databases=["default"])
    try:
        setup_keys()
    except CryptoError as error:
        raise CommandError(str(error)) from error
    connections.close_all()


def _collect_static(stamp: Path) -> None:
    """Collect and compress the static files, unless none has changed since `stamp` was written: it takes seconds."""
    seen = hashlib.sha256(str(settings.STATIC_ROOT).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            seen.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    is_there = Path(settings.STATIC_ROOT, "staticfiles.json").is_file()
    if is_there and stamp.is_file() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(seen.hexdigest())


@contextmanager
def _only_one(home: Home) -> Iterator[None]:
    """Hold the home for this `up` and what it becomes. Raises CommandError when another one has it."""
    prepare(home)
    handle = os.open(home.run / "up.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.set_inheritable(handle, True)  # noqa: FBT003 - its own signature
        os.truncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    except BlockingIOError as error:
        pid = os.read(handle, 20).decode()
        text = _("Postern runs already on %(home)s, as process %(pid)s") % {"home": home.root, "pid": pid}
        raise CommandError(text) from error
    finally:
        os.close(handle)


def _refuse_taken_port(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            values = {"bind": bind, "port": port, "reason": error.strerror}
            text = _("Postern cannot listen on %(bind)s:%(port)s (%(reason)s): set POSTERN_BIND or POSTERN_PORT")
            raise CommandError(text % values) from error
