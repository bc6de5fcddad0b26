"""Give and take roles. Guardian's rows and group members are derived here and nowhere else."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import transaction

from accounts.models import Team, User
from audit.actions import Action
from audit.record import record
from helpdesk.core.ids import new_id
from inbox.inboxes.errors import EmptyBinding, NotYoursToGive, OwnBinding
from inbox.inboxes.models import Binding, Inbox, InboxGroupPermission, Role
from inbox.inboxes.permissions import Access, DeskRight, Right


@dataclass(frozen=True, slots=True)
class BindingSpec:
    """What a binding shall say. `inboxes` is ignored when `all_inboxes`; neither means desk rights alone."""

    role: Role
    inboxes: tuple[Inbox, ...] = ()
    all_inboxes: bool = False
    people: tuple[User, ...] = ()
    teams: tuple[Team, ...] = ()
    reason: str = ""


@transaction.atomic
def make_binding(spec: BindingSpec, *, by: Access | None) -> Binding:
    """Bind a role. `by` is who gives it, None for the desk itself (setup, demo).

    Raises NotYoursToGive, OwnBinding, EmptyBinding.
    """
    _allow(spec, by=by)
    binding_id = new_id()
    group = Group.objects.create(name=f"binding {binding_id}")
    binding = Binding.objects.create(
        id=binding_id, role=spec.role, all_inboxes=spec.all_inboxes, group=group, reason=spec.reason
    )
    _fill(binding, spec)
    _record(Action.ROLE_BOUND, binding)
    return binding


@transaction.atomic
def change_binding(binding: Binding, spec: BindingSpec, *, by: Access | None) -> Binding:
    """Let a binding say `spec`. Whoever changes it must be allowed to give both the old and the new."""
    binding = Binding.objects.select_for_update().get(pk=binding.pk)
    _allow(_spec_of(binding), by=by)
    _allow(spec, by=by)
    binding.role = spec.role
    binding.all_inboxes = spec.all_inboxes
    binding.reason = spec.reason
    binding.save(update_fields=["role", "all_inboxes", "reason"])
    _fill(binding, spec)
    _record(Action.BINDING_CHANGED, binding)
    return binding


@transaction.atomic
def end_binding(binding: Binding, *, by: Access | None) -> None:
    """Take a binding back, with its group and guardian's rows."""
    binding = Binding.objects.select_for_update().get(pk=binding.pk)
    _allow(_spec_of(binding), by=by)
    _record(Action.ROLE_UNBOUND, binding)
    group = binding.group
    binding.delete()
    group.delete()


def derive(binding: Binding) -> None:
    """Make the group's members and guardian's rows what the binding says. Runs inside the caller's transaction."""
    members = User.objects.filter(bindings=binding).union(User.objects.filter(teams__bindings=binding))
    binding.group.user_set.set(list(members))
    wanted = set(_wanted_rows(binding))
    rows = InboxGroupPermission.objects.filter(group=binding.group)
    held = {(row.permission_id, row.content_object_id): row.pk for row in rows}
    InboxGroupPermission.objects.filter(pk__in=[pk for key, pk in held.items() if key not in wanted]).delete()
    InboxGroupPermission.objects.bulk_create(
        InboxGroupPermission(group=binding.group, permission_id=permission_id, content_object_id=inbox_id)
        for permission_id, inbox_id in sorted(wanted - set(held))
    )


def derive_all(bindings: Iterable[Binding]) -> None:
    """Derive several bindings, in the order of their keys so that two callers never lock crosswise."""
    for binding in sorted(bindings, key=lambda each: each.pk):
        derive(Binding.objects.select_for_update().get(pk=binding.pk))


def _wanted_rows(binding: Binding) -> Iterable[tuple[int, UUID]]:
    inboxes = Inbox.objects.all() if binding.all_inboxes else binding.inboxes.all()
    inbox_ids = list(inboxes.values_list("pk", flat=True))
    permissions = Permission.objects.filter(
        content_type=ContentType.objects.get_for_model(Inbox), codename__in=binding.role.rights
    ).values_list("pk", flat=True)
    return [(permission_id, inbox_id) for permission_id in permissions for inbox_id in inbox_ids]


def _fill(binding: Binding, spec: BindingSpec) -> None:
    binding.inboxes.set([] if spec.all_inboxes else spec.inboxes)
    binding.people.set(spec.people)
    binding.teams.set(spec.teams)
    derive(binding)


def _spec_of(binding: Binding) -> BindingSpec:
    return BindingSpec(
        binding.role,
        tuple(binding.inboxes.all()),
        binding.all_inboxes,
        tuple(binding.people.all()),
        tuple(binding.teams.all()),
        binding.reason,
    )


def _allow(spec: BindingSpec, *, by: Access | None) -> None:
    """Raise unless `by` may give it: any role with MANAGE_ROLES, else what `by` holds where they manage members."""
    if by is None:
        return
    holders = {person.pk for person in spec.people}
    holders |= set(User.objects.filter(teams__in=spec.teams).values_list("pk", flat=True))
    if by.user_id in holders:
        raise OwnBinding("nobody edits their own bindings")
    if by.may(DeskRight.MANAGE_ROLES):
        return
    if spec.role.desk_rights or spec.all_inboxes or not spec.inboxes:
        raise NotYoursToGive("only somebody who manages roles may bind it")
    for inbox in spec.inboxes:
        _allow_there(spec, inbox.pk, by=by)


def _allow_there(spec: BindingSpec, inbox_id: UUID, *, by: Access) -> None:
    held = by.rights.get(inbox_id, frozenset())
    if Right.MANAGE_MEMBERS not in held or not spec.role.right_set <= held:
        raise NotYoursToGive("the role holds a right that you do not hold there")
    widened = Right.ASSIGN in spec.role.right_set and not spec.role.assign_to_self
    if widened and inbox_id in by.assign_to_self:
        raise NotYoursToGive("you may assign tickets to yourself only")


def _record(action: Action, binding: Binding) -> None:
    record(
        action,
        on=binding.as_subject(),
        role=binding.role_id,
        all_inboxes=binding.all_inboxes,
        inboxes=sorted(binding.inboxes.values_list("pk", flat=True)),
        people=sorted(binding.people.values_list("pk", flat=True)),
        teams=sorted(binding.teams.values_list("pk", flat=True)),
    )


def require_holder(spec: BindingSpec) -> None:
    """Raise EmptyBinding when nobody would hold it: what a form asks before it saves."""
    if not spec.people and not spec.teams:
        raise EmptyBinding("name at least one person or team")
