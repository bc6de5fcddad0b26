"""Why a mail landed where it did: what it was taken for, and what led it to its ticket. Codes only."""

from dataclasses import dataclass
from datetime import datetime

from inbox.mail.models import InboundMail
from inbox.mail.states import Verdict
from inbox.tickets.models import Message


@dataclass(frozen=True, slots=True)
class Landing:
    """What was decided about a mail; pages have the words. `came` tells the way that it took: mailbox, smtp or import.

    `acknowledged` is "" where the inbox acknowledges nothing.
    """

    verdict: Verdict
    verdict_reason: str
    thread_reason: str
    acknowledged: str
    came: str
    mailbox: str
    arrived_at: datetime
    read_at: datetime
    unverified: bool
    raw_reason: str


def landing_of(message: Message) -> Landing | None:
    """Return what was decided about the mail behind a message, None for one that did not come by mail."""
    row = InboundMail.objects.filter(message=message).select_related("raw__mailbox").first()
    if row is None:
        return None
    raw = row.raw
    return Landing(
        verdict=Verdict(row.verdict),
        verdict_reason=row.verdict_reason,
        thread_reason=row.thread_reason,
        acknowledged=row.acknowledged,
        came="import" if raw.is_import else "mailbox" if raw.mailbox else "smtp",
        mailbox=str(raw.mailbox) if raw.mailbox else "",
        arrived_at=raw.arrived_at,
        read_at=row.processed_at,
        unverified=message.unverified_sender,
        raw_reason=raw.reason,
    )
