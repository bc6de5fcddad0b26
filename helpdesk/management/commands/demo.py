"""`demo`: a working desk on a fresh machine, with believable people, mail, and the servers on the other side."""

import base64
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connections
from django.utils import timezone
from django_otp.oath import totp

from helpdesk.demo.build import Ports, SignIn, build_desk, is_built, move_ports, read_file, work_a_little, write_file
from helpdesk.demo.imap_server import DemoImap
from helpdesk.demo.mails.post import arrivals
from helpdesk.demo.people import MAILBOX_USER
from helpdesk.demo.sink import Sink
from helpdesk.management.commands import up
from helpdesk.management.progress import Progress

_FILE: Final = "demo.json"


class Command(BaseCommand):
    """Build the demo when it is not there yet, then run it until Ctrl-C."""

    help = "Run a desk with believable data, a local IMAP server and a sink of the mails it sends."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take `--code` for the second factor of one of the demo's people."""
        parser.add_argument("--code", metavar="EMAIL", help="print the code that this person's app shows now, and end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Return when a signal has stopped everything."""
        path = Path(settings.POSTERN_HOME) / _FILE
        if options["code"]:
            self.stdout.write(_code(path, options["code"]))
            return
        with up.prepared_home() as home, _other_side(path) as (imap, sink):
            ports = Ports(imap.port, sink.smtp_port, sink.http_port)
            sign_ins = self._fill(path, imap, ports)
            write_file(path, sign_ins, imap.password, ports=ports)
            self._tell(path, sign_ins, ports)
            connections.close_all()
            up.run(home)

    def _fill(self, path: Path, imap: DemoImap, ports: Ports) -> list[SignIn]:
        if is_built():
            move_ports(ports)
            known = read_file(path)["users"]
            return [SignIn(**user) for user in known]
        sign_ins = build_desk(imap.password, ports)
        mails = arrivals(timezone.now())
        progress = Progress(self.stderr, what="putting mails into the IMAP server", total=len(mails))
        progress.end(imap.append(mails))
        call_command("fetch_mail")
        work_a_little()
        return sign_ins

    def _tell(self, path: Path, sign_ins: list[SignIn], ports: Ports) -> None:
        self.stdout.write(f"\nThe desk opens at {settings.POSTERN_URL}\n")
        self.stdout.write(f"What it sends stays here and shows at http://127.0.0.1:{ports.sink}/\n\n")
        for each in sign_ins:
            self.stdout.write(f"  {each.role:<19} {each.email:<36} {each.password}")
        self.stdout.write(f"\nThe secrets for an authenticator app stand in {path}.")
        self.stdout.write("Without an app, `manage.py demo --code EMAIL` prints the code of this moment.\n")


@contextmanager
def _other_side(path: Path) -> Iterator[tuple[DemoImap, Sink]]:
    """Start the IMAP server and the sink, on the ports of an earlier run where they are free."""
    folder = path.parent / "demo"
    folder.mkdir(mode=0o700, exist_ok=True)
    known = read_file(path) if path.is_file() else {}
    password = known["imap"]["password"] if known else secrets.token_urlsafe(18)
    imap, sink = DemoImap(MAILBOX_USER, password), Sink(folder / "sent")
    try:
        imap.start(folder / "imap")
        sink.start()
        yield imap, sink
    finally:
        sink.stop()
        imap.stop()


def _code(path: Path, email: str) -> str:
    if not path.is_file():
        raise CommandError("there is no demo in this home yet: run `make demo` first")
    for user in read_file(path)["users"]:
        if user["email"] == email:
            return _six_digits(user["totp_secret"])
    raise CommandError(f"the demo knows nobody with the address {email}")


def _six_digits(secret: str) -> str:
    # The same code is taken once only: just before it changes, the next one is the better answer.
    key = base64.b32decode(secret)
    return f"{totp(key, t0=0):06d}" if time.time() % 30 < 28 else f"{totp(key, t0=-30):06d}"
