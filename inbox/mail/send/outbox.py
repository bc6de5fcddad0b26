"""Write a mail into the outbox: everything that leaves is frozen here, before the first try."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.events import emit
from helpdesk.core.ids import new_id
from helpdesk.core.killpoints import reached
from helpdesk.core.ready import Ready, Slot
from helpdesk.crypto.blind import blind
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.mail import tokens
from inbox.mail.errors import NoSender, OnceTaken
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.quote import Body
from inbox.mail.send.recipients import Recipient
from inbox.mail.states import KillPoint, OutKind
from inbox.tickets.errors import EmptyText
from inbox.tickets.events import MessageAdded
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.append import NewParticipant, preview_of
from inbox.tickets.services.locking import save_change
from inbox.tickets.states import Direction, Part

_ADDRESS: Final = Ready(lambda: InboxAddress.objects.filter(inbox=Slot("inbox"))[:1])
"""The address to send from stands first."""
_MAILBOX: Final = Ready(lambda: Mailbox.objects.filter(inbox=Slot("inbox"), active=True).exclude(smtp_host="")[:1])
_SYSTEM: Final = Ready(
    lambda: (
        Mailbox.objects.select_related("inbox").filter(active=True, sends_system_mail=True).exclude(smtp_host="")[:1]
    )
)
_OF_MESSAGE: Final = Ready(lambda: OutboundMail.objects.filter(message=Slot("message")))
_ONCE: Final = Ready(lambda: OutboundMail.objects.filter(once=Slot("once")))

REFERENCES_KEPT: Final = 20
"""Message-IDs that an answer cites at most."""


@dataclass(frozen=True, slots=True)
class Sender:
    """What an inbox sends from: its address, and the mailbox that carries the mail."""

    address: InboxAddress
    mailbox: Mailbox


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What a mail to a customer is made of. `references` ends with the Message-ID in `in_reply_to`."""

    kind: OutKind
    once: UUID
    sender: Sender
    subject: str
    body: Body
    to: Sequence[Recipient]
    cc: Sequence[Recipient] = ()
    in_reply_to: str = ""
    references: Sequence[str] = field(default_factory=tuple)
    state_before: str = ""
    """The ticket's state before the mail moved it, for the undo; "" when it moved nothing."""


def sender_of(inbox: Inbox) -> Sender:
    """Return what the inbox sends from. Raises NoSender."""
    address = _ADDRESS.first(inbox=inbox.pk)
    mailbox = _MAILBOX.first(inbox=inbox.pk) or system_mailbox()
    if address is None or mailbox is None:
        raise NoSender("this inbox cannot send yet: an administrator gives it an address and a mailbox with SMTP")
    return Sender(address, mailbox)


def way_out(row: OutboundMail) -> Mailbox | None:
    """Return the mailbox that carries `row` now, None when there is none: its own, else another of its inbox.

    The desk's own mail written before there was a mailbox for it takes its sender from the mailbox that it finds.
    """
    if row.mailbox is not None:
        return row.mailbox
    if row.kind == OutKind.SYSTEM:
        return _adopted(row)
    try:
        return sender_of(row.inbox).mailbox if row.inbox is not None else None
    except NoSender:
        return None


def system_mailbox() -> Mailbox | None:
    """Return the mailbox that carries the desk's own mail, None when none is marked."""
    return _SYSTEM.first()


def system_address(mailbox: Mailbox | None) -> str:
    """Return the address that the desk itself writes from; without a mailbox Django's DEFAULT_FROM_EMAIL."""
    if mailbox is None:
        return settings.DEFAULT_FROM_EMAIL
    address = mailbox.inbox.addresses.first()
    return address.address if address is not None else mailbox.smtp_user or mailbox.imap_user


def _adopted(row: OutboundMail) -> Mailbox | None:
    mailbox = system_mailbox()
    if mailbox is None:
        return None
    with purpose(Purpose.SYSTEM):
        name, _ = row.envelope["from"]
        row.envelope = {**row.envelope, "from": [name, system_address(mailbox)]}
    row.mailbox = mailbox
    row.save(update_fields=["mailbox", "envelope"])
    return mailbox


def new_header_id(address: str) -> str:
    """Return a fresh Message-ID: 128 random bits at the sending domain. It tells nothing and cannot be guessed."""
    return f"<out.{secrets.token_hex(16)}@{address.rpartition('@')[2]}>"


def header_id_of(message: Message) -> str:
    """Return the Message-ID that `message` came or left under, "" for none. Opens it: the caller names the purpose."""
    if message.direction != Direction.OUTBOUND:
        return str(message.header_id)
    row = _OF_MESSAGE.first(message=message.pk)
    return str(row.header_id) if row is not None else ""


def answer_to(subject: str) -> str:
    """Return the subject of an answer to a mail with `subject`."""
    plain = " ".join(subject.split())
    return plain if plain[:3].casefold() == "re:" else f"Re: {plain}"


def bring_up(ticket: Ticket, message: Message, *fields: str) -> None:
    """Let the list show a mail just written, and save the ticket with these `fields` besides.

    A mail without a word of its own leaves the preview that was there.
    """
    ticket.last_activity = max(ticket.last_activity, message.at)
    with purpose(Purpose.SYSTEM):
        ticket.preview = preview_of(message.text) or ticket.preview
    save_change(ticket, "last_activity", "preview", *fields)


def made_before(once: UUID, *, by: User) -> OutboundMail | None:
    """Return the mail that the same form made, None when it made none. Raises OnceTaken for somebody else's form."""
    made = _ONCE.first(once=once)
    if made is not None and made.author_id != by.pk:
        raise OnceTaken("the form's key was used before; load the page again")
    return made


def enqueue(ticket: Ticket, message: Message | None, outgoing: Outgoing, *, by: User | None) -> OutboundMail:
    """Write the outbox row of `message`, None for a mail that is none. Runs inside the caller's transaction.

    What a person wrote (`by`) can be taken back for a while; what the desk says by itself leaves at once.
    """
    address = outgoing.sender.address
    header_id = new_header_id(address.address)
    row = OutboundMail(
        id=new_id(),
        kind=outgoing.kind,
        once=outgoing.once,
        inbox=ticket.inbox,
        mailbox=outgoing.sender.mailbox,
        message=message,
        author=by,
        data_key=ensure_key(Owner(OwnerKind.TICKET, ticket.pk)),
        header_id=header_id,
        header_blind=blind("header_id", header_id),
        envelope=_envelope(ticket, outgoing, reply_to=_reply_to(ticket, message, address)),
        subject=outgoing.subject,
        text=outgoing.body.text,
        html=outgoing.body.html,
        send_after=timezone.now() + timedelta(seconds=settings.MAIL_UNDO_S if by is not None else 0),
    )
    row.save(force_insert=True)
    return row


def announced(ticket: Ticket, message: Message, outbound: OutboundMail) -> OutboundMail:
    """Tell after commit that a mail was written, and return it."""
    emit(MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, ticket.version))
    reached(KillPoint.REPLY_BEFORE_COMMIT)
    transaction.on_commit(lambda: reached(KillPoint.REPLY_COMMITTED))
    return outbound


def new_participants(
    inbox: Inbox, sender: Sender, *, to: Sequence[Recipient], cc: Sequence[Recipient]
) -> list[NewParticipant]:
    """Return who stands in the head of a mail that `inbox` sends."""
    rows = [NewParticipant(Part.FROM, inbox.name, sender.address.address)]
    rows += [NewParticipant(Part.TO, row.name, row.address) for row in to]
    return rows + [NewParticipant(Part.CC, row.name, row.address) for row in cc]


def require_text(text: str) -> None:
    """Raise EmptyText for a mail without a word."""
    if not text.strip():
        raise EmptyText("write a word before you send")


def _reply_to(ticket: Ticket, message: Message | None, address: InboxAddress) -> str:
    """Return the address with the token of whose answer it invites, "" where the address takes no plus part."""
    if not address.takes_plus:
        return ""
    if message is not None and message.other_party:
        return tokens.party_address(address.address, ticket.number, message.pk)
    return tokens.reply_address(address.address, ticket.number, ticket.pk)


def _envelope(ticket: Ticket, outgoing: Outgoing, *, reply_to: str) -> dict[str, object]:
    return {
        "from": [ticket.inbox.name, outgoing.sender.address.address],
        "reply_to": reply_to,
        "to": [recipient.as_pair() for recipient in outgoing.to],
        "cc": [recipient.as_pair() for recipient in outgoing.cc],
        "bcc": [],
        "in_reply_to": outgoing.in_reply_to,
        "references": list(outgoing.references),
        "state_before": outgoing.state_before,
    }
