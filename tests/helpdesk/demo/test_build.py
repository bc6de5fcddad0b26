"""The demo's desk: one person of each shipped role at least, who may do what the role says and can sign in."""

import base64
import json
import stat
from pathlib import Path

import pytest
from django.test import Client
from django_otp.oath import totp

from accounts.models import User
from helpdesk.demo.build import Ports, SignIn, build_desk, is_built, move_ports, read_file, work_a_little, write_file
from helpdesk.demo.people import INBOXES, PEOPLE, TEAMS
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.permissions import SHIPPED_ROLES
from inbox.mail.models import Mailbox
from inbox.tickets.models import Message, Ticket
from inbox.tickets.states import Direction
from tests.inbox.tickets.plain import open_plain

pytestmark = pytest.mark.django_db

PORTS = Ports(imap=1143, smtp=1025, sink=1080)


def test_every_shipped_role_has_a_person() -> None:
    assert not is_built()

    sign_ins = build_desk("open sesame", PORTS)

    assert is_built()
    assert {each.role for each in sign_ins} == {role.name for role in SHIPPED_ROLES}
    assert [each.email for each in sign_ins] == [person.email for person in PEOPLE]
    assert len({each.password for each in sign_ins} | {each.totp_secret for each in sign_ins}) == 2 * len(PEOPLE)
    assert Inbox.objects.count() == len(INBOXES) == 3
    for person in PEOPLE:
        access = access_of(User.objects.get(email=person.email))
        names = set(Inbox.objects.filter(pk__in=access.rights).values_list("name", flat=True))
        reach = {inbox.name for inbox in INBOXES} if person.inboxes is None else set(person.inboxes)
        assert names == (reach if Role.objects.get(name=person.role).rights else set())


def test_the_teams_have_their_members() -> None:
    build_desk("open sesame", PORTS)

    for name in TEAMS:
        members = set(User.objects.filter(teams__name=name).values_list("email", flat=True))
        assert members == {person.email for person in PEOPLE if person.team == name}


@pytest.mark.parametrize("role", ["Agent", "Security admin"])
def test_a_person_of_the_demo_signs_in(role: str) -> None:
    sign_in = next(each for each in build_desk("open sesame", PORTS) if each.role == role)
    client = Client()

    first = client.post("/login/", {"login": sign_in.email, "password": sign_in.password})
    code = f"{totp(base64.b32decode(sign_in.totp_secret)):06d}"
    second = client.post("/login/code/", {"code": code})

    assert (first.status_code, second.status_code) == (302, 302)
    assert client.get("/").status_code == 200


def test_the_file_is_for_its_owner_and_comes_back(tmp_path: Path) -> None:
    path, sign_ins = tmp_path / "demo.json", [SignIn("lea@example.org", "long and random", "ABCD", "Agent")]

    write_file(path, sign_ins, "open sesame", ports=PORTS)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_file(path) == json.loads(path.read_text())
    content = read_file(path)
    assert content["users"] == [
        {"email": "lea@example.org", "password": "long and random", "totp_secret": "ABCD", "role": "Agent"}
    ]
    assert content["imap"]["port"] == 1143
    assert set(content) >= {"address", "users", "sink", "imap"}


def test_the_mailbox_follows_the_ports() -> None:
    build_desk("open sesame", PORTS)

    move_ports(Ports(imap=2143, smtp=2025, sink=2080))

    assert list(Mailbox.objects.values_list("imap_port", "smtp_port")) == [(2143, 2025)]


def test_some_work_was_done_already() -> None:
    build_desk("open sesame", PORTS)
    for inbox in Inbox.objects.all():
        for _ in range(12):
            open_plain(inbox)

    work_a_little()

    states = set(Ticket.objects.values_list("state", flat=True))
    assert states == {"open", "pending", "closed"}
    assert Message.objects.filter(direction=Direction.NOTE).exists()
    for ticket in Ticket.objects.exclude(assignee=None):
        assert ticket.assignee is not None
        assert access_of(ticket.assignee).can_assign(ticket.inbox_id, to_self=True)
    assert Ticket.objects.filter(assignee=None).exists()
