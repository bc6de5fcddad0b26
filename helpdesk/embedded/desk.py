"""The processes of a desk on one machine: one web process, one worker with the beat inside, a listener if wanted."""

import sys
from functools import partial
from pathlib import Path
from typing import Final

from helpdesk.embedded import launch
from helpdesk.embedded.home import Home
from helpdesk.embedded.supervise import Part, Supervisor
from helpdesk.embedded.terminal import Terminal
from helpdesk.settings.env import ROOT

QUEUES: Final = "fetch,process,send,slow"


def web(bind: str, port: int) -> Part:
    """Return the web process, listening on `bind`:`port`.

    `--workers-kill-timeout`: without it an open live stream keeps the server from stopping.
    """
    server = ("granian", "--interface", "asgi", "helpdesk.asgi:application", "--host", bind, "--port", str(port))
    return Part("web", (*_tool(*server), "--workers", "1", "--no-ws", "--http", "1", "--workers-kill-timeout", "3"))


def worker(home: Home) -> Part:
    """Return the worker: two threads and the beat in one process, which saves two thirds of the memory of three."""
    program = _tool("celery", "-q", "-A", "helpdesk", "worker", "-P", "threads", "-c", "2", "-B", "-Q", QUEUES)
    beat = ("--schedule", str(home.run / "beat"), "--pidfile=")
    return Part("worker", (*program, *beat, "--without-mingle", "--without-gossip", "--loglevel", "WARNING"))


def listener() -> Part:
    """Return the process that takes mail over LMTP or SMTP."""
    return Part("listener", (sys.executable, str(ROOT / "manage.py"), "listen"))


def supervise(home: Home, *, bind: str, port: int, listens: bool = False) -> None:
    """Run web and worker beside the services of `home` that this process holds, until a signal comes.

    `listens`: the process that takes mail too.
    """
    parts = [web(bind, port), worker(home), *([listener()] if listens else [])]
    services = launch.held_services(home)
    supervisor = Supervisor(
        parts=parts,
        services=services,
        revive=partial(launch.revive, home, services),
        terminal=Terminal(sys.stdout),
    )
    supervisor.run()


def _tool(name: str, *words: str) -> tuple[str, ...]:
    """Return a program of our own environment with its words, found beside the interpreter and not through PATH."""
    return (str(Path(sys.executable).with_name(name)), *words)
