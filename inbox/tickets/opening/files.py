"""Open a file of a message: each download is an entry of its own."""

from collections.abc import Iterator
from itertools import chain

from audit.actions import Action, Outcome
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.files import open_blob
from helpdesk.crypto.keyring import Owner, OwnerKind, preload
from inbox.tickets.models import Attachment, Ticket
from inbox.tickets.opening.people import readable, record_damage
from inbox.tickets.rows import AttachmentView


def open_attachment(
    ticket: Ticket, attachment: Attachment, *, start: int = 0, stop: int | None = None
) -> tuple[AttachmentView, Iterator[bytes]]:
    """Return the file's facts and its bytes from `start` up to `stop` (None: the end); one entry.

    An entry about a part of it names the part.

    A file that is damaged at its start raises CryptoError at once, further on when its bytes are read; either is
    recorded.
    """
    part = {"start": start, "stop": stop} if start or stop is not None else {}
    record(
        Action.ATTACHMENT_DOWNLOAD,
        on=ticket.as_subject(),
        outcome=Outcome.DONE,
        survives_rollback=False,
        attachment=attachment.pk,
        inline=attachment.inline,
        **part,
    )
    owner = Owner(OwnerKind.TICKET, ticket.pk)
    with purpose(Purpose.VIEW):
        view = attachment_view(ticket, attachment)
        preload([owner])
        chunks = _watched(ticket, attachment, slice(start, stop))
        first = next(chunks, b"")
    return view, chain([first], chunks)


def attachment_view(ticket: Ticket, row: Attachment) -> AttachmentView:
    """Return the facts of a file. Opens its name: the caller names the purpose."""
    name, content_type = readable(ticket, row, "name"), readable(ticket, row, "content_type")
    return AttachmentView(row.pk, name, content_type, row.size_bytes, row.inline)


def _watched(ticket: Ticket, attachment: Attachment, span: slice) -> Iterator[bytes]:
    owner = Owner(OwnerKind.TICKET, ticket.pk)
    try:
        yield from open_blob(attachment.blob, owner, kind="attachment", start=span.start, stop=span.stop)
    except CryptoError:
        record_damage(ticket, attachment, "blob")
        raise
