"""`setup`: the first administrator, the first inbox, and its mailbox when one is described."""

import getpass
import secrets
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.services import people
from helpdesk.core.errors import DomainError
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.setup import setup_keys
from helpdesk.management.acting import at_the_command_line
from helpdesk.management.commands import mailbox
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.inboxes import create_inbox
from inbox.mail.states import History, Security

Options = dict[str, Any]  # Any: each option has a type of its own
_REASON = "first administrator"


class Command(BaseCommand):
    """Make the first administrator, asked for or given by options."""

    help = "Make the first administrator and, with --imap-host, the first mailbox."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take who it is, and what `mailbox add` takes: the IMAP side's options begin with `--imap-` here."""
        parser.add_argument("--email", help="the administrator's address")
        parser.add_argument("--name", help="the administrator's name")
        parser.add_argument("--password-file", type=Path, help="a file that holds the password; else it is asked for")
        parser.add_argument("--no-input", action="store_true", help="ask for nothing; what is missing is an error")
        parser.add_argument("--inbox", help="the first inbox's name")
        parser.add_argument("--address", help="the first inbox's address")
        parser.add_argument("--ca-file", default="", help="PEM file of an own authority")
        for side, port in (("imap", 993), ("smtp", 465)):
            parser.add_argument(f"--{side}-host", default="", help=f"{side.upper()} server")
            parser.add_argument(f"--{side}-port", type=int, default=port, help=f"its port, {port} without it")
            parser.add_argument(f"--{side}-user", default="", help="who signs in there")
            parser.add_argument(f"--{side}-password-file", type=Path, help="a file that holds the password")
            parser.add_argument(
                f"--{side}-security", choices=[each.value for each in Security], default="tls", help="TLS is verified"
            )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it, and say what was done."""
        try:
            setup_keys()
        except CryptoError as error:
            raise CommandError(str(error)) from error
        who = _Answers(options)
        with at_the_command_line():
            try:
                self._make(who, options)
            except DomainError as error:
                raise CommandError(str(error)) from error

    @transaction.atomic
    def _make(self, who: "_Answers", options: Options) -> None:
        user = people.create_user(who.email, who.name, is_staff=True)
        try:
            people.set_password(user, who.password)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        inbox = _first_inbox(options)
        _bind(user, "Security admin")
        _bind(user, "Agent", inbox)
        self.stdout.write(_("%(email)s manages people, roles and factors (Security admin).") % {"email": user.email})
        self.stdout.write(
            _("%(email)s answers mail in the inbox %(inbox)s (Agent).") % {"email": user.email, "inbox": inbox.name}
        )
        self.stdout.write(_("The first sign-in asks for an authenticator app."))
        if options["imap_host"]:
            made = mailbox.add_from(_mailbox_options(options, inbox))
            self.stdout.write(_("%(mailbox)s feeds the inbox.") % {"mailbox": made})


class _Answers:
    """What the options say, and what is asked for where they do not."""

    def __init__(self, options: Options) -> None:
        self._may_ask = not options["no_input"]
        self.email = options["email"] or self._ask(_("E-mail address: "), "--email")
        try:
            validate_email(self.email)
        except ValidationError as error:
            raise CommandError(f"{self.email}: {' '.join(error.messages)}") from error
        self.name = options["name"] or (self._ask(_("Name: "), "--name") if self._may_ask else self.email)
        self.password = self._password(options["password_file"])

    def _ask(self, question: str, option: str) -> str:
        if not self._may_ask:
            raise CommandError(f"{option} is missing")
        return input(question).strip()

    def _password(self, path: Path | None) -> str:
        if path is not None:
            try:
                return path.read_text(encoding="utf-8").rstrip("\r\n")
            except OSError as error:
                raise CommandError(f"--password-file cannot be read: {error.strerror}") from error
        if not self._may_ask:
            raise CommandError("--password-file is missing")
        first = getpass.getpass(_("Password: "))
        if not secrets.compare_digest(first.encode(), getpass.getpass(_("Password again: ")).encode()):
            raise CommandError(_("The two passwords differ."))
        return first


def _first_inbox(options: Options) -> Inbox:
    name = options["inbox"]
    known = Inbox.objects.filter(name=name).first() if name else Inbox.objects.order_by("created_at").first()
    address = options["address"]
    return known or create_inbox(name or _("Support"), addresses=(address,) if address else ())


def _mailbox_options(options: Options, inbox: Inbox) -> Options:
    imap = {name: options[f"imap_{name}"] for name in ("host", "port", "user", "password_file", "security")}
    return {**options, **imap, "inbox": inbox.name, "folder": "INBOX", "history": History.NONE}


def _bind(user: User, role: str, inbox: Inbox | None = None) -> None:
    spec = BindingSpec(
        role=Role.objects.get(name=role), inboxes=(inbox,) if inbox else (), people=(user,), reason=_REASON
    )
    make_binding(spec, by=None)
