"""What a person may do is loaded whole, in two queries, and guardian says the same."""

from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser
from guardian.core import ObjectPermissionChecker
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.services import people
from helpdesk.core.ids import new_id
from inbox.inboxes.access import Worker, access_of, workers_in
from inbox.inboxes.backend import InboxBackend
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.permissions import SHIPPED_ROLES, Access, DeskRight, Right
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db


def bind(user: User, role: str, *inboxes: Inbox, everywhere: bool = False) -> None:
    """Give `user` a shipped role."""
    spec = BindingSpec(Role.objects.get(name=role), inboxes, all_inboxes=everywhere, people=(user,))
    make_binding(spec, by=None)


def make_two_inboxes() -> tuple[Inbox, Inbox]:
    """Return two inboxes."""
    return make_inbox(), make_inbox("Billing", address="billing@desk.example.net")


def test_rights_are_those_of_the_role_in_each_inbox() -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Agent", inbox=support)
    bind(user, "Read-only", billing)

    access = access_of(user)

    assert access.user_id == user.pk
    assert access.rights == {
        support.pk: frozenset({Right.VIEW, Right.REPLY, Right.NOTE, Right.ASSIGN, Right.EDIT}),
        billing.pk: frozenset({Right.VIEW}),
    }
    assert (access.desk, access.audit_inboxes) == (frozenset(), frozenset())


def test_rights_of_several_bindings_add_up() -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Read-only", inbox=support)
    bind(user, "Compliance officer", support)

    access = access_of(user)

    assert access.rights == {support.pk: frozenset({Right.VIEW, Right.VIEW_RAW, Right.EXPORT})}
    assert access.can(Right.EXPORT, support.pk)
    assert not access.can(Right.EXPORT, billing.pk)
    assert not access.can(Right.VIEW, UUID(int=1))


def test_inboxes_lists_where_a_right_is_held_in_order() -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Agent", inbox=support)
    bind(user, "Read-only", billing)

    access = access_of(user)

    assert access.inboxes(Right.VIEW) == tuple(sorted((support.pk, billing.pk)))
    assert access.inboxes(Right.REPLY) == (support.pk,)
    assert access.inboxes(Right.PURGE) == ()


def test_assign_to_self_holds_only_where_no_binding_says_more() -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Agent", inbox=None)
    bind(user, "Senior agent", billing)

    access = access_of(user)

    assert access.assign_to_self == frozenset({support.pk})
    assert [access.can_assign(inbox.pk, to_self=False) for inbox in (support, billing)] == [False, True]
    assert [access.can_assign(inbox.pk, to_self=True) for inbox in (support, billing)] == [True, True]
    assert not access.can_assign(UUID(int=1), to_self=True)


@pytest.mark.parametrize("bindings", [1, 3])
def test_access_takes_two_queries(bindings: int, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Agent", inbox=support)
    for role in ("Team lead", "Compliance officer")[: bindings - 1]:
        bind(user, role, billing, everywhere=role == "Compliance officer")

    with django_assert_num_queries(2):
        access = access_of(user)

    assert access.can(Right.VIEW, support.pk)


def test_somebody_switched_off_may_do_nothing() -> None:
    user = make_agent("Security admin")
    bind(user, "Team lead", make_inbox())
    before = access_of(user)

    user.is_active = False

    assert before.may(DeskRight.MANAGE_ROLES)
    assert access_of(user) == Access(user.pk)


def test_a_superuser_as_such_reads_no_mail() -> None:
    inbox = make_inbox()
    root = User.objects.create_superuser("root@staff.example.com", None, name="Root")

    assert access_of(root) == Access(root.pk)

    bind(root, "Agent", inbox)
    assert access_of(root).can(Right.VIEW, inbox.pk)


def test_a_binding_on_some_inboxes_gives_audit_rights_for_these_alone() -> None:
    support, billing = make_two_inboxes()
    user = make_agent("Team lead", inbox=support)
    bind(user, "Compliance officer", billing)

    access = access_of(user)

    assert access.desk == frozenset({DeskRight.VIEW_AUDIT, DeskRight.EXPORT_AUDIT})
    assert access.audit_inboxes == frozenset({support.pk, billing.pk})


def test_a_binding_on_some_inboxes_gives_no_right_on_the_desk() -> None:
    inbox = make_inbox()
    user = make_agent("Security admin", inbox=inbox)

    access = access_of(user)

    assert access.desk == frozenset({DeskRight.VIEW_AUDIT})
    assert not access.may(DeskRight.MANAGE_ROLES)


@pytest.mark.parametrize("everywhere", [True, False])
def test_a_binding_on_no_inbox_or_on_all_gives_the_whole_desk(*, everywhere: bool) -> None:
    inbox = make_inbox()
    user = people.create_user("sec@staff.example.com", "Sec")
    bind(user, "Security admin", everywhere=everywhere)
    bind(user, "Team lead", inbox)

    access = access_of(user)

    assert access.audit_inboxes is None
    assert access.desk == frozenset(
        {DeskRight.MANAGE_PEOPLE, DeskRight.MANAGE_ROLES, DeskRight.RESET_FACTORS, DeskRight.VIEW_AUDIT}
    )


def test_desk_rights_without_audit_leave_the_log_shut() -> None:
    role = Role.objects.create(name="Door keeper", desk_rights=[DeskRight.RESET_FACTORS])
    user = people.create_user("keeper@staff.example.com", "Keeper")
    make_binding(BindingSpec(role, people=(user,)), by=None)

    access = access_of(user)

    assert (access.desk, access.audit_inboxes) == (frozenset({DeskRight.RESET_FACTORS}), frozenset())


@pytest.mark.parametrize("role", [role.name for role in SHIPPED_ROLES])
@pytest.mark.parametrize("everywhere", [True, False])
def test_guardian_and_the_backend_say_what_access_says(role: str, *, everywhere: bool) -> None:
    inboxes = make_two_inboxes()
    user = make_agent(role, inbox=None if everywhere else inboxes[0])
    access = access_of(user)

    for inbox in inboxes:
        checker = ObjectPermissionChecker(user)
        for right in Right:
            held = access.can(right, inbox.pk)
            assert checker.has_perm(right.value, inbox) is held
            assert user.has_perm(f"inboxes.{right}", inbox) is held
            assert InboxBackend().has_perm(user, right.value, inbox) is held


def test_the_backend_knows_rights_on_inboxes_alone() -> None:
    inbox = make_inbox()
    user = make_agent(inbox=inbox)
    backend = InboxBackend()

    assert backend.has_perm(user, "inboxes.reply", inbox)
    assert not backend.has_perm(user, "inboxes.reply")
    assert not backend.has_perm(user, "inboxes.reply", user)
    assert not backend.has_perm(user, "inboxes.fly", inbox)
    assert not backend.has_perm(AnonymousUser(), "inboxes.reply", inbox)


def test_the_backend_signs_nobody_in() -> None:
    user = make_agent()

    assert InboxBackend().authenticate(None, username=user.email, password="Kanarienvogel-93-gelb") is None  # type: ignore[func-returns-value] # that is what is tested


def test_an_access_without_rights_allows_nothing() -> None:
    access = Access(new_id())

    assert not any(access.can(right, new_id()) for right in Right)
    assert not any(access.may(right) for right in DeskRight)
    assert access.inboxes(Right.VIEW) == ()


def test_workers_are_those_who_may_answer_there_once_each() -> None:
    support, billing = make_two_inboxes()
    agent, everywhere = make_agent("Agent", inbox=support), make_agent("Team lead")
    bind(agent, "Senior agent", support)
    make_agent("Read-only", inbox=support)
    make_agent("Agent", inbox=billing)
    gone = make_agent("Agent", inbox=support)
    gone.is_active = False
    gone.save(update_fields=["is_active"])

    found = workers_in(support.pk)

    wanted = {Worker(user.pk, user.name, user.email) for user in (agent, everywhere)}
    assert (len(found), set(found)) == (2, wanted)
