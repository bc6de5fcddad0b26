"""Ways to run a command as root and as an ordinary account, whichever of both runs the tests."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent.parent
_IN_NAMESPACE: Final = ("unshare", "--user", "--map-user=2", "--map-group=2", "--")
"""Shows us as the account `bin`: for a checkout below a folder that no other account may enter."""
_AS_ROOT: Final = ("unshare", "--user", "--map-root-user", "--")
_ACCOUNT: Final = ("setpriv", "--reuid=2", "--regid=2", "--clear-groups", "--")

_READS_ALL: Final = "-all,+dac_read_search"
_READING_ACCOUNT: Final = (
    "setpriv", "--reuid=2", "--regid=2", "--clear-groups", "--no-new-privs", "--securebits=+no_setuid_fixup",
    f"--inh-caps={_READS_ALL}", f"--ambient-caps={_READS_ALL}", "--",
)  # fmt: skip
"""The account itself with a way past that folder: for where the system lets nobody into a namespace."""


@cache
def plain() -> tuple[str, ...]:
    """Return what stands before a command to run it as an ordinary account."""
    if os.geteuid() != 0:
        return ()
    for prefix in (_ACCOUNT, _IN_NAMESPACE):
        tried = subprocess.run((*prefix, sys.executable, "-c", "import psycopg"), cwd=ROOT, check=False)  # noqa: S603 - no shell
        if tried.returncode == 0:
            return prefix
    return _READING_ACCOUNT


@cache
def root() -> tuple[str, ...]:
    """Return what stands before a command to run it as root, or as what looks like it.

    Nothing for an ordinary account where the system lets nobody into a namespace: no command of ours is root there.
    """
    if os.geteuid() == 0:
        return ()
    tried = subprocess.run((*_AS_ROOT, "true"), capture_output=True, check=False)  # noqa: S603 - no shell
    return _AS_ROOT if tried.returncode == 0 else ()


def is_plain() -> bool:
    """Return whether `root()` is an ordinary account all the same: it needs no way out of being root."""
    return os.geteuid() != 0 and not root()


ACCOUNTS: Final[Mapping[str, Callable[[], tuple[str, ...]]]] = {"root": root, "plain": plain}


def make_home(prefix: tuple[str, ...], *deeper: str) -> Path:
    """Return a home below a fresh folder of mode 0700 that the account owns."""
    command = (*prefix, "mktemp", "-d", "-p", tempfile.gettempdir(), "postern-home-XXXXXX")
    made = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - no shell
    return Path(made.stdout.strip()).joinpath(*deeper)
