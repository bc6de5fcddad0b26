"""A demo desk for benchmarks and browser tests: a home of its own, its services, and people who are signed in."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import pyotp

from tests.bench.cpu import command_of, cpu_s, descendants

ROOT = Path(__file__).resolve().parents[2]
_NOT_HANDED_ON = {
    "DJANGO_SETTINGS_MODULE", "DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "SECRET_KEY", "POSTERN_KEY_PROVIDER",
    "POSTERN_ROOT_KEY",
}  # fmt: skip
"""What a test run sets for itself: the desk has services and keys of its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the desk answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Browser:
    """A person's requests over one kept connection, with cookies."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    connection: http.client.HTTPConnection | None = None

    def get(self, path: str, **headers: str) -> Answer:
        """Return the answer to a GET."""
        return self._ask("GET", path, None, headers)

    def post(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        """Return the answer to a form, with the token of its page."""
        token = self.cookies.get("postern_csrf", "")
        body = urlencode({**fields, "csrfmiddlewaretoken": token})
        plain = {"Content-Type": "application/x-www-form-urlencoded", "Referer": f"http://localhost:{self.port}/"}
        return self._ask("POST", path, body, {**plain, **headers})

    def _ask(self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]) -> Answer:
        if self.connection is None:
            self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Host"] = f"localhost:{self.port}"
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        response = self._sent(method, path, body, sent)
        content = response.read()
        for name, value in response.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _sent(
        self, method: str, path: str, body: str | bytes | None, headers: dict[str, str]
    ) -> http.client.HTTPResponse:
        assert self.connection is not None
        try:
            self.connection.request(method, path, body, headers)
            return self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):
            # A kept connection that idled was closed by the server.
            self.connection.close()
            self.connection.request(method, path, body, headers)
            return self.connection.getresponse()


@dataclass(frozen=True, slots=True)
class Desk:
    """A running demo desk. `process` is its supervisor; web, worker and services lie below it."""

    home: Path
    port: int
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]

    def manage(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a command of the desk to its end."""
        return subprocess.run(  # noqa: S603 - a command of the desk, its words are written here
            [sys.executable, "manage.py", *words],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            check=True,
        )

    def demo(self) -> dict[str, object]:
        """Return demo.json."""
        content: dict[str, object] = json.loads((self.home / "demo.json").read_text())
        return content

    def signed_in(self, role: str) -> Browser:
        """Return the requests of a person of that role, behind the door like anybody."""
        users = self.demo()["users"]
        assert isinstance(users, list)
        user = next(each for each in users if each["role"] == role)
        browser = Browser(self.port)
        browser.get("/login/")
        browser.post("/login/", {"login": user["email"], "password": user["password"]})
        answer = browser.post("/login/code/", {"code": pyotp.TOTP(user["totp_secret"]).now()})
        assert answer.status == 302, answer.status
        return browser

    def pids(self, *words: str) -> set[int]:
        """Return the desk's processes whose command line holds one of `words`; all of them without words."""
        everything = descendants(self.process.pid)
        return {pid for pid in everything if not words or any(word in command_of(pid) for word in words)}

    def cpu_s(self, *words: str) -> float:
        """Return the CPU seconds of those processes so far."""
        return cpu_s(self.pids(*words))


@contextmanager
def running_demo(**settings: str) -> Iterator[Desk]:
    """Run a fresh demo desk in a home of its own, with more `settings` in its environment, and stop it at the end."""
    home = Path(tempfile.mkdtemp(prefix="postern-bench-"))
    port = _free_port()
    environment = _environment(home, port, settings)
    words = [sys.executable, "manage.py", "demo"]
    with (home / "bench.log").open("wb") as log:
        process = subprocess.Popen(words, cwd=ROOT, env=environment, stdout=log, stderr=log)  # noqa: S603 - a command of the desk with words written here
    try:
        _wait_for(port, process, home / "bench.log")
        yield Desk(home, port, process, environment)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=60)
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path, port: int, settings: Mapping[str, str]) -> dict[str, str]:
    return {
        **{name: value for name, value in os.environ.items() if name not in _NOT_HANDED_ON},
        "POSTERN_HOME": str(home),
        "POSTERN_PORT": str(port),
        "POSTERN_POLL_S": "3600",
        "POSTERN_UNDO_S": "0",
        "POSTERN_KIND": "bench",
        **settings,
    }


def token_of(page: bytes) -> str:
    """Return the `once` of the first form of a page."""
    found = re.search(rb'name="once" value="([^"]+)"', page)
    assert found
    return found[1].decode()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(1200):
        if process.poll() is not None:
            raise RuntimeError(f"the desk ended: {log.read_text()[-2000:]}")
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the desk did not start: {log.read_text()[-2000:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
