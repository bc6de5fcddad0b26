"""How each mailbox fares, and the log of its cycles: counts, times, and faults in the server's own words."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.paging import read_cursor, write_cursor
from inbox.inboxes.permissions import Access
from inbox.mail.models import Mailbox, MailboxCycle
from inbox.mail.overview.scope import PAGE_SIZE, Paged, administered, cut
from inbox.tickets.opening.people import readable


@dataclass(frozen=True, slots=True)
class Fault:
    """What failed: the step as a code, and the server's own words ("" when it said nothing)."""

    step: str
    words: str


@dataclass(frozen=True, slots=True)
class MailboxState:
    """How one mailbox fares. `fault` None: its last look went well.

    `back_left` mails of a back-fill of `back_total` are still to come.
    """

    id: UUID
    name: str
    inbox_name: str
    active: bool
    last_good_at: datetime | None
    next_look_at: datetime | None
    failures: int
    fault: Fault | None
    back_left: int
    back_total: int

    @property
    def back_done(self) -> int:
        """How many mails of the back-fill are here."""
        return max(0, self.back_total - self.back_left)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One look into a mailbox. `seconds` None: it runs, or its worker died."""

    id: UUID
    started_at: datetime
    seconds: float | None
    stored: int
    duplicate: int
    reconciled: int
    skipped: int
    disposed: int
    fault: Fault | None


def mailbox_states(access: Access, *, inbox_id: UUID | None = None) -> list[MailboxState]:
    """Return how the mailboxes of the inboxes that the person administers fare, those that fail first."""
    rows = Mailbox.objects.filter(inbox__in=administered(access, only=inbox_id)).select_related("inbox")
    states = [state_of(row) for row in rows.order_by("inbox__name", "imap_user")]
    return sorted(states, key=lambda state: state.fault is None)


def state_of(row: Mailbox) -> MailboxState:
    """Return how one mailbox fares."""
    return MailboxState(
        id=row.pk,
        name=str(row),
        inbox_name=row.inbox.name,
        active=row.active,
        last_good_at=row.last_good_at,
        next_look_at=row.next_poll_at if row.active else None,
        failures=row.failures,
        fault=_fault(row, row),
        back_left=row.back_left,
        back_total=row.back_total,
    )


def cycles_page(mailbox: Mailbox, *, after: str, eventful: bool) -> Paged[Cycle]:
    """Return one page of the looks into a mailbox, the newest first. Raises BadCursor.

    `eventful` leaves out those in which nothing came and nothing failed.
    """
    rows = MailboxCycle.objects.filter(mailbox=mailbox)
    if eventful:
        rows = rows.exclude(stored=0, duplicate=0, reconciled=0, skipped=0, disposed=0, fault_step="")
    if after:
        at, key = read_cursor(after)
        rows = rows.filter(Q(started_at__lt=at) | Q(started_at=at, pk__lt=key))
    found = list(rows.order_by("-started_at", "-pk")[: PAGE_SIZE + 1])
    cursors = [write_cursor(row.started_at, row.pk) for row in found]
    return cut([_cycle(row, mailbox) for row in found], cursors)


def _cycle(row: MailboxCycle, mailbox: Mailbox) -> Cycle:
    return Cycle(
        id=row.pk,
        started_at=row.started_at,
        seconds=(row.ended_at - row.started_at).total_seconds() if row.ended_at else None,
        stored=row.stored,
        duplicate=row.duplicate,
        reconciled=row.reconciled,
        skipped=row.skipped,
        disposed=row.disposed,
        fault=_fault(row, mailbox),
    )


def _fault(row: Mailbox | MailboxCycle, mailbox: Mailbox) -> Fault | None:
    if not row.fault_step:
        return None
    with purpose(Purpose.VIEW):
        return Fault(row.fault_step, readable(mailbox, row, "fault_words"))
