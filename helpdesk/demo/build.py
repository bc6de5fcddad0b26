"""Fill an empty desk with believable people, inboxes and work."""

import json
import secrets
from base64 import b32encode
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import transaction

from accounts.models import Team, TotpDevice, User
from accounts.services import people
from helpdesk.core.context import acting_as
from helpdesk.demo.people import INBOXES, MAILBOX_USER, PEOPLE, TEAMS, DemoPerson
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.inboxes import create_inbox
from inbox.inboxes.services.people import set_team_members
from inbox.mail.models import Mailbox
from inbox.mail.services.mailboxes import Account, NewMailbox, add_mailbox
from inbox.mail.states import History, Security
from inbox.tickets.models import Ticket
from inbox.tickets.services.assign import assign
from inbox.tickets.services.note import add_note
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State

_HOST: Final = "127.0.0.1"
_STAFF: Final = {"Security admin", "Inbox admin"}
_SECRET_BYTES: Final = 20


@dataclass(frozen=True, slots=True)
class SignIn:
    """How somebody of the demo signs in. `totp_secret` is base32."""

    email: str
    password: str
    totp_secret: str
    role: str


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the demo's other side listens, on loopback."""

    imap: int
    smtp: int
    sink: int


def is_built() -> bool:
    """Return whether the demo's people are there already."""
    return User.objects.filter(email=PEOPLE[0].email).exists()


@transaction.atomic
def build_desk(imap_password: str, ports: Ports) -> list[SignIn]:
    """Make the demo's inboxes, people, teams, bindings and its one mailbox. Returns how each person signs in."""
    inboxes = {
        each.name: create_inbox(each.name, addresses=(each.address,), signature=each.signature, language=each.language)
        for each in INBOXES
    }
    sign_ins = [_make_person(person, inboxes) for person in PEOPLE]
    for name in TEAMS:
        team = Team.objects.create(name=name)
        members = [person.email for person in PEOPLE if person.team == name]
        set_team_members(team, User.objects.filter(email__in=members), by=None)
    account = Account(_HOST, ports.imap, MAILBOX_USER, imap_password, Security.PLAINTEXT_LOOPBACK)
    sender = Account(_HOST, ports.smtp, security=Security.PLAINTEXT_LOOPBACK)
    add_mailbox(NewMailbox(inboxes[INBOXES[0].name], account, sender, history=History.ALL, sends_system_mail=True))
    return sign_ins


def move_ports(ports: Ports) -> None:
    """Let the mailbox find the demo's servers where they listen now."""
    for mailbox in Mailbox.objects.filter(imap_user=MAILBOX_USER):
        mailbox.imap_port, mailbox.smtp_port = ports.imap, ports.smtp
        mailbox.next_poll_at = mailbox.lease_until = None
        mailbox.save(update_fields=["imap_port", "smtp_port", "next_poll_at", "lease_until"])


def work_a_little() -> None:
    """Let the people have worked already: some tickets are taken, noted on, pending and closed."""
    for place, ticket in enumerate(Ticket.objects.order_by("-last_activity")[:40]):
        worker = _worker_of(ticket, place)
        if worker is None or place % 4 == 0:
            continue
        with acting_as(worker.as_actor()):
            _work_on(ticket, worker, place)


def write_file(path: Path, sign_ins: list[SignIn], imap_password: str, *, ports: Ports) -> None:
    """Write demo.json, readable for its owner alone."""
    content: dict[str, Any] = {  # Any: plain JSON
        "address": settings.POSTERN_URL,
        "users": [
            {"email": each.email, "password": each.password, "totp_secret": each.totp_secret, "role": each.role}
            for each in sign_ins
        ],
        "sink": f"http://{_HOST}:{ports.sink}/",
        "imap": {"host": _HOST, "port": ports.imap, "user": MAILBOX_USER, "password": imap_password},
        "smtp_port": ports.smtp,
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def read_file(path: Path) -> dict[str, Any]:  # JSON of our own
    """Return demo.json of an earlier run."""
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))  # JSON of our own
    return content


def _make_person(person: DemoPerson, inboxes: dict[str, Inbox]) -> SignIn:
    # Long and random, and yet easy to copy.
    password = "-".join(secrets.token_hex(3) for _ in range(4))
    secret = secrets.token_bytes(_SECRET_BYTES)
    user = people.create_user(person.email, person.name, password, is_staff=person.role in _STAFF)
    people.save_preferences(user, language=person.language, timezone=person.timezone)
    TotpDevice.objects.create(user=user, name="app", secret=secret)
    chosen = tuple(inboxes[name] for name in person.inboxes or ())
    role = Role.objects.get(name=person.role)
    spec = BindingSpec(role, chosen, all_inboxes=person.inboxes is None, people=(user,), reason="demo")
    make_binding(spec, by=None)
    return SignIn(person.email, password, b32encode(secret).decode(), person.role)


def _worker_of(ticket: Ticket, place: int) -> User | None:
    names = [person.email for person in PEOPLE if person.inboxes and ticket.inbox.name in person.inboxes]
    workers = [
        user
        for user in User.objects.filter(email__in=names).order_by("email")
        if access_of(user).can_assign(ticket.inbox_id, to_self=True)
    ]
    return workers[place % len(workers)] if workers else None


def _work_on(ticket: Ticket, worker: User, place: int) -> None:
    assign(ticket, to=worker, by=access_of(worker))
    if place % 6 == 1:
        add_note(ticket, "Checked with the workshop: the part arrives on Thursday. I will write then.", by=worker)
    if place % 5 == 2:
        set_state(ticket, State.PENDING)
    elif place % 7 == 3:
        set_state(ticket, State.CLOSED)
