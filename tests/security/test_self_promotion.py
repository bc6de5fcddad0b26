"""Nobody gives themselves a right, and nobody gives a right that they do not hold: tried by every role."""

import pytest

from accounts.models import Team, User
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import Access, DeskRight, Right
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from tests.make import make_inbox
from tests.security.desk import ROLES, make_holder
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db

BINDING = "/admin/inboxes/binding/"
MANAGERS = ("Team lead", "Inbox admin")


def state_of(user: User) -> tuple[Access, bool, bool]:
    """Return all that says what `user` may do."""
    user = User.objects.get(pk=user.pk)
    return access_of(user), user.is_staff, user.is_superuser


def binding_form(role: Role, *people: User, inboxes: tuple[Inbox, ...] = (), **more: object) -> dict[str, object]:
    """Return the form of a binding as a browser sends it."""
    return {
        "role": str(role.pk),
        "inboxes": [str(inbox.pk) for inbox in inboxes],
        "people": [str(person.pk) for person in people],
        "reason": "rota",
        **more,
    }


def own_binding(user: User) -> Binding:
    """Return the binding that gives `user` their role."""
    return Binding.objects.get(people=user)


@pytest.mark.parametrize("role", ROLES)
def test_nobody_promotes_themselves(role: str) -> None:
    inbox, other = make_inbox("Here"), make_inbox("There", address="there@desk.example.net")
    me = make_holder(role, inbox)
    mine, wanted = own_binding(me), Role.objects.get(name="Security admin")
    team = Team.objects.create(name="Privileged")
    make_binding(BindingSpec(wanted, teams=(team,)), by=None)
    client, before = client_of(me), state_of(me)
    tries: list[tuple[str, dict[str, object]]] = [
        (f"{BINDING}add/", binding_form(wanted, me)),
        (f"{BINDING}add/", binding_form(Role.objects.get(name="Team lead"), me, inboxes=(other,))),
        (f"{BINDING}add/", binding_form(Role.objects.get(name="Team lead"), me, all_inboxes="on")),
        (f"{BINDING}{mine.pk}/change/", binding_form(mine.role, me, inboxes=(inbox, other))),
        (f"{BINDING}{mine.pk}/change/", binding_form(wanted, me)),
        (f"{BINDING}{mine.pk}/delete/", {"post": "yes"}),
        (f"/admin/inboxes/role/{mine.role_id}/change/", {"name": role, "rights": list(Right), "desk_rights": []}),
        (f"/admin/accounts/team/{team.pk}/change/", {"name": "Privileged", "members": [str(me.pk)]}),
        ("/me/", {"act": "profile", "name": "Me", "language": "en", "timezone": "UTC", "theme": "system",
                  "density": "cosy", "is_staff": "on", "is_superuser": "on", "groups": "1", "email": "x@example.org"}),
    ]  # fmt: skip

    answers = [client.post(address, form).status_code for address, form in tries]

    assert state_of(me) == before
    assert set(answers) <= {200, 302, 403, 404}
    assert Binding.objects.count() == 2
    assert own_binding(me).pk == mine.pk


def test_another_may_be_promoted_by_whoever_manages_roles() -> None:
    boss, agent = make_holder("Security admin", make_inbox()), make_person()

    client_of(boss).post(f"{BINDING}add/", binding_form(Role.objects.get(name="Security admin"), agent))

    assert DeskRight.MANAGE_ROLES in access_of(agent).desk


@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("role", [role for role in ROLES if role != "Read-only"])
def test_a_manager_of_members_gives_no_right_that_they_lack(manager: str, role: str) -> None:
    inbox, agent = make_inbox("Here"), make_person()
    me = make_holder(manager, inbox)
    row = Role.objects.get(name=role)
    within = row.right_set <= access_of(me).rights[inbox.pk] and not row.desk_rights

    client_of(me).post(f"{BINDING}add/", binding_form(row, agent, inboxes=(inbox,)))

    assert bool(access_of(agent).rights) == within
    assert access_of(agent).desk == frozenset()


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_manager_of_members_gives_what_they_hold(manager: str) -> None:
    inbox, agent = make_inbox("Here"), make_person()

    answer = client_of(make_holder(manager, inbox)).post(
        f"{BINDING}add/", binding_form(Role.objects.get(name="Read-only"), agent, inboxes=(inbox,))
    )

    assert answer.status_code == 302
    assert access_of(agent).rights == {inbox.pk: frozenset({Right.VIEW})}


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_manager_of_members_reaches_no_other_inbox(manager: str) -> None:
    inbox, other, agent = make_inbox("Here"), make_inbox("There", address="t@desk.example.net"), make_person()
    client = client_of(make_holder(manager, inbox))
    reader = Role.objects.get(name="Read-only")
    theirs = make_binding(BindingSpec(reader, (other,), people=(agent,)), by=None)
    wide = make_binding(BindingSpec(reader, (inbox, other), people=(agent,)), by=None)

    page = client.get(f"{BINDING}add/").content.decode()
    client.post(f"{BINDING}add/", binding_form(reader, agent, inboxes=(other,)))
    client.post(f"{BINDING}add/", binding_form(reader, agent, inboxes=(inbox, other)))
    client.post(f"{BINDING}add/", binding_form(reader, agent, all_inboxes="on"))

    assert "There" not in page
    assert "Here" in page
    assert set(Binding.objects.filter(people=agent).values_list("pk", flat=True)) == {theirs.pk, wide.pk}
    assert [client.get(f"{BINDING}{each.pk}/change/").status_code for each in (theirs, wide)] == [404, 404]


@pytest.mark.parametrize("manager", MANAGERS)
def test_a_wider_binding_of_somebody_else_is_not_narrowed_or_taken(manager: str) -> None:
    inbox, agent = make_inbox("Here"), make_person()
    above = make_binding(BindingSpec(Role.objects.get(name="Compliance officer"), (inbox,), people=(agent,)), by=None)
    client = client_of(make_holder(manager, inbox))
    reader = Role.objects.get(name="Read-only")

    client.post(f"{BINDING}{above.pk}/change/", binding_form(reader, agent, inboxes=(inbox,)))
    client.post(f"{BINDING}{above.pk}/delete/", {"post": "yes"})

    assert Binding.objects.get(pk=above.pk).role.name == "Compliance officer"


def _team_manager() -> User:
    role = Role.objects.create(name="People keeper", desk_rights=[DeskRight.MANAGE_PEOPLE])
    user = make_person("keeper@staff.example.com", is_staff=True)
    make_binding(BindingSpec(role, people=(user,)), by=None)
    return user


def test_a_team_that_holds_a_role_is_filled_by_whoever_manages_roles_alone() -> None:
    keeper, friend = _team_manager(), make_person()
    team = Team.objects.create(name="Privileged")
    make_binding(BindingSpec(Role.objects.get(name="Security admin"), teams=(team,)), by=None)
    plain = Team.objects.create(name="Plain")
    client = client_of(keeper)

    for each in (team, plain):
        client.post(f"/admin/accounts/team/{each.pk}/change/", {"name": each.name, "members": [str(friend.pk)]})

    assert list(team.members.all()) == []
    assert list(plain.members.all()) == [friend]
    assert access_of(friend).desk == frozenset()


def test_a_role_that_one_holds_is_changed_by_somebody_else() -> None:
    role = Role.objects.create(name="Own", desk_rights=[DeskRight.MANAGE_ROLES])
    me = make_person("own@staff.example.com", is_staff=True)
    make_binding(BindingSpec(role, people=(me,)), by=None)
    form = {"name": "Own", "rights": [], "desk_rights": [DeskRight.MANAGE_ROLES, DeskRight.VIEW_AUDIT]}

    client_of(me).post(f"/admin/inboxes/role/{role.pk}/change/", form)
    assert Role.objects.get(pk=role.pk).desk_rights == [DeskRight.MANAGE_ROLES]

    boss = make_holder("Security admin", make_inbox())
    client_of(boss).post(f"/admin/inboxes/role/{role.pk}/change/", form)
    assert set(Role.objects.get(pk=role.pk).desk_rights) == {DeskRight.MANAGE_ROLES, DeskRight.VIEW_AUDIT}


def test_a_refusal_is_said_and_recorded() -> None:
    boss = make_holder("Security admin", make_inbox())
    client = client_of(boss)
    before = Entry.objects.filter(action="access.denied").count()

    answer = client.post(f"{BINDING}add/", binding_form(Role.objects.get(name="Agent"), boss), follow=True)

    assert "Nobody changes their own rights" in answer.content.decode()
    assert Entry.objects.filter(action="access.denied", outcome="denied").count() == before + 1
