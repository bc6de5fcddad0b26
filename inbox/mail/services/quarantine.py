"""Try a quarantined mail again: a person pressed the button, or a newer version reads better."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from inbox.mail.errors import NothingToRetry
from inbox.mail.events import RawMailsStored
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.states import RawState, Verdict
from inbox.tickets.models import Ticket
from inbox.tickets.services.bin import delete_ticket

MOST_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class Retried:
    """How many mails are read again, and how many wait for another press of the button."""

    count: int
    rest: int


def retry_all(mails: QuerySet[RawMail]) -> Retried:
    """Let the oldest of these mails be read again, MOST_AT_ONCE at most. Needs MANAGE_MAILBOX, or MANAGE_INBOX.

    One that somebody else has tried again meanwhile is left alone.
    """
    kept = mails.filter(blob__isnull=False)
    keys = list(kept.order_by("pk").values_list("pk", flat=True)[:MOST_AT_ONCE])
    count = sum(_tried(key) for key in keys)
    return Retried(count, kept.count())


def retry_mail(raw: RawMail) -> None:
    """Let one mail be read again; the ticket that stood for it moves into the bin.

    Needs MANAGE_MAILBOX, or MANAGE_INBOX. Raises NothingToRetry.
    """
    standing = InboundMail.objects.filter(raw=raw, verdict=Verdict.QUARANTINE, message__isnull=False)
    row = standing.select_related("message__ticket").first()
    retry(row.message.ticket if row and row.message else None, raw)


def _tried(raw_id: UUID) -> bool:
    raw = RawMail.objects.filter(pk=raw_id).first()
    try:
        if raw is not None:
            retry_mail(raw)
    except NothingToRetry:
        return False
    return raw is not None


@transaction.atomic
def retry(ticket: Ticket | None, raw: RawMail) -> None:
    """Let the mail be read again from its first try; the ticket that stood for it moves into the bin. Needs EDIT.

    When it cannot be read again, a new ticket says so. Raises NothingToRetry.
    """
    raw = RawMail.objects.select_for_update().get(pk=raw.pk)
    if raw.state != RawState.QUARANTINED or raw.blob is None:
        raise NothingToRetry("this mail was read, or its bytes were never fetched")
    raw.state = RawState.STORED
    raw.attempts = 0
    raw.reason = ""
    raw.save(update_fields=["state", "attempts", "reason"])
    InboundMail.objects.filter(raw=raw, verdict=Verdict.QUARANTINE).delete()
    if ticket is not None:
        delete_ticket(ticket)
    record(Action.MAIL_RETRIED, on=raw.as_subject(at=ticket))
    emit(RawMailsStored((raw.pk,)))
