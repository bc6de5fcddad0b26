"""Take mails away from the server once they are safe here, where their mailbox says so: moved or deleted."""

from typing import Final

from django.utils import timezone

from inbox.mail.imap.disposing import AT_ONCE, DisposingSession
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.models.raw import TO_DISPOSE
from inbox.mail.receive.lease import Lease
from inbox.mail.receive.numbering import transport_key, uid_in
from inbox.mail.states import Disposal, RawState

_SAFE: Final = (RawState.DONE, RawState.DUPLICATE, RawState.QUARANTINED)
"""Read, or known: its bytes are here. What was never fetched is not marked as one that may go."""
_AT_MOST: Final = 2_000


def dispose(mailbox: Mailbox, session: DisposingSession, *, lease: Lease) -> int:
    """Move or delete on the server what was read and is to go; return how many mails went. May be repeated.

    It leaves the folder open for writing. Raises WireError, and LeaseLost before anything is taken away.
    """
    uids = _to_go(mailbox)
    if not uids:
        return 0
    if session.open_for_change(mailbox.folder).uidvalidity != mailbox.uidvalidity:
        return 0  # renumbered this moment: these numbers mean other mails now
    for start in range(0, len(uids), AT_ONCE):
        lease.beat()
        _take_away(mailbox, session, uids[start : start + AT_ONCE])
    return len(uids)


def _take_away(mailbox: Mailbox, session: DisposingSession, uids: list[int]) -> None:
    if mailbox.dispose == Disposal.MOVE:
        session.move(uids, mailbox.dispose_folder)
    else:
        session.delete(uids)
    keys = [transport_key(mailbox, uid) for uid in uids]
    RawMail.objects.filter(mailbox=mailbox, transport_key__in=keys).update(disposed_at=timezone.now())


def _to_go(mailbox: Mailbox) -> list[int]:
    """Return the UIDs, under the numbers that hold now, of what is read and safe; none while mails are to stay."""
    if mailbox.dispose == Disposal.LEAVE:
        return []
    rows = RawMail.objects.filter(TO_DISPOSE, mailbox=mailbox, state__in=_SAFE)
    here = rows.filter(transport_key__startswith=transport_key(mailbox, "")).values_list("transport_key", flat=True)
    return sorted(uid_in(key) for key in here[:_AT_MOST])
