"""Look at and end processes by their id, whether they are children of ours or not."""

import os
import signal
import time
from pathlib import Path
from typing import Final

_PAUSE_S: Final = 0.02
_PROC: Final = Path("/proc")


def is_alive(pid: int) -> bool:
    """Tell whether the process runs; one that ended and was not yet collected by its parent does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _state(pid) != "Z"


def works_in(pid: int, folder: Path) -> bool:
    """Tell whether a living process has `folder` as its working folder; True where the system cannot tell."""
    if not is_alive(pid):
        return False
    if not _PROC.joinpath("self", "cwd").exists():
        return True
    try:
        return _PROC.joinpath(str(pid), "cwd").samefile(folder)
    except PermissionError:
        return True
    except OSError:
        return False


def end(pid: int, *signals: tuple[signal.Signals, float]) -> bool:
    """Send each signal in turn and wait its seconds; return True as soon as the process is gone."""
    for number, patience_s in signals:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return True
        if wait_gone(pid, patience_s):
            return True
    return False


def wait_gone(pid: int, patience_s: float) -> bool:
    """Wait until the process is gone, at most `patience_s` seconds; tell whether it is."""
    until = time.monotonic() + patience_s
    while is_alive(pid):
        if time.monotonic() > until:
            return False
        time.sleep(_PAUSE_S)
    return True


def _state(pid: int) -> str:
    """Return the letter of the process's state, "" where the system does not tell."""
    try:
        text = _PROC.joinpath(str(pid), "stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return text.rpartition(")")[2].split()[0]
