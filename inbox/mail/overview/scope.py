"""Whose mail a person administers, and the pages that lists of it are cut into."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from django.db.models import Q

from helpdesk.core.paging import BadCursor
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access, Right
from inbox.tickets.models import Ticket

PAGE_SIZE: Final = 50
Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Paged(Generic[Row]):
    """One page of a list, newest first. `next` is the cursor of the page behind it, "" for the last one."""

    rows: Sequence[Row]
    next: str = ""


def administered(access: Access, *, only: UUID | None = None) -> tuple[UUID, ...]:
    """Return the inboxes whose mail the person administers: those with MANAGE_MAILBOX or MANAGE_INBOX.

    `only` keeps that one alone, and nothing when it is none of them.
    """
    held = {*access.inboxes(Right.MANAGE_MAILBOX), *access.inboxes(Right.MANAGE_INBOX)}
    return tuple(sorted(held if only is None else held & {only}))


def inbox_names(access: Access) -> dict[UUID, str]:
    """Return the names of the inboxes whose mail the person administers, in their order."""
    rows = Inbox.objects.filter(pk__in=administered(access)).order_by("name")
    return dict(rows.values_list("pk", "name"))


def in_sight(access: Access) -> Q:
    """Return what keeps a row of `message`: mail of a ticket that the person may see, or of none."""
    return Q(message=None) | Q(message__ticket__in=Ticket.objects.visible_to(access))


def place(cursor: str) -> UUID | None:
    """Return the id that a page of a list by id begins behind, None for the first page. Raises BadCursor."""
    if not cursor:
        return None
    try:
        return UUID(cursor)
    except ValueError as error:
        raise BadCursor("that page does not exist; begin at the first one") from error


def cut(rows: Sequence[Row], cursors: Sequence[str]) -> Paged[Row]:
    """Return a page of rows that were read one further than it holds; `cursors` are theirs, one each."""
    more = len(rows) > PAGE_SIZE
    return Paged(rows[:PAGE_SIZE], cursors[PAGE_SIZE - 1] if more else "")
