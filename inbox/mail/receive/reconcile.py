"""Compare the server's list of mails with ours: what is there and was never taken is found by set difference."""

from collections.abc import Sequence
from typing import Final

from django.db import transaction
from django.db.models import QuerySet

from inbox.mail.models import InboundMail, Mailbox, RawMail
from inbox.mail.receive.numbering import transport_key, uid_in
from inbox.mail.states import RawReason
from inbox.tickets.services.bin import delete_ticket

_AT_ONCE: Final = 5_000


def missed(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    """Return those of `uids`, all that the folder holds, that should have been taken and are not known here.

    What was not ours from the beginning is left out, and what the back-fill has yet to come to.
    """
    ours = [uid for uid in uids if mailbox.floor_uid < uid <= mailbox.last_uid]
    ours = [uid for uid in ours if not mailbox.back_uid < uid <= mailbox.back_until]
    return [uid for start in range(0, len(ours), _AT_ONCE) for uid in _unknown(mailbox, ours[start : start + _AT_ONCE])]


def left_before(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    """Return those of `uids` that could not be taken before and perhaps can now.

    They were marked as deleted on the server, or it did not give them.
    """
    rows = _left(mailbox).filter(transport_key__startswith=transport_key(mailbox, ""))
    return sorted({uid_in(key) for key in rows.values_list("transport_key", flat=True)} & set(uids))


@transaction.atomic
def forget_left(mailbox: Mailbox, uids: Sequence[int]) -> None:
    """Forget that these mails could not be taken: they are taken next, and what stood for them moves into the bin."""
    keys = [transport_key(mailbox, uid) for uid in uids]
    rows = _left(mailbox).filter(transport_key__in=keys)
    for stood in InboundMail.objects.filter(raw__in=rows, message__isnull=False).select_related("message__ticket"):
        if stood.message is not None:
            delete_ticket(stood.message.ticket)
    rows.delete()


def _left(mailbox: Mailbox) -> QuerySet[RawMail]:
    reasons = (RawReason.DELETED_THERE, RawReason.WITHHELD)
    return RawMail.objects.filter(mailbox=mailbox, reason__in=reasons, blob=None)


def _unknown(mailbox: Mailbox, uids: Sequence[int]) -> list[int]:
    keys = {transport_key(mailbox, uid): uid for uid in uids}
    known = RawMail.objects.filter(mailbox=mailbox, transport_key__in=keys).values_list("transport_key", flat=True)
    return sorted(keys[key] for key in keys.keys() - set(known))
