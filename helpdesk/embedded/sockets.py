"""Where the sockets of a home lie: inside it, or in a private folder of the temporary one when the path is too long."""

import os
import socket
import stat
import sys
import tempfile
from pathlib import Path
from typing import Final

from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.home import Home

POSTGRES_NAME: Final = ".s.PGSQL.5432"
REDIS_NAME: Final = "redis.sock"
LONGEST_BYTES: Final = 107 if sys.platform == "linux" else 103
"""A socket's path may have this many bytes (sun_path of unix(7) without its closing NUL)."""


def socket_folder(home: Home) -> Path:
    """Return a folder of mode 0700 that is short enough for both sockets, the same for every command on this home."""
    if _fits(home.sockets):
        return home.sockets
    note = home.run / "sockets"
    known = _remembered(note, home)
    if known is not None:
        return known
    folder = _make_short()
    note.write_text(f"{home.root}\n{folder}\n", encoding="utf-8")
    return folder


def forget_sockets(home: Home) -> None:
    """Remove the private folder outside the home, if there is one and it is empty."""
    note = home.run / "sockets"
    known = _remembered(note, home)
    if known is None:
        return
    try:
        known.rmdir()
    except OSError:
        return  # something still lies in it: keep folder and note
    note.unlink(missing_ok=True)


def connects(path: Path) -> bool:
    """Tell whether somebody listens at the socket `path`; a server too busy to take us now does."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(2)
        try:
            line.connect(os.fspath(path))
        except (BlockingIOError, TimeoutError):
            return True
        except OSError:
            return False
    return True


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / POSTGRES_NAME)) <= LONGEST_BYTES


def _remembered(note: Path, home: Home) -> Path | None:
    """Return the noted folder if it is this home's (a copied home is not) and still ours alone."""
    try:
        owner, folder = note.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return None
    if owner != str(home.root):
        return None
    return Path(folder) if _is_private(Path(folder)) else None


def _is_private(folder: Path) -> bool:
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and stat.S_IMODE(status.st_mode) == 0o700 and _is_ours(status.st_uid)


def _is_ours(uid: int) -> bool:
    return uid == os.geteuid() or os.geteuid() == 0


def _make_short() -> Path:
    for parent in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108 - mkdtemp makes a private folder inside
        if _fits(Path(parent) / "postern-12345678"):
            return Path(tempfile.mkdtemp(prefix="postern-", dir=parent))
    raise ServiceError("no folder is short enough for a socket: set POSTERN_HOME or TMPDIR to a shorter path")
