"""The roles that ship with the product, and roles that a desk makes for itself."""

from dataclasses import dataclass

from django.db import transaction
from django.db.models import Manager

from inbox.inboxes.errors import NotYoursToGive, OwnBinding, RoleInUse, ShippedRoleKept
from inbox.inboxes.models import Binding, Role
from inbox.inboxes.permissions import SHIPPED_ROLES, Access, DeskRight, Right
from inbox.inboxes.services.bindings import derive_all


@dataclass(frozen=True, slots=True)
class RoleSpec:
    """What a role of the desk's own shall say."""

    name: str
    rights: frozenset[Right]
    desk_rights: frozenset[DeskRight] = frozenset()
    assign_to_self: bool = False


def ship_roles(roles: Manager[Role] = Role.objects) -> None:
    """Write the seven shipped roles as they stand in the code. May run twice; a desk's own roles stay untouched."""
    for shipped in SHIPPED_ROLES:
        roles.update_or_create(
            name=shipped.name,
            defaults={
                "rights": sorted(shipped.rights),
                "desk_rights": sorted(shipped.desk_rights),
                "assign_to_self": shipped.assign_to_self,
                "shipped": True,
            },
        )


@transaction.atomic
def save_role(role: Role | None, spec: RoleSpec, *, by: Access) -> Role:
    """Make a role, or change one and derive every binding of it. Needs MANAGE_ROLES.

    Raises ShippedRoleKept for a role of the product, OwnBinding for one that `by` holds, NotYoursToGive without the
    right.
    """
    if not by.may(DeskRight.MANAGE_ROLES):
        raise NotYoursToGive("only somebody who manages roles may change them")
    role = Role() if role is None else Role.objects.select_for_update().get(pk=role.pk)
    _require_own(role, by=by)
    role.name = spec.name
    role.rights = sorted(spec.rights)
    role.desk_rights = sorted(spec.desk_rights)
    role.assign_to_self = spec.assign_to_self
    role.save()
    derive_all(Binding.objects.filter(role=role))
    return role


@transaction.atomic
def delete_role(role: Role, *, by: Access) -> None:
    """Delete a role that nobody holds. Raises RoleInUse, ShippedRoleKept, NotYoursToGive."""
    if not by.may(DeskRight.MANAGE_ROLES):
        raise NotYoursToGive("only somebody who manages roles may delete them")
    _require_own(role, by=by)
    if role.bindings.exists():
        raise RoleInUse("end the bindings of this role first")
    role.delete()


def _require_own(role: Role, *, by: Access) -> None:
    if role.shipped:
        raise ShippedRoleKept("a role that ships with the product stays as it is: make one of your own")
    if not role._state.adding and role.bindings.filter(group__user=by.user_id).exists():
        raise OwnBinding("nobody edits a role that they hold")
