"""Mails that could not be read, for tests: stored and given up as the product does it."""

from datetime import UTC, datetime
from itertools import count

from django.conf import settings

from inbox.inboxes.models import Inbox
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import RawReason
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail

_numbers = count(1)


def make_unread(reason: str = RawReason.CRASHED, *, inbox: Inbox | None = None) -> RawMail:
    """Return a mail that was given up for `reason`; it would be read well if it were tried again."""
    data = make_mail("Readable after all")
    source = Source(inbox or make_inbox(), None)
    arrival = Arrival(f"unread:{next(_numbers)}", len(data), datetime.now(UTC), [data])
    raw = store_raw(source, [arrival])[0]
    RawMail.objects.filter(pk=raw.pk).update(attempts=settings.MAIL_TRIES, reason=reason)
    process_raw(raw.pk)
    raw.refresh_from_db()
    return raw


def ticket_of(raw: RawMail) -> Ticket:
    """Return the ticket that stands for the mail."""
    return Ticket.objects.get(messages__in=InboundMail.objects.filter(raw=raw).values("message"))
