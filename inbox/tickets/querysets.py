"""Questions about tickets, each asked of what one person may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from django.db import connection, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.query import RawQuerySet

from inbox.inboxes.permissions import Access, Right
from inbox.tickets.states import Folder

T_co = TypeVar("T_co", bound=models.Model, covariant=True)

_Value = UUID | int | datetime | list[UUID] | list[int]

PAGE_SIZE: Final = 50
COUNT_LIMIT: Final = 100
"""Folders count no further: 100 is shown as `99+`."""

_LIVE: Final = "t.deleted_at IS NULL AND t.spam_at IS NULL"
_CONDITIONS: Final = {
    Folder.MINE: f"{_LIVE} AND t.state = 'open' AND t.assignee_id = %(me)s",
    Folder.UNASSIGNED: f"{_LIVE} AND t.state = 'open' AND t.assignee_id IS NULL",
    Folder.OPEN: f"{_LIVE} AND t.state = 'open'",
    Folder.PENDING: f"{_LIVE} AND t.state = 'pending'",
    Folder.CLOSED: f"{_LIVE} AND t.state = 'closed'",
    Folder.SPAM: "t.deleted_at IS NULL AND t.spam_at IS NOT NULL",
    Folder.BIN: "t.deleted_at IS NOT NULL",
}
_SEEN: Final = """(NOT t.restricted OR t.inbox_id = ANY(%(restricted)s::uuid[])
    OR EXISTS (SELECT 1 FROM tickets_ticketreader r WHERE r.ticket_id = t.id AND r.user_id = %(me)s))"""
_BEFORE: Final = "AND (t.last_activity, t.id) < (%(at)s, %(id)s)"

# Two phases: the newest ticket of each visible inbox gives the inboxes that can hold a row of this page and the moment
# that every row is newer than; only these inboxes are then read, by their index.
_PAGE: Final = """
WITH heads AS MATERIALIZED (
  SELECT i.id, h.last_activity FROM unnest(%(inboxes)s::uuid[]) i(id) CROSS JOIN LATERAL (
    SELECT t.last_activity FROM tickets_ticket t WHERE t.inbox_id = i.id AND {condition} AND {seen} {before}
    ORDER BY t.last_activity DESC, t.id DESC LIMIT 1) h
  ORDER BY h.last_activity DESC FETCH FIRST %(size)s ROWS WITH TIES),
cut AS (SELECT CASE WHEN count(*) < %(size)s THEN '-infinity'::timestamptz ELSE min(last_activity) END AS m
  FROM heads),
page AS (SELECT x.* FROM heads CROSS JOIN cut CROSS JOIN LATERAL (
  SELECT t.* FROM tickets_ticket t
  WHERE t.inbox_id = heads.id AND {condition} AND {seen} AND t.last_activity >= cut.m {before}
  ORDER BY t.last_activity DESC, t.id DESC LIMIT %(size)s) x
ORDER BY x.last_activity DESC, x.id DESC LIMIT %(size)s)"""
_NUMBERED: Final = """
WITH page AS (SELECT t.* FROM tickets_ticket t
  WHERE t.number = ANY(%(numbers)s::bigint[]) AND t.inbox_id = ANY(%(inboxes)s::uuid[]) AND {condition} AND {seen})"""
# What a row shows beside the ticket's own columns, joined in the same query.
_SHOWN: Final = """
SELECT page.id, page.number, page.inbox_id, page.subject, page.sender, page.preview, page.state, page.assignee_id,
  page.restricted, page.deleted_at, page.spam_at, page.version, page.last_activity,
  i.name AS inbox_name, u.name AS assignee_name, u.email AS assignee_email, s.version AS seen_version,
  EXISTS (SELECT 1 FROM tickets_draft d WHERE d.ticket_id = page.id AND d.user_id = %(me)s) AS has_draft
FROM page JOIN inboxes_inbox i ON i.id = page.inbox_id
LEFT JOIN accounts_user u ON u.id = page.assignee_id
LEFT JOIN tickets_ticketseen s ON s.ticket_id = page.id AND s.user_id = %(me)s
ORDER BY page.last_activity DESC, page.id DESC"""

_COUNT: Final = """SELECT count(*) FROM (
  SELECT 1 FROM unnest(%(inboxes)s::uuid[]) i(id) CROSS JOIN LATERAL (
    SELECT 1 FROM tickets_ticket t WHERE t.inbox_id = i.id AND {condition} AND {seen} LIMIT %(limit)s) x
  LIMIT %(limit)s) y"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list begins: after this row, in the order newest first."""

    last_activity: datetime
    id: UUID


class TicketQuerySet(models.QuerySet[T_co]):
    """Tickets."""

    def visible_to(self, access: Access, right: Right = Right.VIEW) -> "TicketQuerySet[T_co]":
        """Keep what `access` may see and do `right` on.

        A restricted ticket is kept only for holders of VIEW_RESTRICTED and for its named readers.
        """
        allowed = set(access.inboxes(right)) & set(access.inboxes(Right.VIEW))
        restricted = allowed & set(access.inboxes(Right.VIEW_RESTRICTED))
        readers = self.model._meta.get_field("readers").related_model  # the table is known to the model alone
        named = readers.objects.filter(ticket=OuterRef("pk"), user=access.user_id).values("ticket")  # type: ignore[union-attr] # a related model is never "self" here
        seen = Q(restricted=False) | Q(inbox__in=restricted) | Q(pk__in=Subquery(named))
        return self.filter(Q(inbox__in=allowed) & seen)

    def page_of(
        self, access: Access, folder: Folder, *, inbox_id: UUID | None, after: Place | None, size: int = PAGE_SIZE
    ) -> "RawQuerySet[T_co]":
        """Return one page of a folder, newest first: at most `size` rows, in one query.

        Each carries inbox_name, assignee_name, assignee_email, seen_version and has_draft besides. Its cost grows
        with the visible inboxes and the page, never with the tickets.
        """
        sql = _PAGE.format(condition=_CONDITIONS[folder], seen=_SEEN, before=_BEFORE if after else "") + _SHOWN
        values = _reach(access, inbox_id)
        values["size"] = size
        if after is not None:
            values["at"] = after.last_activity
            values["id"] = after.id
        return self.raw(sql, values)

    def numbered(
        self, access: Access, folder: Folder, *, inbox_id: UUID | None, numbers: Sequence[int]
    ) -> "RawQuerySet[T_co]":
        """Return those of the numbers that lie in the folder and may be seen, with what `page_of` adds."""
        values = _reach(access, inbox_id)
        values["numbers"] = list(numbers)
        return self.raw(_NUMBERED.format(condition=_CONDITIONS[folder], seen=_SEEN) + _SHOWN, values)


def count_folders(access: Access, folders: tuple[Folder, ...], *, inbox_id: UUID | None = None) -> dict[Folder, int]:
    """Return how many tickets each folder shows to `access`, COUNT_LIMIT at most, in one query."""
    parts = [_COUNT.format(condition=_CONDITIONS[folder], seen=_SEEN) for folder in folders]
    sql = "SELECT " + ", ".join(f"({part})" for part in parts)
    values = _reach(access, inbox_id)
    values["limit"] = COUNT_LIMIT
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return dict(zip(folders, cursor.fetchone(), strict=True))


def _reach(access: Access, inbox_id: UUID | None) -> dict[str, _Value]:
    inboxes = [each for each in access.inboxes(Right.VIEW) if inbox_id in (None, each)]
    restricted = [each for each in access.inboxes(Right.VIEW_RESTRICTED) if each in inboxes]
    return {"inboxes": inboxes, "restricted": restricted, "me": access.user_id}
