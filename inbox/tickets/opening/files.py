"""Open a file of a message: each download is an entry of its own."""

from collections.abc import Iterator

from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.files import open_blob
from helpdesk.crypto.keyring import Owner, OwnerKind, preload
from inbox.tickets.models import Attachment, Ticket
from inbox.tickets.rows import AttachmentView


def open_attachment(
    ticket: Ticket, attachment: Attachment, *, start: int = 0, stop: int | None = None
) -> tuple[AttachmentView, Iterator[bytes]]:
    """Return the file's facts and its bytes from `start` up to `stop` (None: the end); one entry."""
    record(Action.ATTACHMENT_DOWNLOAD, on=ticket.as_subject(), attachment=attachment.pk, inline=attachment.inline)
    owner = Owner(OwnerKind.TICKET, ticket.pk)
    with purpose(Purpose.VIEW):
        view = attachment_view(attachment)
        preload([owner])
        return view, open_blob(attachment.blob, owner, kind="attachment", start=start, stop=stop)


def attachment_view(row: Attachment) -> AttachmentView:
    """Return the facts of a file. Opens its name: the caller names the purpose."""
    return AttachmentView(row.pk, row.name, row.content_type, row.size_bytes, row.inline)
