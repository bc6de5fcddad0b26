"""Whoever is switched off loses everything at once; teams that hold a role are changed with care."""

import pytest
from django.contrib.sessions.models import Session

from accounts.models import Team, User
from accounts.services import people
from audit.actions import Action
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.errors import NotYoursToGive, OwnBinding
from inbox.inboxes.models import Binding, Inbox, Role
from inbox.inboxes.permissions import Access, Right
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.people import set_team_members, switch_off, switch_on
from tests.make import make_agent, make_inbox
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def make_team(inbox: Inbox | None, *members: User) -> Team:
    """Return a team, which holds the role Agent on `inbox` when one is given."""
    team = Team.objects.create(name="Night")
    set_team_members(team, members, by=None)
    if inbox is not None:
        make_binding(BindingSpec(Role.objects.get(name="Agent"), (inbox,), teams=(team,)), by=None)
    return team


def actions() -> list[str]:
    """Return what was recorded of people and teams."""
    wanted = [Action.PERSON_SWITCHED_OFF, Action.PERSON_SWITCHED_ON, Action.TEAM_MEMBERS]
    return list(Entry.found.filter(action__in=wanted).order_by("seq").values_list("action", flat=True))


def test_switch_off_drops_bindings_teams_and_sessions() -> None:
    inbox = make_inbox()
    user, colleague = make_agent("Agent", inbox=inbox), make_agent("Read-only", inbox=inbox)
    team = make_team(inbox, user, colleague)
    client = client_of(user)
    assert client.get("/").status_code == 200

    gone = switch_off(user)

    assert not gone.is_active
    assert (list(gone.bindings.all()), list(gone.teams.all()), list(gone.groups.all())) == ([], [], [])
    assert list(team.members.all()) == [colleague]
    assert access_of(colleague).can(Right.REPLY, inbox.pk)
    assert not Session.objects.filter(session_key=client.session.session_key).exists()
    assert client.get("/").status_code == 302
    assert actions()[-1] == Action.PERSON_SWITCHED_OFF


def test_switch_off_twice_is_as_once() -> None:
    inbox = make_inbox()
    user = make_agent(inbox=inbox)

    switch_off(switch_off(user))

    assert not access_of(user).rights
    assert Binding.objects.count() == 1


def test_whoever_is_switched_on_again_returns_without_bindings() -> None:
    inbox = make_inbox()
    user = make_agent("Team lead", inbox=inbox)
    make_team(inbox, user)

    back = switch_on(switch_off(user))

    assert back.is_active
    assert access_of(back) == Access(user.pk)
    assert actions()[-2:] == [Action.PERSON_SWITCHED_OFF, Action.PERSON_SWITCHED_ON]


def test_members_of_a_team_follow_its_bindings() -> None:
    inbox = make_inbox()
    old, new = people.create_user("old@staff.example.com", "Old"), people.create_user("new@staff.example.com", "New")
    team = make_team(inbox, old)

    set_team_members(team, [new], by=access_of(make_agent("Security admin")))

    assert not access_of(old).can(Right.REPLY, inbox.pk)
    assert access_of(new).can(Right.REPLY, inbox.pk)


def test_a_team_that_holds_a_role_is_changed_by_whoever_manages_roles() -> None:
    inbox = make_inbox()
    team, new = make_team(inbox), people.create_user("new@staff.example.com", "New")
    lead = access_of(make_agent("Team lead", inbox=inbox))
    before = actions()

    with pytest.raises(NotYoursToGive):
        set_team_members(team, [new], by=lead)

    assert (list(team.members.all()), actions()) == ([], before)
    set_team_members(team, [new], by=access_of(make_agent("Security admin")))
    assert list(team.members.all()) == [new]


@pytest.mark.parametrize("joins", [True, False])
def test_nobody_joins_or_leaves_a_team_that_holds_a_role(*, joins: bool) -> None:
    inbox = make_inbox()
    me = make_agent("Security admin")
    team = make_team(inbox, *([] if joins else [me]))
    members = list(team.members.all())

    with pytest.raises(OwnBinding):
        set_team_members(team, [me] if joins else [], by=access_of(me))

    assert list(team.members.all()) == members
    set_team_members(team, [me] if joins else [], by=access_of(make_agent("Security admin")))
    assert list(team.members.all()) != members


def test_a_team_without_a_role_is_free() -> None:
    me = make_agent("Read-only", inbox=make_inbox())
    team = make_team(None)

    set_team_members(team, [me], by=access_of(me))

    assert list(team.members.all()) == [me]
    assert actions()[-1] == Action.TEAM_MEMBERS


def test_the_same_members_change_nothing_of_a_team_with_a_role() -> None:
    inbox = make_inbox()
    me = make_agent("Read-only", inbox=inbox)
    team = make_team(inbox, me)

    set_team_members(team, [me], by=access_of(me))

    assert list(team.members.all()) == [me]
