"""`mailbox add|list|test|remove`: the mail accounts that feed inboxes."""

from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.urls import reverse

from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line
from helpdesk.web.admin.connect import redirect_uri
from inbox.inboxes.models import Inbox
from inbox.inboxes.services.inboxes import add_address, create_inbox
from inbox.mail.models import Mailbox
from inbox.mail.services.consent import Client, connect_app, keep_refresh_token, set_client
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox, remove_mailbox, test_mailbox
from inbox.mail.states import Disposal, History, OAuthFlow, OAuthProvider, Security

_SECURITIES: Final = [each.value for each in Security]


class Command(BaseCommand):
    """Manage mailboxes."""

    help = "Add, list, test and remove mailboxes."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one of the four acts."""
        acts = parser.add_subparsers(dest="act", required=True)
        _add_options(acts.add_parser("add", help="add a mailbox; its inbox is made when it is not there"))
        acts.add_parser("list", help="list the mailboxes and how they fare")
        for act in ("test", "remove"):
            acts.add_parser(act).add_argument("mailbox", type=UUID, help="the mailbox's id")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it."""
        with at_the_command_line():
            try:
                getattr(self, f"_{options['act']}")(options)
            except DomainError as error:
                raise CommandError(str(error)) from error

    def _add(self, options: dict[str, Any]) -> None:  # Django's parsed options
        _require_whole(options)
        mailbox = add_from(options)
        self.stdout.write(f"{mailbox.pk} {mailbox} feeds {mailbox.inbox}")
        if mailbox.needs_consent:
            page = f"{settings.POSTERN_URL}{reverse('admin:mail_mailbox_change', args=[mailbox.pk])}"
            self.stdout.write(f"nobody has consented yet: open {page} and press Connect")
            self.stdout.write(f"the provider asks for this redirect address: {redirect_uri()}")

    def _list(self, _options: dict[str, Any]) -> None:  # Django's parsed options
        for mailbox in Mailbox.objects.select_related("inbox"):
            good = mailbox.last_good_at.isoformat(timespec="seconds") if mailbox.last_good_at else "never"
            fault = f", failing at {mailbox.fault_step}" if mailbox.fault_step else ""
            fault += f", {mailbox.back_left} older mails to come" if mailbox.back_left else ""
            consent = ", needs consent" if mailbox.needs_consent else ""
            self.stdout.write(f"{mailbox.pk} {mailbox} feeds {mailbox.inbox}, last good {good}{fault}{consent}")

    def _test(self, options: dict[str, Any]) -> None:  # Django's parsed options
        failed = False
        for probed in test_mailbox(_mailbox(options["mailbox"])):
            failed = failed or not probed.step.ok
            words = f": {probed.step.words}" if probed.step.words else ""
            self.stdout.write(f"{probed.side} {probed.step.step.value} {'ok' if probed.step.ok else 'FAILED'}{words}")
        if failed:
            raise CommandError("the mailbox does not work yet")

    def _remove(self, options: dict[str, Any]) -> None:  # Django's parsed options
        remove_mailbox(_mailbox(options["mailbox"]))
        self.stdout.write("removed; the mail that came through it stays")


def _add_options(parser: ArgumentParser) -> None:
    """Add the options that describe a mailbox."""
    parser.add_argument("--inbox", required=True, help="the inbox's name")
    parser.add_argument("--address", help="the inbox's address; without it the user, when that is an address")
    parser.add_argument("--ca-file", default="", help="PEM file of an own authority")
    _add_imap(parser)
    _add_smtp(parser)
    _add_oauth(parser)


def _add_imap(parser: ArgumentParser) -> None:
    parser.add_argument("--host", help="IMAP server")
    parser.add_argument("--port", type=int, default=993, help="IMAP port, 993 without it")
    parser.add_argument("--user", required=True, help="who signs in there, mostly the mailbox's address")
    parser.add_argument("--password-file", type=Path, help="file that holds the password")
    parser.add_argument("--security", choices=_SECURITIES, default="tls", help="TLS is always verified")
    parser.add_argument("--folder", default="INBOX", help="the folder that is read")
    parser.add_argument(
        "--history",
        choices=[each.value for each in History],
        default="none",
        help="none: only mail from now on; all: what lies there too",
    )
    parser.add_argument(
        "--dispose",
        choices=[each.value for each in Disposal],
        default="leave",
        help="what becomes of a mail on the server once it is read and safe here",
    )
    parser.add_argument("--dispose-folder", default="Processed", help="where --dispose move puts it")


def _add_smtp(parser: ArgumentParser) -> None:
    parser.add_argument("--smtp-host", default="", help="SMTP server; without it nothing is sent by this mailbox")
    parser.add_argument("--smtp-port", type=int, default=465, help="SMTP port, 465 without it")
    parser.add_argument("--smtp-user", default="", help="who signs in there; nobody without it")
    parser.add_argument("--smtp-password-file", type=Path, help="file that holds its password; else the IMAP one")
    parser.add_argument("--smtp-security", choices=_SECURITIES, default="tls", help="TLS is always verified")
    parser.add_argument("--sent-folder", default="", help="a copy of each sent mail is kept there; none without it")


def _add_oauth(parser: ArgumentParser) -> None:
    group = parser.add_argument_group("OAuth2 instead of a password")
    group.add_argument("--provider", choices=[each.value for each in OAuthProvider], help="its servers need no --host")
    group.add_argument(
        "--flow",
        choices=[each.value for each in OAuthFlow],
        default="consent",
        help="consent: a person consents in a browser; app: the application by itself (Microsoft 365)",
    )
    group.add_argument("--tenant", default="", help="Microsoft 365: the organisation's id or domain")
    group.add_argument("--client-id", default="", help="what the provider knows the desk by")
    group.add_argument("--client-secret-file", type=Path, help="file that holds the client's secret")
    group.add_argument("--refresh-token-file", type=Path, help="of a consent that was given elsewhere")


@transaction.atomic
def add_from(options: dict[str, Any]) -> Mailbox:  # Django's parsed options
    """Make the mailbox that the options describe, and its inbox when it is not there, or neither.

    Raises CommandError, AddressTaken, WrongProvider and ConsentRefused.
    """
    provider = options.get("provider")
    inbox = Inbox.objects.filter(name=options["inbox"]).first() or create_inbox(options["inbox"])
    address = options["address"] or options["user"]
    if "@" in address and not inbox.addresses.exists():
        add_address(inbox, address, sends=True)
    imap = Account(
        options["host"] or "",
        options["port"],
        options["user"],
        _password(options["password_file"]),
        Security(options["security"]),
    )
    smtp = Account(
        options["smtp_host"],
        options["smtp_port"],
        options["smtp_user"],
        _password(options["smtp_password_file"]),
        Security(options["smtp_security"]),
    )
    new = NewMailbox(inbox, imap, smtp, options["folder"], History(options["history"]), options["ca_file"])
    more = {name: options[name] for name in ("sent_folder", "dispose", "dispose_folder") if name in options}
    mailbox = add_mailbox(replace(new, **more))
    return _connected(mailbox, options) if provider else mailbox


def _connected(mailbox: Mailbox, options: dict[str, Any]) -> Mailbox:  # Django's parsed options
    """Let the mailbox sign in by OAuth2; an application that asks by itself has its first token then."""
    secret = _password(options["client_secret_file"])
    client = Client(options["provider"], options["flow"], options["client_id"], options["tenant"], secret)
    mailbox = set_client(mailbox, client)
    if options["flow"] == OAuthFlow.APP:
        return connect_app(mailbox)
    token = _password(options["refresh_token_file"])
    return keep_refresh_token(mailbox, token) if token else mailbox


def _require_whole(options: dict[str, Any]) -> None:  # Django's parsed options
    if options["sent_folder"].casefold() == options["folder"].casefold():
        raise CommandError("--sent-folder is the folder that is read: each copy would come in as new mail")
    goes_to = options["dispose_folder"].casefold()
    if options["dispose"] == Disposal.MOVE and goes_to == options["folder"].casefold():
        raise CommandError("--dispose-folder is the folder that is read")
    provider = options["provider"]
    names = ["client_id", "client_secret_file"] if provider else ["host", "password_file"]
    for name in [*names, "host"] if provider == OAuthProvider.OTHER else names:
        if not options[name]:
            raise CommandError(f"--{name.replace('_', '-')} is missing")


def _password(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text(encoding="utf-8").rstrip("\r\n")
    except OSError as error:
        raise CommandError(f"{path} cannot be read: {error.strerror}") from error


def _mailbox(mailbox_id: UUID) -> Mailbox:
    mailbox = Mailbox.objects.filter(pk=mailbox_id).first()
    if mailbox is None:
        raise CommandError("there is no such mailbox (see `mailbox list`)")
    return mailbox
