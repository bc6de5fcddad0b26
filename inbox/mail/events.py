"""What happened to mail, told after commit: ids only."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class RawMailsStored:
    """The bytes of these mails are safe and wait to be read."""

    raw_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class SentCopyWanted:
    """A mail was sent, and its copy waits to be put into the folder for sent mail."""

    copy_id: UUID


@dataclass(frozen=True, slots=True)
class OutboundChanged:
    """An outgoing mail of a ticket moved to another state."""

    outbound_id: UUID
    ticket_id: UUID
    number: int
    inbox_id: UUID
    version: int
