"""Where a folder's numbers begin for us: on first connect, and when the server or the administrator changed them."""

from datetime import datetime, timedelta
from secrets import SystemRandom
from typing import Final

from django.utils import timezone

from inbox.mail.imap.session import FolderState
from inbox.mail.models import Mailbox
from inbox.mail.states import History

RECONCILE_EVERY: Final = timedelta(hours=1)

_COLUMNS: Final = (
    "uidvalidity", "seen_folder", "last_uid", "floor_uid", "renumbered_below", "back_uid", "back_until", "back_left",
    "back_total", "next_reconcile_at",
)  # fmt: skip


def settle_numbers(mailbox: Mailbox, state: FolderState) -> None:
    """Set the cursors on first connect, and begin again when these are other numbers than before.

    The server may have renumbered its mails (RFC 3501 2.3.1.1), or the mailbox may read another folder now. What comes
    from this moment on is taken first; what lies there already is taken beside it, oldest first.
    """
    if mailbox.uidvalidity == state.uidvalidity and mailbox.seen_folder == mailbox.folder:
        return
    is_first = mailbox.uidvalidity is None
    newest = state.uidnext - 1
    only_new = is_first and mailbox.history == History.NONE
    mailbox.uidvalidity = state.uidvalidity
    mailbox.seen_folder = mailbox.folder
    mailbox.last_uid = newest
    mailbox.floor_uid = newest if only_new else 0
    mailbox.renumbered_below = 0 if is_first else state.uidnext
    mailbox.back_uid = 0
    mailbox.back_until = 0 if only_new else newest
    mailbox.back_left = mailbox.back_total = 0
    mailbox.next_reconcile_at = next_reconcile()
    mailbox.save(update_fields=_COLUMNS)


def next_reconcile() -> datetime:
    """Return when the server's list is to be compared with ours again: in an hour, not for all mailboxes at once."""
    return timezone.now() + RECONCILE_EVERY * SystemRandom().uniform(0.9, 1.1)


def transport_key(mailbox: Mailbox, uid: int | str) -> str:
    """Return what names a mail of the mailbox's folder for good, under the numbers that hold now.

    With "" for the UID it is what all these names begin with.
    """
    return f"imap:{mailbox.seen_folder}:{mailbox.uidvalidity}:{uid}"


def uid_in(key: str) -> int:
    """Return the UID that a mail's name ends with."""
    return int(key.rpartition(":")[2])
