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
from inbox.mail.imap.wire import StepResult
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.opening import imap_server, secret_of
from inbox.mail.send.deliver import smtp_server
from inbox.mail.send.smtp import probe_smtp
from inbox.mail.states import History, Security


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


@dataclass(frozen=True, slots=True)
class Probed:
    """One step of a connection test, on the IMAP or the SMTP side."""

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
    mailbox.save(update_fields=["secret"])
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
    imap = probe(
        imap_server(mailbox),
        user=mailbox.imap_user,
        password=secret_of(mailbox, "imap_password"),
        folder=mailbox.folder,
    )
    for step in imap:
        ok = ok and step.ok
        yield Probed("imap", step)
    if mailbox.smtp_host:
        for step in probe_smtp(smtp_server(mailbox)):
            ok = ok and step.ok
            yield Probed("smtp", step)
    record(Action.MAILBOX_TESTED, on=mailbox.as_subject(), outcome=Outcome.DONE if ok else Outcome.FAILED)


def _secret(imap_password: str, smtp_password: str) -> dict[str, str]:
    return {"imap_password": imap_password, "smtp_password": smtp_password}
