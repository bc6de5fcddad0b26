"""The commands that a person types: the make targets, the environment script, and what a build machine calls."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.architecture.source import ROOT

TARGETS: Final = (
    "help",
    "setup",
    "run",
    "demo",
    "format",
    "lint",
    "test",
    "check",
    "long",
    "bench",
    "fuzz",
    "screenshots",
)
_TOOLS: Final = ("bash", "cat", "cksum", "dirname", "env", "id", "uname")


def _run(*command: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": path or os.environ["PATH"], "LANG": "C.UTF-8", "HOME": os.environ.get("HOME", "/")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603 - our own fixed words


def test_help_lists_every_target() -> None:
    done = _run("make", "help")

    assert (done.returncode, done.stderr) == (0, "")
    assert tuple(re.findall(r"^  make (\w+) +\S", done.stdout, re.MULTILINE)) == TARGETS


def test_check_is_lint_and_the_whole_suite() -> None:
    steps = _run("make", "--dry-run", "check").stdout

    assert "bin/lint" in steps
    assert '-m "not browser and not long"' in steps
    assert '-m "browser and not long"' in steps


def test_the_build_machine_calls_check() -> None:
    script = ROOT / ".ci" / "run"

    assert os.access(script, os.X_OK)
    assert "exec make check" in script.read_text(encoding="utf-8")


def test_an_unknown_set_is_refused() -> None:
    done = _run("bin/prepare", "everything")

    assert (done.returncode, done.stderr) == (2, "bin/prepare: say run, demo or dev\n")


def test_missing_packages_are_named_at_once_where_nothing_can_be_installed(tmp_path: Path) -> None:
    for name in _TOOLS:
        (tmp_path / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")
    (tmp_path / "python3").symlink_to(Path(sys.executable).resolve())

    done = _run("bin/prepare", "dev", path=str(tmp_path))

    # Neither apt-get nor chromium is on this path, so nothing is installed and the browser is missed.
    assert done.returncode == 1
    named, advice = done.stderr.splitlines()
    assert named.startswith("prepare: these packages of the system are missing")
    assert "chromium" in named.split(": ")[2].split()
    assert "sudo apt-get install" in advice


def test_an_old_python_is_refused(tmp_path: Path) -> None:
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n", encoding="ascii")
    old.chmod(0o755)
    for name in _TOOLS:
        (tmp_path / name).symlink_to(shutil.which(name) or f"/usr/bin/{name}")

    done = _run("bin/prepare", "run", path=str(tmp_path))

    assert done.returncode == 1
    assert done.stderr.startswith("prepare: Python 3.11 or newer is needed")
