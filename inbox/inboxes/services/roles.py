"""The roles that ship with the product, and roles that a desk makes for itself."""

from django.db.models import Manager

from inbox.inboxes.models import Role
from inbox.inboxes.permissions import SHIPPED_ROLES


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
