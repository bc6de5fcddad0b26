"""Tell whether an inbox has a mail already: another copy of it, or what the inbox itself sent and gets back.

A Message-ID alone proves nothing (it may be missing, constant or forged to keep a later mail out): what a reader would
see must be the same too. So nothing that anybody wrote is ever lost.
"""

import hashlib
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import connection

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.blind import blind
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.files import open_blob
from inbox.inboxes.models import Inbox
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail, OutboundMail, RawMail
from inbox.mail.states import RawReason
from inbox.tickets.models import Message
from inbox.tickets.states import Part

KNOWN: Final = {RawReason.SAME_MAIL, RawReason.OWN_MAIL}
"""The answers of `known_in` that say: it need not be taken."""

_HEARD_OF: Final = """
SELECT EXISTS (SELECT 1 FROM mail_outboundmail WHERE header_blind = %s AND inbox_id = %s)
    OR EXISTS (SELECT 1 FROM tickets_message WHERE header_blind = %s)"""


def known_in(inbox: Inbox, mail: ParsedMail, raw: RawMail) -> RawReason | None:
    """Return what the inbox has of a mail's Message-ID: the same mail, its own mail, another one, or None: nothing.

    Runs inside the transaction that writes the mail: two copies that are read at the same moment wait for one another.
    """
    if not mail.header_id:
        return None
    key = blind("header_id", mail.header_id)
    _one_at_a_time(key, inbox.pk)
    if not _is_heard_of(key, inbox.pk):
        return None
    with purpose(Purpose.SYSTEM):
        if _is_own(inbox, mail, key):
            return RawReason.OWN_MAIL
        found = InboundMail.objects.filter(inbox=inbox, message__header_blind=key).exclude(raw=raw)
        rows = list(found.select_related("message", "raw").order_by("pk")[:20])
        if any(_is_same(row, mail, raw) for row in rows):
            return RawReason.SAME_MAIL
    return RawReason.SAME_ID if rows else None


def sent_from(mail: ParsedMail) -> UUID | None:
    """Return the inbox that sent a mail of this Message-ID, None when none of ours did.

    A copy of its answer in another inbox is a mail there, and no second message of the ticket that was answered.
    """
    if not mail.header_id:
        return None
    rows = OutboundMail.objects.filter(header_blind=blind("header_id", mail.header_id))
    return rows.values_list("inbox_id", flat=True).first()


def _one_at_a_time(key: bytes, inbox_id: UUID) -> None:
    words = hashlib.sha256(key + inbox_id.bytes).digest()[:8]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(words, signed=True)])


def _is_heard_of(key: bytes, inbox_id: UUID) -> bool:
    # Asked for every mail, and nearly always answered by no. Only after the lock: a statement sees what was committed
    # when it began.
    with connection.cursor() as cursor:
        cursor.execute(_HEARD_OF, [key, inbox_id, key])
        return bool(cursor.fetchone()[0])


def _is_own(inbox: Inbox, mail: ParsedMail, key: bytes) -> bool:
    """Tell whether the inbox sent this very text under this Message-ID."""
    row = OutboundMail.objects.filter(header_blind=key, inbox=inbox).first()
    if row is None:
        return False
    try:
        _, sender = row.envelope["from"]
        return bool(sender.lower() == _wrote(mail)) and row.text.split() == mail.text.split()
    except CryptoError:
        return False


def _is_same(row: InboundMail, mail: ParsedMail, raw: RawMail) -> bool:
    """Tell whether a reader sees the same. What cannot be opened any more is not the same."""
    try:
        return _reads_alike(row, mail, raw)
    except CryptoError:
        return False


def _reads_alike(row: InboundMail, mail: ParsedMail, raw: RawMail) -> bool:
    message = row.message
    if message is None or message.written_at != mail.date or _sender(message) != _wrote(mail):
        return False
    if raw.reconciled and row.raw.size_bytes == raw.size_bytes and mail.date is not None:
        return True  # the server gives it in other bytes than before
    seen = (message.subject, message.text, message.html or "")
    return seen == (mail.subject, mail.text, mail.html) and _files(message) == [
        (file.name, hashlib.sha256(file.data).digest()) for file in mail.attachments
    ]


def _sender(message: Message) -> str:
    row = message.participants.filter(part=Part.FROM).first()
    return row.address.lower() if row else ""


def _wrote(mail: ParsedMail) -> str:
    return mail.from_.address.lower() if mail.from_ else ""


def _files(message: Message) -> list[tuple[str, bytes]]:
    rows = message.attachments.order_by("position")
    return [(row.name, _digest(open_blob(row.blob, row.seal_ref(), kind="attachment"))) for row in rows]


def _digest(chunks: Iterable[bytes]) -> bytes:
    whole = hashlib.sha256()
    for chunk in chunks:
        whole.update(chunk)
    return whole.digest()
