"""`manage.py up` as a person types it: a fresh home becomes a desk that answers, and stops whole."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from helpdesk.embedded.processes import wait_gone
from tests.helpdesk.embedded.accounts import ROOT, make_home, root
from tests.helpdesk.embedded.conftest import environment

SIGN_IN = """
from tests.signed_in import client_of, make_person
client = client_of(make_person("stream@example.org"))
print("; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items()))
"""


@dataclass
class Desk:
    """A home and the `up` that runs on it; `lines` is what that wrote since it began."""

    home: Path
    port: int
    lines: list[str] = field(default_factory=list)
    _process: "subprocess.Popen[str] | None" = None

    @property
    def process(self) -> "subprocess.Popen[str]":
        """The running `up`."""
        assert self._process is not None
        return self._process

    def start(self, *words: str, patience_s: float) -> None:
        """Start `up` and return when the desk is healthy."""
        self.lines = []
        self._process = subprocess.Popen(  # noqa: S603 - no shell
            (*root(), sys.executable, "manage.py", "up", *words),
            cwd=ROOT,
            env=_environment(self.home, self.port),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        threading.Thread(target=self._read, args=(self._process, self.lines)).start()
        self.wait_healthy(patience_s)

    def stop(self) -> float:
        """Send SIGTERM and return the seconds until the end."""
        begun = time.monotonic()
        self.process.terminate()
        self.process.wait(20)
        return time.monotonic() - begun

    def _read(self, process: "subprocess.Popen[str]", lines: list[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            lines.extend(process.stdout)

    def answers(self) -> bool:
        """Tell whether the desk is healthy."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def wait_healthy(self, patience_s: float) -> None:
        """Return as soon as the desk is healthy."""
        until = time.monotonic() + patience_s
        while not self.answers():
            assert self.process.poll() is None, self.lines
            assert time.monotonic() < until, self.lines
            time.sleep(0.1)


def _environment(home: Path, port: int) -> dict[str, str]:
    kept = environment(home, POSTERN_PORT=str(port), DJANGO_SETTINGS_MODULE="helpdesk.settings.desk")
    return {name: value for name, value in kept.items() if name not in {"POSTERN_KEY_PROVIDER", "POSTERN_ROOT_KEY"}}


def _manage(home: Path, port: int, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = (*root(), sys.executable, "manage.py", *words)
    values = {**_environment(home, port), **more}
    return subprocess.run(command, cwd=ROOT, env=values, capture_output=True, text=True, check=False)  # noqa: S603 - no shell


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    folder = make_home(root())
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    made = Desk(folder / "home", port)
    try:
        made.start(patience_s=120)
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_a_fresh_home_becomes_a_desk_with_keys_of_its_own(desk: Desk) -> None:
    assert sorted(path.name for path in (desk.home / "keys").iterdir()) == ["root.key", "secret.key"]


def test_a_second_up_says_so_and_leaves_the_first_alone(desk: Desk) -> None:
    done = _manage(desk.home, desk.port, "up")

    assert done.returncode != 0
    assert f"Postern runs already on {desk.home}, as process {desk.process.pid}" in done.stderr
    assert desk.answers()


def test_static_files_come_compressed_and_for_ever(desk: Desk) -> None:
    names = json.loads((desk.home / "static" / "staticfiles.json").read_text())["paths"]
    hashed = names["admin/css/base.css"]
    address = f"http://127.0.0.1:{desk.port}/static/{hashed}"

    with urllib.request.urlopen(urllib.request.Request(address, headers={"Accept-Encoding": "br"})) as answer:
        headers = answer.headers

    assert (headers["Content-Encoding"], headers["X-Content-Type-Options"]) == ("br", "nosniff")
    assert "immutable" in headers["Cache-Control"]
    assert "Access-Control-Allow-Origin" not in headers


def test_a_taken_port_is_named(desk: Desk, tmp_path: Path) -> None:
    elsewhere = {"DATABASE_URL": "postgresql:///elsewhere", "REDIS_URL": "redis://localhost:1"}

    done = _manage(tmp_path / "home", desk.port, "up", "--no-prepare", **elsewhere)

    assert done.returncode != 0
    assert f"cannot listen on 127.0.0.1:{desk.port}" in done.stderr


def test_another_command_uses_the_running_services(desk: Desk) -> None:
    done = _manage(desk.home, desk.port, "migrate", "--check")

    assert done.returncode == 0, done.stderr
    assert desk.answers()


def test_the_web_comes_back_after_it_was_killed(desk: Desk) -> None:
    (line,) = [line for line in desk.lines if "main PID" in line][-1:]
    pid = int(line.split("main PID:")[1].strip(" )\n"))

    os.killpg(pid, signal.SIGKILL)

    assert wait_gone(pid, 5)
    desk.wait_healthy(30)
    assert any("web ended with signal SIGKILL" in line for line in desk.lines)


@contextmanager
def _open_stream(desk: Desk) -> Iterator[http.client.HTTPResponse]:
    """Sign somebody in and hold the live stream that their browser opens."""
    done = _manage(desk.home, desk.port, "shell", "--verbosity", "0", "-c", SIGN_IN)
    assert done.returncode == 0, done.stderr
    with closing(http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)) as line:
        line.request("GET", "/live", headers={"Host": f"localhost:{desk.port}", "Cookie": done.stdout.strip()})
        with line.getresponse() as stream:
            yield stream


def test_a_signal_stops_all_of_it_within_ten_seconds_while_a_stream_is_open(desk: Desk) -> None:
    pids = [int((desk.home / "postgres" / "data" / "postmaster.pid").read_text().split()[0])]
    pids.append(int((desk.home / "run" / "redis.pid").read_text().split()[-1]))
    with _open_stream(desk) as stream:
        assert (stream.status, stream.headers.get_content_type()) == (200, "text/event-stream")

        stop_s = desk.stop()

    assert stop_s < 10
    assert [pid for pid in pids if not wait_gone(pid, 1)] == []
    desk.start("--no-prepare", patience_s=60)
