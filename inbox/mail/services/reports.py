"""Take a stray report for a mail after all: it may have been a person's words that looked like a server's."""

from django.db import transaction

from audit.actions import Action, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.events import emit
from inbox.mail.errors import NothingToRetry
from inbox.mail.events import RawMailsStored
from inbox.mail.models import Bounce, InboundMail, RawMail
from inbox.mail.states import RawReason, RawState, Verdict


@transaction.atomic
def take_for_mail(bounce: Bounce) -> None:
    """Let the mail behind a stray report be read again, as a mail that opens a ticket.

    What it reported is forgotten. Needs MANAGE_MAILBOX, or MANAGE_INBOX. Raises NothingToRetry when its bytes are gone
    or it is a ticket already.
    """
    read = RawMail.objects.select_for_update(of=("self",)).filter(state=RawState.DONE)
    raw = read.filter(pk=bounce.raw_id).first() if bounce.raw_id else None
    kept = InboundMail.objects.filter(raw=raw, verdict=Verdict.BOUNCE)
    if raw is None or raw.blob is None or kept.filter(message__isnull=False).exists():
        raise NothingToRetry("the bytes of this report are gone, or it is a ticket already")
    kept.delete()
    Bounce.objects.filter(raw=raw, outbound=None).delete()
    raw.state = RawState.STORED
    raw.attempts = 0
    raw.reason = RawReason.FOR_MAIL
    raw.save(update_fields=["state", "attempts", "reason"])
    record(Action.MAIL_RETRIED, on=Subject(SubjectKind.MAIL, raw.pk, raw.inbox_id))
    emit(RawMailsStored((raw.pk,)))
