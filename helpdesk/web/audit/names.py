"""The names that people know ids by, fetched for many rows at once. The log itself holds ids alone."""

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID

from accounts.models import Team, User
from audit.opening import EntryRow
from audit.payload import Plain
from inbox.inboxes.models import Inbox, Role
from inbox.tickets.models import Ticket


def names_of(rows: Sequence[EntryRow]) -> dict[UUID, str]:
    """Return the names of what the rows mention: five queries, however many rows. What is gone has none."""
    wanted = {key for row in rows for key in _ids(row)}
    named = [
        User.objects.filter(pk__in=wanted).values_list("pk", "name"),
        Inbox.objects.filter(pk__in=wanted).values_list("pk", "name"),
        Team.objects.filter(pk__in=wanted).values_list("pk", "name"),
        Role.objects.filter(pk__in=wanted).values_list("pk", "name"),
    ]
    names = {key: name for pairs in named for key, name in pairs}
    return names | {key: f"#{number}" for key, number in numbers_of(rows).items()}


def numbers_of(rows: Sequence[EntryRow]) -> dict[UUID, int]:
    """Return the numbers of the tickets that the rows belong to."""
    wanted = {row.ticket_id for row in rows if row.ticket_id}
    return dict(Ticket.objects.filter(pk__in=wanted).values_list("pk", "number"))


def _ids(row: EntryRow) -> Iterator[UUID]:
    for key in (row.actor_id, row.acting_for, row.subject_id, row.inbox_id):
        if key is not None:
            yield key
    for part in (row.content.details, row.content.changes):
        yield from _mentioned(part)


def _mentioned(value: Plain) -> Iterator[UUID]:
    if isinstance(value, str):
        try:
            yield UUID(value)
        except ValueError:
            return
    elif isinstance(value, Mapping):
        for part in value.values():
            yield from _mentioned(part)
    elif isinstance(value, Sequence):
        for part in value:
            yield from _mentioned(part)
