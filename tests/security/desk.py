"""A desk with two inboxes and one person of each shipped role: what the tests of who may do what walk through."""

from base64 import b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID, uuid4

from django.contrib.auth.models import Group
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from helpdesk.core.ids import new_id
from helpdesk.crypto.files import write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import SHIPPED_ROLES, Right
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.mail.models import Bounce, OutboundMail, RawMail
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.forward import NewForward, forward
from inbox.mail.send.recipients import Recipient
from inbox.mail.states import OutState, RawReason, RawState
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.states import Direction
from tests.inbox.mail.reports import our_id
from tests.make import Letter, make_agent, make_inbox, make_reply, make_ticket, receive
from tests.servers.reports import Told, make_report
from tests.signed_in import client_of, make_person

ROLES: Final = tuple(role.name for role in SHIPPED_ROLES)
PNG: Final = b64decode(
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@dataclass(frozen=True, slots=True)
class Words:
    """What stands in a side's mail."""

    subject: str = "Printer"
    text: str = "It does not print."
    html: str = "<p>It does not <b>print</b>. <a href='https://example.org/x'>look</a></p>"
    name: str = "Kim Reyes"
    address: str = "kim@example.org"
    file_name: str = "scan.pdf"
    file: bytes = b"%PDF- not really"
    reply: str = "We look into it."


@dataclass(slots=True)
class Side:
    """One inbox with a ticket in every state that an address can name, as the words that fill an address."""

    names: dict[str, str]
    ticket: Ticket
    inbox: Inbox
    words: Words = field(default_factory=Words)

    def fill(self, pattern: str) -> str:
        """Return `pattern` with this side's numbers and ids."""
        return pattern.format_map(self.names | {"once": str(uuid4()), "version": str(self._version())})

    def _version(self) -> int:
        return Ticket.objects.filter(pk=self.ticket.pk).values_list("version", flat=True).first() or 0


def make_side(name: str, words: Words | None = None) -> Side:
    """Return a new inbox of that name with its ticket, files, replies, team, role and binding."""
    words = words or Words()
    inbox = make_inbox(name, address=f"{name.lower()}@desk.example.net")
    letter = Letter(
        sender=f"{words.name} <{words.address}>",
        to=f"{name.lower()}@desk.example.net",
        html=words.html,
        files=[(words.file_name, words.file)],
    )
    ticket = make_ticket(words.subject, inbox=inbox, text=words.text, letter=letter)
    message = Message.objects.get(ticket=ticket, direction=Direction.INBOUND)
    picture = make_picture(message)
    file = Attachment.objects.get(message=message, inline=False)
    author = make_agent(inbox=inbox, email=f"author.{name.lower()}@staff.example.com", name=f"{name} Author")
    waiting = make_reply(ticket, words.reply, by=author)
    refused = make_reply(ticket, words.reply, by=author)
    refuse(refused, said=f"550 <{words.address}> is unknown")
    receive(make_report("<never@example.net>", Told(words.address)), inbox=inbox)
    # A slow machine must not end the time in which it can be taken back.
    OutboundMail.objects.filter(pk=waiting.pk).update(send_after=timezone.now() + timedelta(hours=1))
    to_party = NewForward([Recipient("", "works@example.com")], "Fwd", words.reply, uuid4())
    names = {
        "party": str(forward(message, to_party, by=author).message_id),
        "number": str(ticket.number),
        "message": str(message.pk),
        "file": str(file.pk),
        "picture": str(picture.pk),
        "waiting": str(waiting.pk),
        "refused": str(refused.pk),
        "bounce": str(make_bounce(refused, words.address).pk),
        "stray": str(Bounce.objects.get(outbound=None, inbox=inbox).pk),
        "inbox": str(inbox.pk),
        "address": f"{name.lower()}@desk.example.net",
        "old": "",
        "unread": str(make_unreadable(inbox).pk),
        "mailbox": str(inbox.mailboxes.get().pk),
        **_people(name, inbox),
    }
    return Side(names, ticket, inbox, words)


def refuse(outbound: OutboundMail, *, said: str) -> None:
    """Let a mail be refused in these words of its server."""
    row = OutboundMail.objects.get(pk=outbound.pk)
    row.state, row.server_words = OutState.REFUSED, said
    row.save(update_fields=["state", "server_words"])


def make_bounce(outbound: OutboundMail, address: str) -> Bounce:
    """Return the report that a mail came back from `address`."""
    receive(make_report(our_id(outbound), Told(address)), inbox=outbound.inbox)
    return Bounce.objects.get(outbound=outbound)


def make_unreadable(inbox: Inbox) -> RawMail:
    """Return a mail in quarantine whose ticket is gone."""
    data = b"Subject: x\r\n\r\n"
    raw = store_raw(Source(inbox, None), [Arrival(f"test:{inbox.pk}", len(data), timezone.now(), [data])])[0]
    RawMail.objects.filter(pk=raw.pk).update(state=RawState.QUARANTINED, reason=RawReason.CRASHED)
    return raw


def make_picture(message: Message) -> Attachment:
    """Return a picture of the message itself."""
    blob = write_blob([PNG], Owner(OwnerKind.TICKET, message.ticket_id), kind="attachment")
    picture = Attachment(
        ticket=message.ticket, message=message, blob=blob.id, size_bytes=blob.size_bytes, inline=True, position=1
    )
    picture.name, picture.content_type, picture.content_id = "logo.png", "image/png", "logo@example.org"
    picture.save()
    return picture


def _people(name: str, inbox: Inbox) -> dict[str, str]:
    member = make_person(f"member.{name.lower()}@staff.example.com", f"{name} Member")
    team = Team.objects.create(name=f"{name} team")
    role = Role.objects.create(name=f"{name} reader", rights=[Right.VIEW])
    spare = Role.objects.create(name=f"{name} spare", rights=[Right.VIEW])
    binding = make_binding(BindingSpec(role, (inbox,), people=(member,)), by=None)
    rows = {"user": member, "team": team, "role": role, "spare": spare, "binding": binding}
    return {key: str(row.pk) for key, row in rows.items()}


def absent_side(side: Side) -> Side:
    """Return a side whose every number and id leads nowhere."""
    names = {key: str(new_id()) for key in side.names} | {"number": "999999", "old": ""}
    return Side(names, side.ticket, side.inbox)


@dataclass(slots=True)
class Desk:
    """Two inboxes: `here`, where the people of `people` hold their roles, and `there`, where they hold none."""

    here: Side
    there: Side
    people: dict[str, User]

    def client(self, role: str, *, enforce_csrf_checks: bool = False) -> Client:
        """Return the browser of the person who holds `role`."""
        return client_of(self.people[role], enforce_csrf_checks=enforce_csrf_checks)


def make_desk(*, here: Words | None = None, there: Words | None = None, roles: tuple[str, ...] = ROLES) -> Desk:
    """Return the desk. Everybody may enter the administration: its own checks have to hold by themselves."""
    left, right = make_side("Here", here), make_side("There", there)
    return Desk(left, right, {role: make_holder(role, left.inbox) for role in roles})


def make_holder(role: str, inbox: Inbox) -> User:
    """Return a person who holds the shipped `role` on `inbox`, or on the desk when it holds no right on an inbox."""
    email = f"{role.lower().replace(' ', '.')}@staff.example.com"
    user = make_person(email, role, is_staff=True)
    row = Role.objects.get(name=role)
    make_binding(BindingSpec(row, (inbox,) if row.rights else (), people=(user,)), by=None)
    return user


def groups_of(user: User) -> set[UUID]:
    """Return the keys of the bindings whose group `user` is in."""
    return set(Binding.objects.filter(group__in=Group.objects.filter(user=user)).values_list("pk", flat=True))
