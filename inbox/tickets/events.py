"""What happened to tickets, told after commit: ids only."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class TicketOpened:
    """A ticket was made."""

    ticket_id: UUID
    number: int
    inbox_id: UUID


@dataclass(frozen=True, slots=True)
class MessageAdded:
    """A ticket got a message, note or reply. The ticket then stands at `version`."""

    ticket_id: UUID
    number: int
    inbox_id: UUID
    message_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class TicketChanged:
    """A ticket's state, assignee or place changed. It then stands at `version`."""

    ticket_id: UUID
    number: int
    inbox_id: UUID
    version: int
