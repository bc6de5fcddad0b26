"""The files of an outgoing mail, opened: what is composed into it."""

from helpdesk.crypto.files import open_blob
from inbox.mail.models import OutboundMail
from inbox.mail.send.compose import File
from inbox.tickets.models import Attachment


def opened_files(row: OutboundMail) -> list[File]:
    """Return the files of the mail in their order. The caller names the purpose. Raises CryptoError."""
    if row.message_id is None:
        return []
    return [_opened(file) for file in Attachment.objects.filter(message_id=row.message_id)]


def _opened(row: Attachment) -> File:
    data = b"".join(open_blob(row.blob, row.seal_ref(), kind="attachment"))
    return File(row.name, data, row.content_id if row.inline else "")
