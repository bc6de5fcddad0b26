"""What can go wrong when rights are given or taken."""

from helpdesk.core.errors import Forbidden, Invalid


class OwnBinding(Forbidden):
    """Nobody edits their own bindings."""

    code = "own_binding"


class NotYoursToGive(Forbidden):
    """The role holds a right that the giver does not hold there."""

    code = "not_yours_to_give"


class EmptyBinding(Invalid):
    """A binding needs somebody who holds it."""

    code = "empty_binding"


class AddressTaken(Invalid):
    """The address belongs to another inbox."""

    code = "address_taken"


class ShippedRoleKept(Forbidden):
    """A role that ships with the product is changed by an upgrade alone."""

    code = "shipped_role_kept"


class RoleInUse(Forbidden):
    """Somebody holds the role."""

    code = "role_in_use"


class BeyondReach(Forbidden):
    """The person holds a desk right that the one who acts on their sign-in lacks."""

    code = "beyond_reach"
