"""Under which account PostgreSQL runs, since it refuses to run as root, and by which name it knows us."""

import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helpdesk.embedded.errors import ServiceError

CHILD_ENV: Final = {"PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
"""All that a service sees of our environment: no password, no key, no library path."""

_NOBODY: Final = 65534
_RIGHT: Final = "-all,+dac_read_search"
_ALSO_FOR_ACCESS: Final = "--securebits=+no_setuid_fixup"
"""Without it access(2), by which PostgreSQL looks for its own programs, does not count that right."""


@dataclass(frozen=True, slots=True)
class Identity:
    """How to start PostgreSQL: `prefix` stands before its command, `peer` is our name in its eyes.

    `owner` is the (user id, group id) that its folders must belong to, None when they are simply ours.
    """

    prefix: tuple[str, ...]
    peer: str
    owner: tuple[int, int] | None = None

    def hand_over(self, folder: Path) -> None:
        """Give `folder`, not what lies above it, to the account of the server."""
        if self.owner is not None and folder.stat().st_uid != self.owner[0]:
            os.chown(folder, *self.owner)

    def hand_over_all(self, folder: Path) -> None:
        """Give `folder` and all in it to the account of the server, when it was another's: a copied home is ours."""
        if self.owner is None or folder.stat().st_uid == self.owner[0]:
            return
        for path in (folder, *folder.rglob("*")):
            os.chown(path, *self.owner, follow_symlinks=False)


def find_identity() -> Identity:
    """Return how PostgreSQL may run here. Raises ServiceError when neither way is open to root."""
    name = _name(os.geteuid())
    if os.geteuid() != 0 and name is not None:
        return Identity((), name)
    account = _ordinary_account()
    inside = _namespace(account)
    if inside is not None:
        return Identity(inside, account.pw_name)
    aside = _other_account(account)
    if aside is not None and name is not None:
        return Identity(aside, name, (account.pw_uid, account.pw_gid))
    raise ServiceError(
        "PostgreSQL does not run as root, and neither a user namespace (unshare) nor another account (setpriv) is "
        "allowed here: run the command as an ordinary user, or set DATABASE_URL"
    )


def _namespace(account: pwd.struct_passwd) -> tuple[str, ...] | None:
    """Return the command that shows us as `account` to the server, if the system lets us.

    Never `nobody`: inside, every account without a mapping looks like it and would pass as ours.
    """
    tool = shutil.which("unshare")
    if tool is None:
        return None
    prefix = (tool, "--user", f"--map-user={account.pw_uid}", f"--map-group={account.pw_gid}", "--")
    return prefix if _works(prefix) else None


def _other_account(account: pwd.struct_passwd) -> tuple[str, ...] | None:
    """Return the command that runs the server as `account`, which may read past the private folders above its data."""
    tool = shutil.which("setpriv")
    if tool is None:
        return None
    ids = (f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--no-new-privs")
    prefix = (tool, *ids, _ALSO_FOR_ACCESS, f"--inh-caps={_RIGHT}", f"--ambient-caps={_RIGHT}", "--")
    return prefix if _works(prefix) else None


def _works(prefix: tuple[str, ...]) -> bool:
    done = subprocess.run((*prefix, "/bin/true"), env=CHILD_ENV, capture_output=True, check=False)  # noqa: S603 - no shell
    return done.returncode == 0


def _ordinary_account() -> pwd.struct_passwd:
    accounts = (entry for entry in pwd.getpwall() if entry.pw_uid not in {0, os.geteuid(), _NOBODY})
    found = min(accounts, key=lambda entry: entry.pw_uid, default=None)
    if found is None:
        raise ServiceError("PostgreSQL does not run as root and there is no other account: set DATABASE_URL")
    return found


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
