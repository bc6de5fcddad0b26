"""Compare the server's list of mails with ours: what is there and was never taken is found by set difference."""

from collections.abc import Sequence
from typing import Final

from django.db.models import QuerySet

from inbox.mail.models import Mailbox, RawMail
from inbox.mail.receive.numbering import transport_key, uid_in
from inbox.mail.states import RawReason, RawState

_AT_ONCE: Final = 5_000


def missed(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    """Return those of `uids`, all that the folder holds, that should have been taken and are not known here.

    What was not ours from the beginning is left out, and what the back-fill has yet to come to.
    """
    ours = [uid for uid in uids if mailbox.floor_uid < uid <= mailbox.last_uid]
    ours = [uid for uid in ours if not mailbox.back_uid < uid <= mailbox.back_until]
    return [uid for start in range(0, len(ours), _AT_ONCE) for uid in _unknown(mailbox, ours[start : start + _AT_ONCE])]


def marked_before(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    """Return those of `uids` that were skipped because they were marked as deleted on the server (DESIGN 6.26)."""
    rows = _marked(mailbox).filter(transport_key__startswith=transport_key(mailbox, ""))
    return sorted({uid_in(key) for key in rows.values_list("transport_key", flat=True)} & set(uids))


def forget_mark(mailbox: Mailbox, uids: Sequence[int]) -> None:
    """Forget that these mails were skipped: their mark has gone, and they are taken next."""
    _marked(mailbox).filter(transport_key__in=[transport_key(mailbox, uid) for uid in uids]).delete()


def _marked(mailbox: Mailbox) -> QuerySet[RawMail]:
    return RawMail.objects.filter(mailbox=mailbox, state=RawState.SKIPPED, reason=RawReason.DELETED_THERE)


def _unknown(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    keys = {transport_key(mailbox, uid): uid for uid in uids}
    known = RawMail.objects.filter(mailbox=mailbox, transport_key__in=keys).values_list("transport_key", flat=True)
    return sorted(keys[key] for key in keys.keys() - set(known))
