"""Open a page of a list: one entry for all rows that were shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from audit.record import record_list
from helpdesk.core.context import Purpose, current_request, purpose
from helpdesk.core.paging import read_cursor, write_cursor
from helpdesk.crypto.keyring import Owner, OwnerKind, preload
from inbox.inboxes.permissions import Access
from inbox.tickets.models import Ticket
from inbox.tickets.opening.people import person, readable
from inbox.tickets.querysets import PAGE_SIZE, Place, count_folders
from inbox.tickets.rows import FolderCount, Page, TicketRow
from inbox.tickets.states import Folder, State

_COUNTED = (Folder.MINE, Folder.UNASSIGNED, Folder.OPEN, Folder.PENDING)


@dataclass(frozen=True, slots=True)
class ListQuery:
    """Which page of which folder. `inbox_id` None means all inboxes that the person may see; `after` is a cursor."""

    folder: Folder = Folder.OPEN
    inbox_id: UUID | None = None
    after: str = ""


def show_list(access: Access, query: ListQuery, *, size: int = PAGE_SIZE) -> Page:
    """Return one page of a folder, opened and recorded as ONE ticket.list entry. Raises BadCursor."""
    after = Place(*read_cursor(query.after)) if query.after else None
    tickets = list(Ticket.objects.page_of(access, query.folder, inbox_id=query.inbox_id, after=after, size=size + 1))
    rows = _rows(tickets[:size])
    last = tickets[size - 1] if len(tickets) > size else None
    return Page(
        query.folder, query.inbox_id, rows, write_cursor(last.last_activity, last.pk) if last is not None else ""
    )


def show_rows(access: Access, numbers: Sequence[int], query: ListQuery) -> tuple[TicketRow, ...]:
    """Return those of the tickets that the person may see and that lie in the folder; recorded like a list."""
    wanted = numbers[:PAGE_SIZE]
    return _rows(list(Ticket.objects.numbered(access, query.folder, inbox_id=query.inbox_id, numbers=wanted)))


def show_counts(access: Access, *, inbox_id: UUID | None = None) -> tuple[FolderCount, ...]:
    """Return the counts of the daily folders; a hidden ticket counts nowhere."""
    counts = count_folders(access, _COUNTED, inbox_id=inbox_id)
    return tuple(FolderCount(folder, inbox_id, count) for folder, count in counts.items())


def _rows(tickets: Sequence[Ticket]) -> tuple[TicketRow, ...]:
    preload(Owner(OwnerKind.TICKET, ticket.pk) for ticket in tickets)
    _record(tickets)
    with purpose(Purpose.LIST):
        return tuple(_row(ticket, vars(ticket)) for ticket in tickets)


def _row(ticket: Ticket, joined: Mapping[str, Any]) -> TicketRow:  # Any: what the list's query joined
    assignee = None
    if ticket.assignee_id is not None:
        assignee = person(ticket.assignee_id, joined["assignee_name"], joined["assignee_email"])
    return TicketRow(
        id=ticket.pk,
        number=ticket.number,
        subject=readable(ticket, ticket, "subject"),
        sender=readable(ticket, ticket, "sender"),
        preview=readable(ticket, ticket, "preview"),
        inbox_id=ticket.inbox_id,
        inbox_name=joined["inbox_name"],
        state=State(ticket.state),
        assignee=assignee,
        age_at=ticket.last_activity,
        version=ticket.version,
        unread=(joined["seen_version"] or 0) < ticket.version,
        restricted=ticket.restricted,
        deleted=ticket.deleted_at is not None,
        spam=ticket.spam_at is not None,
        draft=joined["has_draft"],
    )


def _record(tickets: Sequence[Ticket]) -> None:
    request = current_request()
    record_list(
        [ticket.number for ticket in tickets],
        session=request.session if request else "",
        inbox_ids=frozenset(ticket.inbox_id for ticket in tickets),
    )
