"""The pretend IMAP server for a machine without Dovecot: pymap, in memory, empty at each start."""

import importlib.util
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from helpdesk.demo.dovecot import HOST, free_port, is_listening
from helpdesk.embedded.errors import ServiceError
from helpdesk.embedded.identity import CHILD_ENV

_PATIENCE_S: Final = 20.0
_PAUSE_S: Final = 0.05
_START: Final = "import sys; from pymap.main import main; sys.argv[0] = 'pymap'; main()"


class Pymap:
    """One pymap server with one user. Raises ServiceError when the package is missing or does not come up."""

    def __init__(self, folder: Path, user: str, password: str) -> None:
        self.port = 0
        self._log = folder / "pymap.log"
        self._user = user
        self._password = password
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, port: int = 0) -> int:
        """Start on `port` (0: a free one) and return it once it takes connections. The mailbox is empty."""
        if importlib.util.find_spec("pymap") is None:
            raise ServiceError("Neither Dovecot nor pymap is installed: pip install -r requirements-demo.lock")
        self.port = port or free_port()
        listen = ("--no-tls", "--host", HOST, "--port", str(self.port), "--no-service", "managesieve")
        account = ("dict", "--demo-user", self._user, "--demo-password", self._password)
        self._log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._log.open("ab") as log:
            command = (sys.executable, "-c", _START, *listen, *account)
            self._child = subprocess.Popen(command, env=CHILD_ENV, process_group=0, stdout=log, stderr=log)  # noqa: S603 - no shell
        self._wait_ready()
        return self.port

    def stop(self) -> None:
        """Stop the server; its mails are gone."""
        if self._child is None:
            return
        self._child.terminate()
        try:
            self._child.wait(5)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait(5)
        self._child = None

    def _wait_ready(self) -> None:
        until = time.monotonic() + _PATIENCE_S
        while not is_listening(self.port):
            if self._child is None or self._child.poll() is not None or time.monotonic() > until:
                self.stop()
                said = self._log.read_text(encoding="utf-8", errors="replace").splitlines()[-3:]
                raise ServiceError("pymap did not start: " + " / ".join(said))
            time.sleep(_PAUSE_S)
