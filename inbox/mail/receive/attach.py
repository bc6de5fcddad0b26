"""Write the files of a mail into the blob store, sealed under the ticket's key."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.files import open_blob, write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.mail.mime.parsed import ParsedAttachment
from inbox.mail.models import RawMail
from inbox.tickets.services.append import NewAttachment

_PIECE_BYTES = 64 * 1024


def write_files(ticket_id: UUID, files: Iterable[ParsedAttachment]) -> tuple[NewAttachment, ...]:
    """Seal each file and return what the message needs of it. The ticket's key must be there."""
    owner = Owner(OwnerKind.TICKET, ticket_id)
    return tuple(
        NewAttachment(
            blob=write_blob(_pieces(file.data), owner, kind="attachment").id,
            name=file.name,
            content_type=file.content_type,
            size_bytes=file.size,
            content_id=file.content_id,
            inline=file.inline,
        )
        for file in files
    )


def _pieces(data: bytes) -> Iterator[bytes]:
    """Yield a file piece by piece, so that it stands in memory only once."""
    for at in range(0, len(data), _PIECE_BYTES):
        yield data[at : at + _PIECE_BYTES]


def write_raw_as_file(ticket_id: UUID, raw: RawMail) -> tuple[NewAttachment, ...]:
    """Seal the untouched mail as an .eml under the ticket's key; nothing when its bytes are not there or are damaged.

    Raises StorageFull.
    """
    try:
        with purpose(Purpose.SYSTEM):
            chunks = open_blob(raw.stored_blob, raw.seal_ref(), kind="raw")
            blob = write_blob(chunks, Owner(OwnerKind.TICKET, ticket_id), kind="attachment")
    except CryptoError:
        return ()
    return (NewAttachment(blob.id, "mail.eml", "message/rfc822", blob.size_bytes),)
