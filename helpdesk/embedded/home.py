"""The folder that holds everything of one desk: keys, data, sockets, locks and logs. Private to its account."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helpdesk.embedded.errors import ServiceError

_CHECKOUT: Final = Path(__file__).resolve().parent.parent.parent
_PRIVATE: Final = 0o700


@dataclass(frozen=True, slots=True)
class Home:
    """POSTERN_HOME and the places inside it."""

    root: Path

    @property
    def keys(self) -> Path:
        """Keys: `secret.key` for signatures of the web, `root.key` for what is sealed."""
        return self.root / "keys"

    @property
    def run(self) -> Path:
        """Locks, logs and notes of what runs now."""
        return self.root / "run"

    @property
    def sockets(self) -> Path:
        """Where sockets lie, unless the path is too long for one."""
        return self.root / "sock"

    @property
    def postgres(self) -> Path:
        """The folder of the embedded PostgreSQL; its data folder is `data` inside."""
        return self.root / "postgres"

    @property
    def redis(self) -> Path:
        """The folder of the embedded Redis, with one data folder for each kind of server."""
        return self.root / "redis"

    @property
    def static(self) -> Path:
        """Static files, collected and compressed."""
        return self.root / "static"


def find_home() -> Home:
    """Return the home that POSTERN_HOME names, `var/` of the checkout without one. Touches nothing."""
    named = os.environ.get("POSTERN_HOME")
    return Home(Path(named).expanduser().absolute() if named else _CHECKOUT / "var")


def prepare(home: Home) -> None:
    """Make the folders of `home` with mode 0700 and its `secret.key`; what exists stays as it is.

    The root key is never made here: a desk that lost it must not get another one unasked.
    Raises ServiceError when the home belongs to another account.
    """
    _make_private(home.root)
    owner = home.root.stat().st_uid
    if owner != os.geteuid():
        raise ServiceError(f"{home.root} belongs to user id {owner}: run the command as that user, or set POSTERN_HOME")
    for folder in (home.keys, home.run, home.sockets, home.postgres, home.redis):
        _make_private(folder)
    _make_secret(home.keys / "secret.key")


def _make_private(folder: Path) -> None:
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    except OSError as error:
        raise ServiceError(
            f"{folder} cannot be made: {error.strerror}. Set POSTERN_HOME to a folder of yours"
        ) from error


def _make_secret(path: Path) -> None:
    """Write a fresh secret with mode 0600, whole or not at all; the first of two commands wins."""
    if path.exists():
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
