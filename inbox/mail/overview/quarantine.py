"""The quarantine: mails that could not be read, and what stands for them. Nothing sealed is opened here."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery

from inbox.inboxes.permissions import Access, Right
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.overview.scope import PAGE_SIZE, Paged, administered, cut, place
from inbox.mail.states import RawState, Verdict
from inbox.tickets.models import Ticket


@dataclass(frozen=True, slots=True)
class QuarantinedMail:
    """A mail that could not be read. `reason` is a code, `number` the ticket that stands for it (None: none does)."""

    id: UUID
    inbox_name: str
    mailbox: str
    reason: str
    size_bytes: int
    arrived_at: datetime
    stored_at: datetime
    number: int | None
    message_id: UUID | None
    can_retry: bool
    can_download: bool


def quarantined(access: Access, *, inbox_id: UUID | None = None) -> QuerySet[RawMail]:
    """Return the mails that could not be read in the inboxes that the person administers.

    A mail whose ticket the person may not see is not among them.
    """
    rows = RawMail.objects.filter(state=RawState.QUARANTINED, inbox__in=administered(access, only=inbox_id))
    hidden = InboundMail.objects.filter(raw=OuterRef("pk"), message__isnull=False)
    hidden = hidden.exclude(message__ticket__in=Ticket.objects.visible_to(access))
    return rows.exclude(pk__in=Subquery(hidden.values("raw")))


def quarantine_page(access: Access, *, inbox_id: UUID | None, after: str) -> Paged[QuarantinedMail]:
    """Return one page of the quarantine, the newest first. Raises BadCursor."""
    rows = quarantined(access, inbox_id=inbox_id).select_related("inbox", "mailbox").order_by("-pk")
    begin = place(after)
    found = list((rows.filter(pk__lt=begin) if begin else rows)[: PAGE_SIZE + 1])
    stands = InboundMail.objects.filter(raw__in=found, verdict=Verdict.QUARANTINE).select_related("message__ticket")
    by_raw = {row.raw_id: row for row in stands}
    return cut([_mail(row, by_raw.get(row.pk), access) for row in found], [str(row.pk) for row in found])


def _mail(row: RawMail, stands: InboundMail | None, access: Access) -> QuarantinedMail:
    message = stands.message if stands else None
    return QuarantinedMail(
        id=row.pk,
        inbox_name=row.inbox.name,
        mailbox=str(row.mailbox) if row.mailbox else "",
        reason=row.reason,
        size_bytes=row.size_bytes,
        arrived_at=row.arrived_at,
        stored_at=row.stored_at,
        number=message.ticket.number if message else None,
        message_id=message.pk if message else None,
        can_retry=row.blob is not None,
        can_download=row.blob is not None and message is not None and access.can(Right.VIEW_RAW, row.inbox_id),
    )
