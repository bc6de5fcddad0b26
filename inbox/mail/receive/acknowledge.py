"""Acknowledge a mail that has landed: once, whatever the number of inboxes that got it."""

from collections.abc import Sequence

from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail
from inbox.mail.receive.thread import Reason
from inbox.mail.send.autoreply import Arrived, acknowledge
from inbox.mail.states import AckReason, Verdict


def acknowledge_once(rows: Sequence[InboundMail], mail: ParsedMail) -> None:
    """Acknowledge `mail` for the first inbox that does, and keep on each row asked whether and why not.

    Comes last in the mail's transaction: what it locks is held for a moment only.
    """
    for row in rows:
        if row.message is None or not row.inbox.acknowledges:
            continue
        opened = row.thread_reason == Reason.NEW
        row.acknowledged = acknowledge(Arrived(row.raw, mail, Verdict(row.verdict), row.message, opened))
        row.save(update_fields=["acknowledged"])
        if row.acknowledged == AckReason.WRITTEN:
            return
