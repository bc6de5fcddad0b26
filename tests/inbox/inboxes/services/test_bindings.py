"""Who may bind what, and what a binding derives."""

from dataclasses import replace

import pytest
from django.contrib.auth.models import Group

from accounts.models import Team, User
from accounts.services import people
from audit.actions import Action
from audit.models import Entry
from helpdesk.core.errors import Forbidden
from helpdesk.core.ids import new_id
from inbox.inboxes.access import access_of
from inbox.inboxes.errors import EmptyBinding, NotYoursToGive, OwnBinding
from inbox.inboxes.models import Binding, Inbox, InboxGroupPermission, Role
from inbox.inboxes.permissions import Access, Right
from inbox.inboxes.services.bindings import (
    BindingSpec,
    change_binding,
    derive,
    end_binding,
    make_binding,
    require_holder,
)
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db


def role(name: str) -> Role:
    """Return a shipped role."""
    return Role.objects.get(name=name)


def newcomer(email: str = "new@staff.example.com") -> User:
    """Return a person without a binding."""
    return people.create_user(email, "New")


def state() -> tuple[object, ...]:
    """Return everything that giving a role could change."""
    return (
        sorted(
            Binding.objects.values_list("pk", "role", "all_inboxes", "reason", "people", "teams", "inboxes"), key=str
        ),
        sorted(Group.objects.values_list("name", "user"), key=str),
        sorted(InboxGroupPermission.objects.values_list("group", "permission", "content_object"), key=str),
        Entry.found.filter(action__startswith="binding.").count(),
    )


def billing() -> Inbox:
    """Return another inbox than Support."""
    return make_inbox("Billing", address="billing@desk.example.net")


def admin_access() -> Access:
    """Return the access of somebody who manages roles."""
    return access_of(make_agent("Security admin"))


def test_whoever_manages_roles_may_bind_any_role_to_others() -> None:
    inbox, user = make_inbox(), newcomer()

    for name in ("Team lead", "Security admin"):
        make_binding(BindingSpec(role(name), (inbox,), people=(user,)), by=admin_access())

    assert access_of(user).can(Right.MANAGE_MEMBERS, inbox.pk)


@pytest.mark.parametrize("through_team", [False, True])
@pytest.mark.parametrize("giver", ["Security admin", "Team lead"])
def test_nobody_makes_a_binding_for_themselves(giver: str, *, through_team: bool) -> None:
    inbox = make_inbox()
    me = make_agent(giver, inbox=None if giver == "Security admin" else inbox)
    team = Team.objects.create(name="Night")
    team.members.set([me, newcomer()])
    spec = BindingSpec(role("Read-only"), (inbox,))
    spec = replace(spec, teams=(team,)) if through_team else replace(spec, people=(me, newcomer("b@staff.example.com")))
    before = state()

    with pytest.raises(OwnBinding):
        make_binding(spec, by=access_of(me))

    assert state() == before
    make_binding(spec, by=admin_access())
    assert state() != before


@pytest.mark.parametrize("through_team", [False, True])
def test_nobody_changes_or_ends_a_binding_that_they_hold(*, through_team: bool) -> None:
    inbox = make_inbox()
    me = make_agent("Security admin")
    team = Team.objects.create(name="Night")
    team.members.add(me)
    holders = BindingSpec(role("Read-only"), (inbox,), teams=(team,) if through_team else ())
    mine = make_binding(replace(holders, people=() if through_team else (me,)), by=None)
    others = BindingSpec(role("Read-only"), (inbox,), people=(newcomer(),))
    before = state()

    with pytest.raises(OwnBinding):
        change_binding(mine, others, by=access_of(me))
    with pytest.raises(OwnBinding):
        end_binding(mine, by=access_of(me))

    assert state() == before
    end_binding(mine, by=admin_access())
    assert not Binding.objects.filter(pk=mine.pk).exists()


def test_a_change_must_not_make_one_a_holder() -> None:
    inbox = make_inbox()
    me = make_agent("Security admin")
    binding = make_binding(BindingSpec(role("Agent"), (inbox,), people=(newcomer(),)), by=None)
    before = state()

    with pytest.raises(OwnBinding):
        change_binding(binding, BindingSpec(role("Agent"), (inbox,), people=(me,)), by=access_of(me))

    assert state() == before


@pytest.mark.parametrize("name", ["Read-only", "Agent", "Senior agent"])
def test_a_team_lead_binds_what_they_hold_there(name: str) -> None:
    inbox, user = make_inbox(), newcomer()
    lead = make_agent("Team lead", inbox=inbox)

    make_binding(BindingSpec(role(name), (inbox,), people=(user,)), by=access_of(lead))

    assert access_of(user).rights == {inbox.pk: role(name).right_set}


@pytest.mark.parametrize("name", ["Inbox admin", "Compliance officer", "Security admin", "Team lead"])
def test_a_team_lead_binds_no_right_that_they_do_not_hold(name: str) -> None:
    inbox, user = make_inbox(), newcomer()
    lead = make_agent("Team lead", inbox=inbox)
    before = state()

    with pytest.raises(NotYoursToGive):
        make_binding(BindingSpec(role(name), (inbox,), people=(user,)), by=access_of(lead))

    assert state() == before
    assert access_of(user) == Access(user.pk)


def test_a_team_lead_binds_nothing_elsewhere() -> None:
    here, there, user = make_inbox(), billing(), newcomer()
    access = access_of(make_agent("Team lead", inbox=here))
    before = state()

    for spec in (
        BindingSpec(role("Read-only"), (there,), people=(user,)),
        BindingSpec(role("Read-only"), (here, there), people=(user,)),
        BindingSpec(role("Read-only"), all_inboxes=True, people=(user,)),
        BindingSpec(role("Read-only"), people=(user,)),
    ):
        with pytest.raises(NotYoursToGive):
            make_binding(spec, by=access)

    assert state() == before
    make_binding(BindingSpec(role("Read-only"), (here,), people=(user,)), by=access)
    assert state() != before


def test_a_team_lead_changes_and_ends_only_what_they_could_give() -> None:
    here, there, user = make_inbox(), billing(), newcomer()
    access = access_of(make_agent("Team lead", inbox=here))
    theirs = make_binding(BindingSpec(role("Inbox admin"), (here,), people=(user,)), by=None)
    elsewhere = make_binding(BindingSpec(role("Agent"), (there,), people=(user,)), by=None)
    mine = make_binding(BindingSpec(role("Agent"), (here,), people=(user,)), by=None)
    before = state()

    for binding in (theirs, elsewhere):
        with pytest.raises(NotYoursToGive):
            end_binding(binding, by=access)
        with pytest.raises(NotYoursToGive):
            change_binding(binding, BindingSpec(role("Read-only"), (here,), people=(user,)), by=access)
    with pytest.raises(NotYoursToGive):
        change_binding(mine, BindingSpec(role("Agent"), (here, there), people=(user,)), by=access)

    assert state() == before
    end_binding(mine, by=access)
    assert not Binding.objects.filter(pk=mine.pk).exists()


@pytest.mark.parametrize("name", ["Read-only", "Agent", "Senior agent"])
def test_without_manage_members_nothing_is_given(name: str) -> None:
    inbox = make_inbox()
    agent = make_agent(name, inbox=inbox)
    before = state()

    with pytest.raises(NotYoursToGive):
        make_binding(BindingSpec(role("Read-only"), (inbox,), people=(newcomer(),)), by=access_of(agent))

    assert state() == before


def test_whoever_assigns_to_themselves_alone_gives_no_more() -> None:
    inbox, user = make_inbox(), newcomer()
    narrow = Role.objects.create(
        name="Narrow lead", rights=sorted({*role("Senior agent").right_set, Right.MANAGE_MEMBERS}), assign_to_self=True
    )
    giver = newcomer("giver@staff.example.com")
    make_binding(BindingSpec(narrow, (inbox,), people=(giver,)), by=None)
    before = state()

    with pytest.raises(NotYoursToGive):
        make_binding(BindingSpec(role("Senior agent"), (inbox,), people=(user,)), by=access_of(giver))

    assert state() == before
    make_binding(BindingSpec(role("Agent"), (inbox,), people=(user,)), by=access_of(giver))
    assert access_of(user).assign_to_self == frozenset({inbox.pk})


def test_an_all_inboxes_binding_reaches_a_new_inbox() -> None:
    first = make_inbox()
    everywhere, here = make_agent("Agent"), make_agent("Agent", inbox=first)

    second = billing()

    assert access_of(everywhere).inboxes(Right.REPLY) == tuple(sorted((first.pk, second.pk)))
    assert access_of(here).inboxes(Right.REPLY) == (first.pk,)


def test_a_team_binding_reaches_the_members() -> None:
    inbox, user = make_inbox(), newcomer()
    team = Team.objects.create(name="Night")
    team.members.add(user)

    binding = make_binding(BindingSpec(role("Agent"), (inbox,), teams=(team,)), by=None)

    assert list(binding.group.user_set.all()) == [user]
    assert access_of(user).can(Right.REPLY, inbox.pk)


def test_a_change_replaces_role_inboxes_and_holders() -> None:
    here, there = make_inbox(), billing()
    old, new = newcomer("old@staff.example.com"), newcomer()
    binding = make_binding(BindingSpec(role("Agent"), (here,), people=(old,)), by=None)

    changed = change_binding(
        binding, BindingSpec(role("Read-only"), (there,), people=(new,), reason="moved"), by=admin_access()
    )

    assert (changed.pk, changed.group_id, changed.reason) == (binding.pk, binding.group_id, "moved")
    assert access_of(old).rights == {}
    assert access_of(new).rights == {there.pk: frozenset({Right.VIEW})}


def test_derive_twice_is_as_once_and_mends_what_was_edited_by_hand() -> None:
    inbox, user = make_inbox(), newcomer()
    binding = make_binding(BindingSpec(role("Agent"), (inbox,), people=(user,)), by=None)
    before = state()
    InboxGroupPermission.objects.filter(group=binding.group).first().delete()  # type: ignore[union-attr] # there are five
    binding.group.user_set.add(newcomer("smuggled@staff.example.com"))
    assert state() != before

    derive(binding)
    derive(binding)

    assert sorted(InboxGroupPermission.objects.values_list("permission__codename", flat=True)) == role("Agent").rights
    assert list(binding.group.user_set.all()) == [user]


def test_to_end_a_binding_takes_its_group_and_rows() -> None:
    inbox, user = make_inbox(), newcomer()
    binding = make_binding(BindingSpec(role("Agent"), (inbox,), people=(user,)), by=None)
    group_id = binding.group_id

    end_binding(binding, by=None)

    assert access_of(user) == Access(user.pk)
    assert not Group.objects.filter(pk=group_id).exists()
    assert not InboxGroupPermission.objects.filter(group=group_id).exists()


@pytest.mark.usefixtures("opened")
def test_each_act_writes_its_entry() -> None:
    inbox, user = make_inbox(), newcomer()
    spec = BindingSpec(role("Agent"), (inbox,), people=(user,))

    binding = make_binding(spec, by=None)
    change_binding(binding, replace(spec, all_inboxes=True), by=None)
    end_binding(binding, by=None)

    entries = Entry.found.filter(subject_id=binding.pk).order_by("seq")
    assert [entry.action for entry in entries] == [Action.ROLE_BOUND, Action.BINDING_CHANGED, Action.ROLE_UNBOUND]


def test_a_binding_needs_somebody() -> None:
    team = Team.objects.create(name="Night")

    with pytest.raises(EmptyBinding):
        require_holder(BindingSpec(role("Agent")))
    require_holder(BindingSpec(role("Agent"), people=(User(pk=new_id()),)))
    require_holder(BindingSpec(role("Agent"), teams=(team,)))


def test_the_refusals_are_told_apart() -> None:
    assert {OwnBinding.code, NotYoursToGive.code} == {"own_binding", "not_yours_to_give"}
    assert issubclass(OwnBinding, Forbidden)
    assert issubclass(NotYoursToGive, Forbidden)
