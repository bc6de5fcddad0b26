"""Open a page of a list: one entry for all rows that were shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from audit.record import record_list
from helpdesk.core.context import Purpose, current_request, purpose
from helpdesk.core.paging import read_cursor, write_cursor
from helpdesk.crypto.keyring import Owner, OwnerKind, preload
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access
from inbox.tickets.models import Draft, Ticket, TicketSeen
from inbox.tickets.opening.people import people_of, readable
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
    rows = _rows(access, tickets[:size])
    last = tickets[size - 1] if len(tickets) > size else None
    return Page(
        query.folder, query.inbox_id, rows, write_cursor(last.last_activity, last.pk) if last is not None else ""
    )


def show_rows(access: Access, numbers: Sequence[int], query: ListQuery) -> tuple[TicketRow, ...]:
    """Return those of the tickets that the person may see and that lie in the folder; recorded like a list."""
    tickets = Ticket.objects.visible_to(access).filter(number__in=numbers[:PAGE_SIZE])
    if query.inbox_id is not None:
        tickets = tickets.filter(inbox=query.inbox_id)
    return _rows(access, [ticket for ticket in tickets if lies_in(ticket, query.folder, me=access.user_id)])


def lies_in(ticket: Ticket, folder: Folder, *, me: UUID) -> bool:
    """Return whether the ticket lies in `folder`, as `page_of` asks the database."""
    if folder == Folder.BIN or ticket.deleted_at is not None:
        return folder == Folder.BIN and ticket.deleted_at is not None
    if folder == Folder.SPAM or ticket.spam_at is not None:
        return folder == Folder.SPAM and ticket.spam_at is not None
    if folder in {Folder.PENDING, Folder.CLOSED}:
        return ticket.state == folder.value
    whose = {Folder.OPEN: True, Folder.MINE: ticket.assignee_id == me, Folder.UNASSIGNED: ticket.assignee_id is None}
    return ticket.state == State.OPEN and whose[folder]


def show_counts(access: Access, *, inbox_id: UUID | None = None) -> tuple[FolderCount, ...]:
    """Return the counts of the daily folders; a hidden ticket counts nowhere."""
    counts = count_folders(access, _COUNTED, inbox_id=inbox_id)
    return tuple(FolderCount(folder, inbox_id, count) for folder, count in counts.items())


def _rows(access: Access, tickets: Sequence[Ticket]) -> tuple[TicketRow, ...]:
    ids = [ticket.pk for ticket in tickets]
    preload(Owner(OwnerKind.TICKET, pk) for pk in ids)
    names = dict(Inbox.objects.values_list("pk", "name"))
    people = people_of({ticket.assignee_id for ticket in tickets})
    seen = dict(TicketSeen.objects.filter(user=access.user_id, ticket__in=ids).values_list("ticket", "version"))
    drafts = set(Draft.objects.filter(user=access.user_id, ticket__in=ids).values_list("ticket", flat=True))
    _record(tickets)
    with purpose(Purpose.LIST):
        return tuple(
            TicketRow(
                id=ticket.pk,
                number=ticket.number,
                subject=readable(ticket, ticket, "subject"),
                sender=readable(ticket, ticket, "sender"),
                preview=readable(ticket, ticket, "preview"),
                inbox_id=ticket.inbox_id,
                inbox_name=names.get(ticket.inbox_id, ""),
                state=State(ticket.state),
                assignee=people.get(ticket.assignee_id),
                age_at=ticket.last_activity,
                version=ticket.version,
                unread=seen.get(ticket.pk, 0) < ticket.version,
                restricted=ticket.restricted,
                deleted=ticket.deleted_at is not None,
                spam=ticket.spam_at is not None,
                draft=ticket.pk in drafts,
            )
            for ticket in tickets
        )


def _record(tickets: Sequence[Ticket]) -> None:
    request = current_request()
    record_list(
        [ticket.number for ticket in tickets],
        session=request.session if request else "",
        inbox_ids=frozenset(ticket.inbox_id for ticket in tickets),
    )
