"""Try a quarantined mail again: a person pressed the button, or a newer version reads better."""

from django.db import transaction

from audit.actions import Action
from audit.record import record
from helpdesk.core.events import emit
from inbox.mail.errors import NothingToRetry
from inbox.mail.events import RawMailsStored
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.states import RawState, Verdict
from inbox.tickets.models import Ticket
from inbox.tickets.services.bin import delete_ticket


@transaction.atomic
def retry(ticket: Ticket, raw: RawMail) -> None:
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
    delete_ticket(ticket)
    record(Action.MAIL_RETRIED, on=raw.as_subject(at=ticket))
    emit(RawMailsStored((raw.pk,)))
