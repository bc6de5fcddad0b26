"""Files of an outgoing mail: sealed under the ticket's key before anything is written."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from accounts.models import User
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import Ready, Slot
from helpdesk.crypto.files import open_blob, write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import NewAttachment

_LONGEST_NAME = 200
_QUOTED_PICTURES_BYTES = 1024 * 1024
"""More than that is not sent back with every answer: whoever sent the pictures has them."""
_KEPT: Final = Ready(
    lambda: Attachment.objects.filter(ticket=Slot("ticket"), message=None, uploaded_by=Slot("by")).order_by(
        "created_at", "id"
    )
)


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a form brings it, held in memory."""

    name: str
    content_type: str
    chunks: Iterable[bytes]


def seal_uploads(ticket_id: UUID, uploads: Sequence[Upload]) -> tuple[NewAttachment, ...]:
    """Seal each file under the ticket's key, which must be there. Raises StorageFull."""
    return tuple(_seal(ticket_id, upload) for upload in uploads)


def seal_pictures(ticket_id: UUID, uploads: Sequence[Upload], *, domain: str) -> tuple[NewAttachment, ...]:
    """Seal each picture that stands in the text of a mail, under a Content-ID of its own. Raises StorageFull."""
    return tuple(_shown_inline(_seal(ticket_id, upload), domain) for upload in uploads)


def copy_files(files: Iterable[Attachment]) -> tuple[NewAttachment, ...]:
    """Seal each file once more, for another message of its ticket. Raises StorageFull, and CryptoError when damaged."""
    return tuple(_copy(file) for file in files)


def copy_pictures(files: Iterable[Attachment], *, domain: str) -> dict[str, NewAttachment]:
    """Return a copy of each picture by the Content-ID that it came under, bare and in lower case.

    A copy has a Content-ID of our own: that of a sender is their text, and goes into no header of ours.
    """
    with purpose(Purpose.SYSTEM):
        named = [(str(file.content_id).lower(), file) for file in files]
    return {name: _shown_inline(_copy(file), domain) for name, file in named}


def copy_quoted_pictures(message: Message | None, *, domain: str) -> tuple[NewAttachment, ...]:
    """Return a copy of each picture that stands in the text of a message which is quoted, as far as they are small."""
    if message is None or not message.sanitiser_version:
        return ()
    room = _QUOTED_PICTURES_BYTES
    fitting = []
    for file in Attachment.objects.filter(message=message, inline=True):
        if file.size_bytes <= room:
            room -= file.size_bytes
            fitting.append(file)
    return tuple(_shown_inline(_copy(file), domain) for file in fitting)


def kept_files(ticket: Ticket, *, by: User) -> list[Attachment]:
    """Return the files that `by` took back with a mail of this ticket and that no message has."""
    return _KEPT.rows(ticket=ticket.pk, by=by.pk)


def take_kept(message: Message, file_ids: Sequence[UUID], *, by: User) -> None:
    """Give the kept files of `by` with these ids to `message`, after its own; ids of others' files change nothing.

    Kept files that are not named are removed: whoever was offered them and sends without does not want them any more.
    """
    kept = kept_files(message.ticket, by=by)
    own = message.attachments.count()
    for position, file in enumerate(file for file in kept if file.pk in file_ids):
        file.message, file.position = message, own + position
        file.save(update_fields=["message", "position"])
    Attachment.objects.filter(pk__in=[file.pk for file in kept if file.pk not in file_ids]).delete()


def _seal(ticket_id: UUID, upload: Upload) -> NewAttachment:
    blob = write_blob(upload.chunks, Owner(OwnerKind.TICKET, ticket_id), kind="attachment")
    return NewAttachment(blob.id, _plain_name(upload.name), upload.content_type[:100], blob.size_bytes)


def _copy(file: Attachment) -> NewAttachment:
    with purpose(Purpose.SYSTEM):
        name, content_type = str(file.name), str(file.content_type)
        chunks = open_blob(file.blob, file.seal_ref(), kind="attachment")
        blob = write_blob(chunks, file.seal_ref(), kind="attachment")
    return NewAttachment(blob.id, name, content_type, blob.size_bytes)


def _shown_inline(file: NewAttachment, domain: str) -> NewAttachment:
    return replace(file, content_id=f"picture.{secrets.token_hex(12)}@{domain}", inline=True)


def _plain_name(name: str) -> str:
    """Return the name without a folder and without letters that steer a terminal or a header."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip() or "file"
