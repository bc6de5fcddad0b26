"""Files of an outgoing mail: sealed under the ticket's key before anything is written."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from helpdesk.crypto.files import write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import NewAttachment

_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as a form brings it, held in memory."""

    name: str
    content_type: str
    chunks: Iterable[bytes]


def seal_uploads(ticket_id: UUID, uploads: Sequence[Upload]) -> tuple[NewAttachment, ...]:
    """Seal each file under the ticket's key, which must be there. Raises StorageFull."""
    return tuple(_seal(ticket_id, upload) for upload in uploads)


def kept_files(ticket: Ticket, *, by: User) -> list[Attachment]:
    """Return the files that `by` took back with a mail of this ticket and that no message has."""
    return list(Attachment.objects.filter(ticket=ticket, message=None, uploaded_by=by).order_by("created_at", "id"))


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


def _plain_name(name: str) -> str:
    """Return the name without a folder and without letters that steer a terminal or a header."""
    last = name.replace("\\", "/").rpartition("/")[2]
    return "".join(letter for letter in last if letter.isprintable())[:_LONGEST_NAME].strip() or "file"
