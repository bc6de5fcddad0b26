"""Roles: the shipped ones stay as they are, a desk's own follow through to every binding."""

import pytest

from accounts.services import people
from inbox.inboxes.access import access_of
from inbox.inboxes.errors import NotYoursToGive, OwnBinding, RoleInUse, ShippedRoleKept
from inbox.inboxes.models import Role
from inbox.inboxes.permissions import SHIPPED_ROLES, Access, DeskRight, Right
from inbox.inboxes.services.bindings import BindingSpec, end_binding, make_binding
from inbox.inboxes.services.roles import RoleSpec, delete_role, save_role, ship_roles
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db

TRIAGE = RoleSpec("Triage", frozenset({Right.VIEW, Right.ASSIGN}))


def manager() -> Access:
    """Return the access of somebody who manages roles."""
    return access_of(make_agent("Security admin"))


def rows() -> list[tuple[object, ...]]:
    """Return every role as it is stored."""
    return list(Role.objects.order_by("name").values_list("name", "rights", "desk_rights", "assign_to_self", "shipped"))


def test_the_shipped_roles_stand_as_they_stand_in_the_code() -> None:
    ship_roles()
    before = rows()
    Role.objects.filter(name="Read-only").update(rights=["purge"])

    ship_roles()
    ship_roles()

    assert rows() == before
    assert len(before) == len(SHIPPED_ROLES) == 7


def test_a_desks_own_role_survives_shipping() -> None:
    save_role(None, TRIAGE, by=manager())

    ship_roles()

    assert Role.objects.get(name="Triage").right_set == TRIAGE.rights
    assert Role.objects.count() == 8


def test_a_changed_role_reaches_its_holders() -> None:
    inbox, user = make_inbox(), people.create_user("new@staff.example.com", "New")
    role = save_role(None, TRIAGE, by=manager())
    make_binding(BindingSpec(role, (inbox,), people=(user,)), by=None)

    save_role(role, RoleSpec("Triage", frozenset({Right.VIEW}), frozenset({DeskRight.VIEW_AUDIT})), by=manager())

    access = access_of(user)
    assert access.rights == {inbox.pk: frozenset({Right.VIEW})}
    assert access.audit_inboxes == frozenset({inbox.pk})


@pytest.mark.parametrize("name", ["Team lead", "Inbox admin", "Agent"])
def test_roles_are_for_whoever_manages_them(name: str) -> None:
    by = access_of(make_agent(name))
    own = save_role(None, RoleSpec("Other", frozenset()), by=manager())
    before = rows()

    with pytest.raises(NotYoursToGive):
        save_role(None, TRIAGE, by=by)
    with pytest.raises(NotYoursToGive):
        save_role(own, TRIAGE, by=by)
    with pytest.raises(NotYoursToGive):
        delete_role(own, by=by)

    assert rows() == before


def test_a_shipped_role_is_kept() -> None:
    role = Role.objects.get(name="Agent")
    before = rows()

    with pytest.raises(ShippedRoleKept):
        save_role(role, TRIAGE, by=manager())
    with pytest.raises(ShippedRoleKept):
        delete_role(role, by=manager())

    assert rows() == before


def test_nobody_edits_a_role_that_they_hold() -> None:
    inbox, me = make_inbox(), make_agent("Security admin")
    role = save_role(None, TRIAGE, by=manager())
    make_binding(BindingSpec(role, (inbox,), people=(me,)), by=None)
    before = rows()

    with pytest.raises(OwnBinding):
        save_role(role, RoleSpec("Triage", frozenset(Right)), by=access_of(me))
    with pytest.raises(OwnBinding):
        delete_role(role, by=access_of(me))

    assert rows() == before
    save_role(role, RoleSpec("Triage", frozenset(Right)), by=manager())
    assert access_of(me).can(Right.PURGE, inbox.pk)


def test_a_role_is_deleted_when_nobody_holds_it() -> None:
    inbox, user = make_inbox(), people.create_user("new@staff.example.com", "New")
    role = save_role(None, TRIAGE, by=manager())
    binding = make_binding(BindingSpec(role, (inbox,), people=(user,)), by=None)

    with pytest.raises(RoleInUse):
        delete_role(role, by=manager())
    assert Role.objects.filter(pk=role.pk).exists()

    end_binding(binding, by=None)
    delete_role(role, by=manager())
    assert not Role.objects.filter(name="Triage").exists()
