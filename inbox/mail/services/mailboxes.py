"""Add, change, test and remove mailboxes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Concat

from audit.actions import Action, Outcome
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.mail.imap.probe import probe
from inbox.mail.imap.wire import Step, StepResult, WireError
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.oauth.credentials import access_token, imap_credential
from inbox.mail.opening import imap_server
from inbox.mail.send.connection import probe_smtp
from inbox.mail.send.deliver import smtp_server
from inbox.mail.states import AuthKind, Disposal, History, Security


@dataclass(frozen=True, slots=True)
class Account:
    """One side of a mailbox: where its server listens and who signs in. An empty `host` means that there is none."""

    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    security: Security = Security.TLS


@dataclass(frozen=True, slots=True)
class NewMailbox:
    """What a mailbox is made of."""

    inbox: Inbox
    imap: Account
    smtp: Account = Account()
    folder: str = "INBOX"
    history: History = History.NONE
    ca_file: str = ""
    sends_system_mail: bool = False
    sent_folder: str = ""
    """Where a copy of each sent mail is kept; "" for none."""
    dispose: Disposal = Disposal.LEAVE
    dispose_folder: str = "Processed"


@dataclass(frozen=True, slots=True)
class Probed:
    """One step of a connection test, on the IMAP or the SMTP side; `oauth` is the provider of tokens."""

    side: str
    step: StepResult


@transaction.atomic
def add_mailbox(new: NewMailbox) -> Mailbox:
    """Make a mailbox. Its secrets are sealed; nothing is fetched yet."""
    return Mailbox.objects.create(
        inbox=new.inbox,
        secret=_secret(new.imap.password, new.smtp.password),
        imap_host=new.imap.host,
        imap_port=new.imap.port,
        imap_user=new.imap.user,
        imap_security=new.imap.security,
        smtp_host=new.smtp.host,
        smtp_port=new.smtp.port or 465,
        smtp_user=new.smtp.user,
        smtp_security=new.smtp.security,
        folder=new.folder,
        history=new.history,
        ca_file=new.ca_file,
        sends_system_mail=new.sends_system_mail,
        sent_folder=new.sent_folder,
        dispose=new.dispose,
        dispose_folder=new.dispose_folder,
    )


@transaction.atomic
def change_secret(mailbox: Mailbox, *, imap_password: str = "", smtp_password: str = "") -> Mailbox:
    """Replace the passwords that are given; an empty one leaves the old as it is. The value is never recorded."""
    mailbox = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    with purpose(Purpose.SYSTEM):
        secret: dict[str, Any] = dict(mailbox.secret)  # Any: sealed JSON is whatever was sealed
    changed = {name: value for name, value in _secret(imap_password, smtp_password).items() if value}
    if not changed:
        return mailbox
    mailbox.secret = secret | changed
    mailbox.next_poll_at = None  # what was mended is tried at once
    mailbox.save(update_fields=["secret", "next_poll_at"])
    record(Action.MAILBOX_SECRET, on=mailbox.as_subject(), changed=sorted(changed))
    return mailbox


@transaction.atomic
def forget_secret(mailbox: Mailbox, *, sides: Sequence[str]) -> Mailbox:
    """Drop the password of each side of `sides` ("imap", "smtp"), because its server is another one now."""
    gone = {f"{side}_password" for side in sides}
    if not gone:
        return mailbox
    mailbox = Mailbox.objects.select_for_update().get(pk=mailbox.pk)
    with purpose(Purpose.SYSTEM):
        secret: dict[str, Any] = dict(mailbox.secret)  # Any: sealed JSON is whatever was sealed
    mailbox.secret = {name: "" if name in gone else value for name, value in secret.items()}
    mailbox.save(update_fields=["secret"])
    record(Action.MAILBOX_SECRET, on=mailbox.as_subject(), forgotten=sorted(gone))
    return mailbox


@transaction.atomic
def remove_mailbox(mailbox: Mailbox) -> None:
    """Remove a mailbox with its secrets. What came through it stays, under keys that no other mailbox has."""
    RawMail.objects.filter(mailbox=mailbox).update(transport_key=Concat(Value(f"{mailbox.pk.hex}:"), "transport_key"))
    mailbox.delete()


def test_mailbox(mailbox: Mailbox) -> Iterator[Probed]:
    """Try the mailbox's connections and yield each step as it ends, the failing one with the server's own words."""
    ok = True
    for probed in _steps(mailbox):
        ok = ok and probed.step.ok
        yield probed
    record(Action.MAILBOX_TESTED, on=mailbox.as_subject(), outcome=Outcome.DONE if ok else Outcome.FAILED)


def _steps(mailbox: Mailbox) -> Iterator[Probed]:
    """Yield each step: without a token neither side can be tried."""
    try:
        if mailbox.auth_kind == AuthKind.XOAUTH2:
            access_token(mailbox, fresh=True)
            yield Probed("oauth", StepResult(Step.TOKEN, ok=True))
        known, server = imap_credential(mailbox), smtp_server(mailbox) if mailbox.smtp_host else None
    except WireError as error:
        yield Probed("oauth", StepResult(error.step, ok=False, words=error.words))
        return
    place = imap_server(mailbox)
    for step in probe(place, user=known.user, password=known.password, bearer=known.bearer, folder=mailbox.folder):
        yield Probed("imap", step)
    for step in probe_smtp(server) if server else ():
        yield Probed("smtp", step)


def _secret(imap_password: str, smtp_password: str) -> dict[str, str]:
    return {"imap_password": imap_password, "smtp_password": smtp_password}
