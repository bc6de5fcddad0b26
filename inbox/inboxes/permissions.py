"""Rights, the shipped roles, and the frozen Access: what one person may do now, and where."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final
from uuid import UUID


class Right(StrEnum):
    """A right on an inbox. The value is guardian's bare codename."""

    VIEW = "view"
    VIEW_RESTRICTED = "view_restricted"
    VIEW_RAW = "view_raw"
    REPLY = "reply"
    NOTE = "note"
    ASSIGN = "assign"
    EDIT = "edit"
    MERGE = "merge"
    MOVE = "move"
    DELETE = "delete"
    PURGE = "purge"
    EXPORT = "export"
    MANAGE_INBOX = "manage_inbox"
    MANAGE_MAILBOX = "manage_mailbox"
    MANAGE_MEMBERS = "manage_members"


class DeskRight(StrEnum):
    """A right on the desk as a whole. VIEW_AUDIT bound on some inboxes shows only their entries."""

    MANAGE_PEOPLE = "manage_people"
    MANAGE_ROLES = "manage_roles"
    RESET_FACTORS = "reset_factors"
    VIEW_AUDIT = "view_audit"
    EXPORT_AUDIT = "export_audit"


@dataclass(frozen=True, slots=True)
class ShippedRole:
    """A role that comes with the product. `assign_to_self` narrows ASSIGN to handing a ticket to oneself."""

    name: str
    rights: frozenset[Right]
    desk_rights: frozenset[DeskRight] = frozenset()
    assign_to_self: bool = False


_AGENT: Final = frozenset({Right.VIEW, Right.REPLY, Right.NOTE, Right.ASSIGN, Right.EDIT})
_SENIOR: Final = _AGENT | {Right.VIEW_RESTRICTED, Right.VIEW_RAW, Right.MERGE, Right.MOVE, Right.DELETE}
_LEAD: Final = _SENIOR | {Right.EXPORT, Right.MANAGE_INBOX, Right.MANAGE_MEMBERS}

SHIPPED_ROLES: Final = (
    ShippedRole("Read-only", frozenset({Right.VIEW})),
    ShippedRole("Agent", _AGENT, assign_to_self=True),
    ShippedRole("Senior agent", _SENIOR),
    ShippedRole("Team lead", _LEAD, frozenset({DeskRight.VIEW_AUDIT})),
    ShippedRole(
        "Inbox admin",
        frozenset({Right.VIEW, Right.MANAGE_INBOX, Right.MANAGE_MAILBOX, Right.MANAGE_MEMBERS}),
        frozenset({DeskRight.VIEW_AUDIT}),
    ),
    ShippedRole(
        "Compliance officer",
        frozenset({Right.VIEW_RAW, Right.EXPORT}),
        frozenset({DeskRight.VIEW_AUDIT, DeskRight.EXPORT_AUDIT}),
    ),
    ShippedRole(
        "Security admin",
        frozenset(),
        frozenset({DeskRight.MANAGE_PEOPLE, DeskRight.MANAGE_ROLES, DeskRight.RESET_FACTORS, DeskRight.VIEW_AUDIT}),
    ),
)


@dataclass(frozen=True, slots=True)
class Access:
    """What one person may do now, loaded once per request and never kept longer.

    `rights` maps an inbox to the rights held there. `assign_to_self` holds the inboxes where ASSIGN only means
    oneself. `audit_inboxes` narrows VIEW_AUDIT and EXPORT_AUDIT to entries of these inboxes; None means the whole desk.
    """

    user_id: UUID
    rights: Mapping[UUID, frozenset[Right]] = field(default_factory=dict)
    assign_to_self: frozenset[UUID] = frozenset()
    desk: frozenset[DeskRight] = frozenset()
    audit_inboxes: frozenset[UUID] | None = frozenset()

    def can(self, right: Right, inbox_id: UUID) -> bool:
        """Return whether `right` is held on that inbox."""
        return right in self.rights.get(inbox_id, frozenset())

    def inboxes(self, right: Right) -> tuple[UUID, ...]:
        """Return the inboxes where `right` is held, in the order of their ids."""
        return tuple(sorted(inbox_id for inbox_id, held in self.rights.items() if right in held))

    def may(self, right: DeskRight) -> bool:
        """Return whether the desk right is held, somewhere at least."""
        return right in self.desk

    def can_assign(self, inbox_id: UUID, *, to_self: bool) -> bool:
        """Return whether a ticket of that inbox may be handed to oneself, or to anybody."""
        return self.can(Right.ASSIGN, inbox_id) and (to_self or inbox_id not in self.assign_to_self)
