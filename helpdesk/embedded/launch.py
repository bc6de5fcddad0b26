"""Give a command the services of its home: those that run already, or its own for the time of the command."""

import fcntl
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Final

from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.home import Home, find_home, prepare
from helpdesk.embedded.postgres import Postgres
from helpdesk.embedded.redis import Redis
from helpdesk.embedded.sockets import forget_sockets, socket_folder

_FREE: Final = {"", "help", "version", "parse_mail", "collectstatic", "compilemessages", "makemessages", "diffsettings"}
_HELP: Final = {"-h", "--help", "--version"}

Service = Postgres | Redis


@contextmanager
def services_for(argv: Sequence[str]) -> Iterator[None]:
    """Hold the services that the command `argv` needs, and set their addresses in the environment.

    Must run before settings are read. A service whose address is set already is not started.
    """
    with ExitStack() as stack:
        try:
            if needs_services(argv):
                stack.enter_context(_terminated_cleanly())
                stack.enter_context(hold(find_home()))
            elif next(iter(argv), "") == "check" and not _is_set("SECRET_KEY"):
                prepare(find_home())
        except ServiceError as error:
            raise SystemExit(f"Postern cannot start: {error}") from error
        try:
            yield
        except KeyboardInterrupt:
            raise SystemExit(128 + signal.SIGINT) from None


def needs_services(argv: Sequence[str]) -> bool:
    """Tell whether the command reaches a database or Redis."""
    words = set(argv)
    command = next(iter(argv), "")
    if command in _FREE or command.startswith("-") or words & _HELP:
        return False
    return command != "check" or "--database" in words


@contextmanager
def hold(home: Home) -> Iterator[list[Service]]:
    """Give the running services of `home`, started where needed; the last holder of a home stops them.

    Sets DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL for the time of holding. Raises ServiceError.
    """
    outside = {name for name in ("DATABASE_URL", "REDIS_URL") if _is_set(name)}
    if len(outside) < 2 or not _is_set("SECRET_KEY"):
        prepare(home)
    if len(outside) == 2:
        yield []
        return
    postgres, redis = _services(home)
    wanted: list[Service] = []
    addresses: dict[str, str] = {}
    if "DATABASE_URL" not in outside:
        wanted.append(postgres)
        addresses |= {"DATABASE_URL": postgres.url("postern_app"), "DATABASE_OWNER_URL": postgres.url("postern_owner")}
    if "REDIS_URL" not in outside:
        wanted.append(redis)
        addresses |= {"REDIS_URL": redis.url()}
    with _shared(home, wanted, (redis, postgres)), _environment(addresses):
        yield wanted


def held_services(home: Home) -> list[Service]:
    """Return the services of `home` that the environment points at: those that this command holds."""
    if not home.run.is_dir():
        return []
    postgres, redis = _services(home)
    held: list[Service] = []
    if os.environ.get("DATABASE_URL") == postgres.url("postern_app"):
        held.append(postgres)
    if os.environ.get("REDIS_URL") == redis.url():
        held.append(redis)
    return held


def environment_without_services(home: Home) -> dict[str, str]:
    """Return our environment without the addresses that `hold` set, for a program that holds the services itself."""
    names = {service.name for service in held_services(home)}
    ours = {"DATABASE_URL", "DATABASE_OWNER_URL"} if "postgres" in names else set()
    ours |= {"REDIS_URL"} if "redis" in names else set()
    return {name: value for name, value in os.environ.items() if name not in ours}


def _services(home: Home) -> tuple[Postgres, Redis]:
    folder = socket_folder(home)
    return Postgres(home, folder), Redis(home, folder)


def revive(home: Home, services: Sequence[Service]) -> None:
    """Start those of `services` that do not answer, one command of a home at a time."""
    with locked(home.run / "start.lock"):
        for service in services:
            if not service.answers():
                service.start()


@contextmanager
def _shared(home: Home, wanted: Sequence[Service], every: Sequence[Service]) -> Iterator[None]:
    """Count ourselves among the users of the home while the block runs; the last one out stops `every` service.

    Users hold a shared lock, which the system drops when one is killed. Coming and going happens under `start.lock`.
    """
    users = os.open(home.run / "users.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with locked(home.run / "start.lock"):
            fcntl.flock(users, fcntl.LOCK_SH)
        try:
            revive(home, wanted)
            yield
        finally:
            with locked(home.run / "start.lock"):
                _stop_if_last(home, users, every)
    finally:
        os.close(users)


def _stop_if_last(home: Home, users: int, services: Sequence[Service]) -> None:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    for service in services:
        service.stop()
    forget_sockets(home)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the file lock `path` while the block runs; wait for it as long as it takes."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _environment(addresses: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in addresses}
    os.environ.update(addresses)
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@contextmanager
def _terminated_cleanly() -> Iterator[None]:
    """Turn SIGTERM into an ordinary exit while the block runs, so that services stop; leave another handler alone."""
    is_ours = (
        threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    )
    if is_ours:
        signal.signal(signal.SIGTERM, _leave)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _is_set(name: str) -> bool:
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))
