"""Reports on no mail of a ticket: those that cite none of ours, from which nothing follows, and on the desk's own."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from audit.actions import Action, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.paging import read_cursor, write_cursor
from inbox.inboxes.permissions import Access
from inbox.mail.models import Bounce, InboundMail
from inbox.mail.overview.scope import PAGE_SIZE, Paged, administered, cut
from inbox.mail.states import BounceAction, OutKind
from inbox.tickets.models import Ticket
from inbox.tickets.opening.people import readable


@dataclass(frozen=True, slots=True)
class UncitedBounce:
    """A report on a recipient. `recipient` is "" when it names none; `number` is the ticket that it became, if any."""

    id: UUID
    action: BounceAction
    status: str
    recipient: str
    words: str
    times: int
    at: datetime
    inbox_name: str
    number: int | None
    of_desk: bool
    """It is about a mail that the desk itself sent to one of its people."""

    @property
    def can_take(self) -> bool:
        """Whether it may be taken for a mail."""
        return not self.of_desk and self.number is None


def show_uncited_bounces(access: Access, *, inbox_id: UUID | None, after: str) -> Paged[UncitedBounce]:
    """Return one page of the reports that are about no mail of a ticket, the newest first. Raises BadCursor.

    They are opened for the person: one mail.bounces entry an inbox names what was shown. A report inside a ticket that
    the person may not see is left out.
    """
    of_none = Q(outbound=None) | Q(outbound__kind=OutKind.SYSTEM)
    rows = Bounce.objects.filter(of_none, inbox__in=administered(access, only=inbox_id))
    hidden = InboundMail.objects.filter(message__isnull=False)
    hidden = hidden.exclude(message__ticket__in=Ticket.objects.visible_to(access))
    rows = rows.exclude(raw__in=hidden.filter(verdict="bounce").values("raw"))
    if after:
        at, key = read_cursor(after)
        rows = rows.filter(Q(at__lt=at) | Q(at=at, pk__lt=key))
    found = list(rows.select_related("inbox").order_by("-at", "-pk")[: PAGE_SIZE + 1])
    shown = found[:PAGE_SIZE]
    _record(shown)
    landed = InboundMail.objects.filter(raw__in=[row.raw_id for row in shown if row.raw_id], message__isnull=False)
    numbers = dict(landed.values_list("raw", "message__ticket__number"))
    with purpose(Purpose.VIEW):
        opened = [_bounce(row, numbers.get(row.raw_id) if row.raw_id else None) for row in shown]
    cursors = [write_cursor(row.at, row.pk) for row in found]
    page = cut(found, cursors)
    return Paged(opened, page.next)


def _record(rows: list[Bounce]) -> None:
    for key in sorted({row.inbox_id for row in rows}):
        bounces = [row.pk for row in rows if row.inbox_id == key]
        record(Action.MAIL_BOUNCES, on=Subject(SubjectKind.INBOX, key, key), bounces=bounces)


def _bounce(row: Bounce, number: int | None) -> UncitedBounce:
    return UncitedBounce(
        id=row.pk,
        action=BounceAction(row.action),
        status=row.status,
        recipient=readable(row, row, "recipient"),
        words=readable(row, row, "words"),
        times=row.times,
        at=row.at,
        inbox_name=row.inbox.name,
        number=number,
        of_desk=row.outbound_id is not None,
    )
