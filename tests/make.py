"""Rows for tests, made as the product makes them: by its services, and tickets by a mail that is stored and read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import policy
from email.message import EmailMessage
from itertools import count
from typing import Final
from uuid import uuid4

from accounts.models import User
from accounts.services import people
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.inboxes import create_inbox
from inbox.mail.models import InboundMail, Mailbox, OutboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.files import Upload
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.reply import NewReply, send_reply
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox
from inbox.mail.states import History, Security
from inbox.tickets.models import Message, Ticket
from tests.servers.dovecot import PASSWORD, USER, MailHost
from tests.servers.smtp import SmtpHost
from tests.signed_in import PASSWORD as PERSONS_PASSWORD

KIM: Final = "Kim Reyes <kim@example.org>"
DESK: Final = "hilfe@desk.example.net"

_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a made mail holds beside its subject and text. `headers` are added as they are."""

    sender: str = KIM
    to: str = DESK
    cc: str = ""
    html: str = ""
    header_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    files: Sequence[tuple[str, bytes]] = ()


def make_mail(subject: str = "Printer", text: str = "It does not print.\n", letter: Letter | None = None) -> bytes:
    """Return a mail with CRLF line ends; its Message-ID is new unless the letter gives one."""
    letter = letter or Letter()
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = letter.sender
    message["To"] = letter.to
    if letter.cc:
        message["Cc"] = letter.cc
    message["Subject"] = subject
    message["Date"] = datetime(2026, 10, 5, 8, 15, tzinfo=UTC)
    message["Message-ID"] = letter.header_id or f"<{uuid4().hex}@example.org>"
    for name, value in letter.headers.items():
        message[name] = value
    message.set_content(text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for name, data in letter.files:
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
    return message.as_bytes()


def make_inbox(name: str = "Support", *, address: str = DESK, takes_plus: bool = False) -> Inbox:
    """Return the inbox of that name, made with `address` to send from when it is not there."""
    inbox = Inbox.objects.filter(name=name).first() or create_inbox(name, addresses=(address,))
    if takes_plus:
        inbox.addresses.update(takes_plus=True)
    return inbox


def make_agent(role: str = "Agent", *, inbox: Inbox | None = None, email: str = "", name: str = "Lea Berg") -> User:
    """Return a new person who holds the shipped `role` on `inbox` (None: on all inboxes)."""
    user = people.create_user(email or f"agent{next(_numbers)}@staff.example.com", name, PERSONS_PASSWORD)
    spec = BindingSpec(
        Role.objects.get(name=role), inboxes=(inbox,) if inbox else (), all_inboxes=inbox is None, people=(user,)
    )
    make_binding(spec, by=None)
    return user


def make_mailbox(
    inbox: Inbox,
    mail_host: MailHost | None = None,
    smtp_host: SmtpHost | None = None,
    *,
    history: History = History.ALL,
    sends_system_mail: bool = False,
) -> Mailbox:
    """Return a mailbox that feeds `inbox` from one test server and sends by the other; None: nobody listens there."""
    imap_port = mail_host.port if mail_host else 1
    smtp_port = smtp_host.port if smtp_host else 1
    loopback = Security.PLAINTEXT_LOOPBACK
    new = NewMailbox(
        inbox,
        Account("127.0.0.1", imap_port, USER, PASSWORD, loopback),
        Account("127.0.0.1", smtp_port, "", "", loopback),
        history=history,
        sends_system_mail=sends_system_mail,
    )
    return add_mailbox(new)


def receive(mime: bytes, *, inbox: Inbox | None = None, mailbox: Mailbox | None = None) -> RawMail:
    """Let a mail come into `inbox` (Support), through `mailbox` or as an import, and return its row once it was read.

    It arrives now.
    """
    source = Source(inbox or (mailbox.inbox if mailbox else make_inbox()), mailbox)
    row = store_raw(source, [Arrival(f"test:{next(_numbers)}", len(mime), datetime.now(UTC), [mime])])[0]
    process_raw(row.pk)
    row.refresh_from_db()
    return row


def message_of(raw: RawMail) -> Message:
    """Return the message that a mail became in its one inbox."""
    message = InboundMail.objects.select_related("message__ticket__inbox").get(raw=raw).message
    assert message is not None
    return message


def make_ticket(
    subject: str = "Printer",
    *,
    inbox: Inbox | None = None,
    sender: str = KIM,
    text: str = "It does not print.\n",
    letter: Letter | None = None,
) -> Ticket:
    """Return the ticket of a mail from `sender`; a `letter` says more of that mail and then its own sender."""
    letter = letter or Letter(sender=sender)
    return message_of(receive(make_mail(subject, text, letter), inbox=inbox)).ticket


def make_reply(
    ticket: Ticket,
    text: str = "We look into it.",
    *,
    by: User | None = None,
    cc: Sequence[Recipient] = (),
    files: Sequence[tuple[str, bytes]] = (),
) -> OutboundMail:
    """Return the outbox row of a reply by `by` (a new agent). The inbox gets a mailbox when it has none."""
    if not ticket.inbox.mailboxes.exists():
        make_mailbox(ticket.inbox)
    uploads = [Upload(name, "application/octet-stream", [data]) for name, data in files]
    new = NewReply(text, uuid4(), None, cc=cc, files=uploads)
    return send_reply(ticket, new, by=by or make_agent(inbox=ticket.inbox))
