"""Dovecot as an ordinary account on a loopback port, everything it writes below one folder."""

import contextlib
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.identity import CHILD_ENV, Identity, find_identity

HOST: Final = "127.0.0.1"

_PATIENCE_S: Final = 15.0
_PAUSE_S: Final = 0.02
_CONFIG: Final = """\
protocols = imap
listen = 127.0.0.1
base_dir = {run}
state_dir = {run}
instance_name = {run}
log_path = {folder}/dovecot.log
mail_location = maildir:{folder}/mail/%u
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
auth_failure_delay = 0
auth_username_chars =
disable_plaintext_auth = no
mail_max_userip_connections = 100
maildir_very_dirty_syncs = yes
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {folder}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {tls_port}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
{tls}
{extra}
"""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Certificate chain and key in PEM files."""

    certificate: Path
    key: Path


class Dovecot:
    """One Dovecot server. `users` maps a user to the password; `extra` is more configuration.

    It speaks plain and STARTTLS on `port`, and with `tls` also TLS from the first byte on `tls_port`.
    """

    def __init__(self, folder: Path, users: Mapping[str, str], *, tls: TlsFiles | None = None, extra: str = "") -> None:
        self.folder = folder
        self.port = 0
        self.tls_port = 0
        self._users = dict(users)
        self._tls = tls
        self._extra = extra
        self._run: Path | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process that watches over all others, 0 when the server does not run."""
        return self._child.pid if self._child else 0

    def start(self, port: int = 0) -> int:
        """Start on `port` (0: a free one) and return it once it takes connections; mails of an earlier run are there.

        Raises ServiceError when Dovecot is not installed or does not come up.
        """
        identity = find_identity()
        program = find_program()
        self.port = port or self.port or free_port()
        self.tls_port = (self.tls_port or free_port()) if self._tls else 0
        self._run = Path(tempfile.mkdtemp(prefix="postern-imap-"))
        config = self._write_files(identity)
        command = (*identity.prefix, program, "-F", "-c", str(config))
        with self._log.open("ab") as log:
            self._child = subprocess.Popen(command, env=CHILD_ENV, cwd="/", process_group=0, stderr=log)  # noqa: S603 - no shell
        self._wait_ready()
        return self.port

    def stop(self) -> None:
        """Stop the server, by force when it hangs, and remove its sockets. The mails stay."""
        if self._child is not None:
            with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
                os.killpg(self._child.pid, signal.SIGTERM)
                self._child.wait(2)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._child.pid, signal.SIGKILL)  # sessions outlive the process that watches over them
            self._child.wait(5)
            self._child = None
        if self._run is not None:
            shutil.rmtree(self._run, ignore_errors=True)
            self._run = None

    @property
    def _log(self) -> Path:
        return self.folder / "dovecot.log"

    def _write_files(self, identity: Identity) -> Path:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        users, config = self.folder / "users", self.folder / "dovecot.conf"
        users.write_text("".join(f"{user}:{password}\n" for user, password in self._users.items()), encoding="utf-8")
        config.write_text(self._config(identity), encoding="utf-8")
        self._log.touch()
        for path in (self.folder, self._run, users, config, self._log):
            if path is not None:
                identity.hand_over(path)
        users.chmod(0o600)
        return config

    def _config(self, identity: Identity) -> str:
        account = pwd.getpwuid(identity.owner[0]) if identity.owner else pwd.getpwnam(identity.peer)
        return _CONFIG.format(
            folder=self.folder,
            run=self._run,
            user=account.pw_name,
            group=grp.getgrgid(account.pw_gid).gr_name,
            port=self.port,
            tls_port=self.tls_port,
            tls=f"ssl = yes\nssl_cert = <{self._tls.certificate}\nssl_key = <{self._tls.key}"
            if self._tls
            else "ssl = no",
            extra=self._extra,
        )

    def _wait_ready(self) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not is_listening(self.port):
            if self._child is None or self._child.poll() is not None or time.monotonic() > until:
                self.stop()
                said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
                raise ServiceError("Dovecot did not start: " + " / ".join(said))
            time.sleep(_PAUSE_S)


def find_program() -> str:
    """Return Dovecot's program. Raises ServiceError when it is not installed."""
    found = shutil.which("dovecot", path=CHILD_ENV["PATH"])
    if found is None:
        raise ServiceError("Dovecot is not installed: apt-get install --no-install-recommends dovecot-imapd")
    return found


def free_port() -> int:
    """Return a loopback port that nobody listens on now."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        port: int = sock.getsockname()[1]
        return port


def is_listening(port: int) -> bool:
    """Tell whether something on this machine takes connections on `port`."""
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True
