"""Load a person's Access: two queries, once per request."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from inbox.inboxes.models import Binding, InboxGroupPermission
from inbox.inboxes.permissions import Access, DeskRight, Right

_AUDIT = frozenset({DeskRight.VIEW_AUDIT, DeskRight.EXPORT_AUDIT})


def access_of(user: User) -> Access:
    """Return what `user` may do now. Somebody switched off may do nothing; a superuser as such reads no mail."""
    if not user.is_active:
        return Access(user.pk)
    rights: dict[UUID, set[Right]] = defaultdict(set)
    narrow: dict[UUID, list[bool]] = defaultdict(list)
    for inbox_id, codename, to_self in _inbox_rows(user):
        right = Right(codename)
        rights[inbox_id].add(right)
        if right is Right.ASSIGN:
            narrow[inbox_id].append(bool(to_self))
    desk, audit_inboxes = _desk_rights(user)
    return Access(
        user.pk,
        rights={inbox_id: frozenset(held) for inbox_id, held in rights.items()},
        assign_to_self=frozenset(inbox_id for inbox_id, flags in narrow.items() if all(flags)),
        desk=desk,
        audit_inboxes=audit_inboxes,
    )


def _inbox_rows(user: User) -> Iterable[tuple[UUID, str, bool | None]]:
    return InboxGroupPermission.objects.filter(group__user=user).values_list(
        "content_object_id", "permission__codename", "group__binding__role__assign_to_self"
    )


def _desk_rights(user: User) -> tuple[frozenset[DeskRight], frozenset[UUID] | None]:
    """Return the desk rights, and the inboxes whose entries the audit rights reach (None: the whole desk).

    A binding on some inboxes gives the audit rights for these alone, and no other desk right.
    """
    held: set[DeskRight] = set()
    audit_inboxes: set[UUID] = set()
    whole_desk = False
    rows = (
        Binding.objects.filter(group__user=user)
        .exclude(role__desk_rights=[])
        .order_by()
        .values_list("role__desk_rights", "all_inboxes", "inboxes")
    )
    for codes, all_inboxes, inbox_id in rows:
        given = {DeskRight(code) for code in codes}
        if all_inboxes or inbox_id is None:
            held |= given
            whole_desk = whole_desk or bool(given & _AUDIT)
        else:
            held |= given & _AUDIT
            audit_inboxes.add(inbox_id)
    return frozenset(held), None if whole_desk else frozenset(audit_inboxes)
