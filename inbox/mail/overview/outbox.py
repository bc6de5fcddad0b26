"""The outbox: how each outgoing mail fares. Its list opens nothing sealed: no recipient, no subject and no body."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Q, QuerySet

from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.permissions import Access, Right
from inbox.mail.models import Acknowledged, OutboundMail
from inbox.mail.overview.scope import PAGE_SIZE, Paged, administered, cut, in_sight, place
from inbox.mail.states import OutKind, OutState
from inbox.tickets.models import Ticket
from inbox.tickets.opening.people import readable

OPEN: Final = ~Q(state__in=[OutState.SENT, OutState.CANCELLED])
"""What waits, or wants somebody to look at it; an index holds these alone."""
_SEALED: Final = ("header_id", "envelope", "subject", "text", "html", "outstanding", "server_words")


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """An outgoing mail. `number` is its ticket, None for mail without one; `reason` is a code.

    `try_after` is the moment before which it is not tried, None when nothing is tried any more. `has_words` says that
    a server said something about it. `can_stop` and `can_resend`: it stands so, and the person may.
    """

    id: UUID
    kind: OutKind
    state: OutState
    reason: str
    number: int | None
    inbox_name: str
    mailbox: str
    author: str
    made_at: datetime
    sent_at: datetime | None
    try_after: datetime | None
    attempts: int
    has_words: bool
    can_stop: bool
    can_resend: bool


def outgoing(access: Access, *, inbox_id: UUID | None = None) -> QuerySet[OutboundMail]:
    """Return the outgoing mail of the inboxes that the person administers, and of the mailboxes there.

    Mail of a ticket that the person may not see is not among it.
    """
    inboxes = administered(access, only=inbox_id)
    theirs = Q(inbox__in=inboxes) | Q(inbox=None, mailbox__inbox__in=inboxes)
    unseen = Acknowledged.objects.exclude(ticket__in=Ticket.objects.visible_to(access))
    return OutboundMail.objects.filter(theirs, in_sight(access)).exclude(pk__in=unseen.values("outbound"))


def outbox_page(
    access: Access, *, inbox_id: UUID | None, state: OutState | None, everything: bool, after: str
) -> Paged[OutgoingMail]:
    """Return one page of the outbox, the newest first. Raises BadCursor.

    `state` keeps that state alone; without one only what is open is shown, or `everything`.
    """
    rows = outgoing(access, inbox_id=inbox_id)
    if state is not None:
        rows = rows.filter(state=state)
    elif not everything:
        rows = rows.filter(OPEN)
    begin = place(after)
    rows = rows.filter(pk__lt=begin) if begin else rows
    rows = rows.select_related("inbox", "mailbox", "author", "message__ticket").defer(*_SEALED)
    found = list(rows.order_by("-pk")[: PAGE_SIZE + 1])
    beside = _Beside.of(found)
    return cut([_mail(row, beside, access) for row in found], [str(row.pk) for row in found])


def show_words(row: OutboundMail) -> str:
    """Return what the server said about a mail, addresses among it, and write one mail.view entry; "" for nothing."""
    with purpose(Purpose.VIEW):
        said = readable(row, row, "server_words")
    if said:
        record(Action.MAIL_VIEW, on=row.as_subject())
    return said


def may_act_on(access: Access, row: OutboundMail) -> bool:
    """Return whether the person may cancel the mail or send it again: by REPLY, or by MANAGE_MAILBOX."""
    inbox_id = row.inbox_id or (row.mailbox.inbox_id if row.mailbox else None)
    return inbox_id is not None and (access.can(Right.REPLY, inbox_id) or access.can(Right.MANAGE_MAILBOX, inbox_id))


@dataclass(frozen=True, slots=True)
class _Beside:
    """What other rows tell of a page: the tickets that were acknowledged, and which mails a server spoke of."""

    numbers: dict[UUID, int]
    spoken_of: frozenset[UUID]

    @classmethod
    def of(cls, rows: list[OutboundMail]) -> "_Beside":
        spoken = OutboundMail.objects.filter(pk__in=[row.pk for row in rows], server_words__isnull=False)
        acknowledged = Acknowledged.objects.filter(outbound__in=[row.pk for row in rows])
        numbers = dict(acknowledged.values_list("outbound", "ticket__number"))
        return cls(numbers, frozenset(spoken.values_list("pk", flat=True)))


def _mail(row: OutboundMail, beside: _Beside, access: Access) -> OutgoingMail:
    may_act = may_act_on(access, row)
    return OutgoingMail(
        id=row.pk,
        kind=OutKind(row.kind),
        state=OutState(row.state),
        reason=row.reason,
        number=row.message.ticket.number if row.message else beside.numbers.get(row.pk),
        inbox_name=row.inbox.name if row.inbox else "",
        mailbox=str(row.mailbox) if row.mailbox else "",
        author=row.author.name if row.author else "",
        made_at=row.created_at,
        sent_at=row.sent_at,
        try_after=row.send_after if row.is_waiting else None,
        attempts=row.attempts,
        has_words=row.pk in beside.spoken_of,
        can_stop=may_act and row.is_waiting,
        can_resend=may_act and row.can_be_resent,
    )
