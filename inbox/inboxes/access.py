"""Load a person's Access: two queries, once per request."""

from collections import defaultdict
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection

from accounts.models import User
from inbox.inboxes.permissions import Access, DeskRight, Right

_AUDIT = frozenset({DeskRight.VIEW_AUDIT, DeskRight.EXPORT_AUDIT})


_RIGHTS: Final = """
SELECT p.content_object_id, perm.codename, r.assign_to_self
FROM accounts_user_groups ug
JOIN inboxes_binding b ON b.group_id = ug.group_id JOIN inboxes_role r ON r.id = b.role_id
JOIN inboxes_inboxgrouppermission p ON p.group_id = ug.group_id JOIN auth_permission perm ON perm.id = p.permission_id
WHERE ug.user_id = %s"""
_DESK_RIGHTS: Final = """
SELECT r.desk_rights, b.all_inboxes, bi.inbox_id
FROM accounts_user_groups ug
JOIN inboxes_binding b ON b.group_id = ug.group_id JOIN inboxes_role r ON r.id = b.role_id
LEFT JOIN inboxes_binding_inboxes bi ON bi.binding_id = b.id
WHERE ug.user_id = %s AND r.desk_rights <> '{}'"""

_WORKERS: Final = """
SELECT DISTINCT u.id, u.name, u.email
FROM inboxes_inboxgrouppermission p JOIN auth_permission perm ON perm.id = p.permission_id
JOIN accounts_user_groups ug ON ug.group_id = p.group_id JOIN accounts_user u ON u.id = ug.user_id
WHERE p.content_object_id = %s AND perm.codename = %s AND u.is_active"""
_WITH_DESK_RIGHT: Final = """
SELECT DISTINCT ug.user_id
FROM accounts_user_groups ug JOIN inboxes_binding b ON b.group_id = ug.group_id JOIN inboxes_role r ON r.id = b.role_id
WHERE r.desk_rights @> ARRAY[%s]::varchar[]
AND (b.all_inboxes OR NOT EXISTS (SELECT 1 FROM inboxes_binding_inboxes bi WHERE bi.binding_id = b.id))"""


@dataclass(frozen=True, slots=True)
class Worker:
    """Somebody who may answer in an inbox: the person's key, name ("" when none is set) and e-mail address."""

    user_id: UUID
    name: str
    email: str


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
            narrow[inbox_id].append(to_self)
    desk, audit_inboxes = _desk_rights(user)
    return Access(
        user.pk,
        rights={inbox_id: frozenset(held) for inbox_id, held in rights.items()},
        assign_to_self=frozenset(inbox_id for inbox_id, flags in narrow.items() if all(flags)),
        desk=desk,
        audit_inboxes=audit_inboxes,
    )


def _inbox_rows(user: User) -> list[tuple[UUID, str, bool]]:
    # Asked on every request: plain SQL costs a tenth of what the ORM takes to build it.
    with connection.cursor() as cursor:
        cursor.execute(_RIGHTS, [user.pk])
        rows: list[tuple[UUID, str, bool]] = cursor.fetchall()
    return rows


def _desk_rights(user: User) -> tuple[frozenset[DeskRight], frozenset[UUID] | None]:
    """Return the desk rights, and the inboxes whose entries the audit rights reach (None: the whole desk).

    A binding on some inboxes gives the audit rights for these alone, and no other desk right.
    """
    held: set[DeskRight] = set()
    audit_inboxes: set[UUID] = set()
    whole_desk = False
    with connection.cursor() as cursor:
        cursor.execute(_DESK_RIGHTS, [user.pk])
        rows: list[tuple[list[str], bool, UUID | None]] = cursor.fetchall()
    for codes, all_inboxes, inbox_id in rows:
        given = {DeskRight(code) for code in codes}
        if all_inboxes or inbox_id is None:
            held |= given
            whole_desk = whole_desk or bool(given & _AUDIT)
        else:
            held |= given & _AUDIT
            audit_inboxes.add(inbox_id)
    return frozenset(held), None if whole_desk else frozenset(audit_inboxes)


def workers_in(inbox_id: UUID) -> list[Worker]:
    """Return everybody active who may answer in an inbox."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, [inbox_id, Right.REPLY.value])
        return [Worker(*row) for row in cursor.fetchall()]


def holders_of(right: Right, inbox_id: UUID) -> list[User]:
    """Return everybody active who holds a right on an inbox, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute(_WORKERS, [inbox_id, right.value])
        ids = [row[0] for row in cursor.fetchall()]
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("name", "pk"))


def people_with(right: DeskRight) -> list[User]:
    """Return everybody active who holds a desk right on the whole desk, in the order of their names."""
    with connection.cursor() as cursor:
        cursor.execute(_WITH_DESK_RIGHT, [right.value])
        ids = [row[0] for row in cursor.fetchall()]
    return list(User.objects.filter(pk__in=ids, is_active=True).order_by("name", "pk"))
