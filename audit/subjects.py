"""What an entry is about, as a frozen value that crosses borders."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.actions import Flag, SubjectKind


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing acted on. `id` is None for the desk itself or a thing without a row (an unknown URL).

    `ticket_id` names the ticket that a message, an attachment or a mail belongs to, so that the entry stands in the
    ticket's timeline; for a ticket itself it may be left out.
    """

    kind: SubjectKind
    id: UUID | None = None
    inbox_id: UUID | None = None
    flags: frozenset[Flag] = field(default_factory=frozenset)
    ticket_id: UUID | None = None

    @property
    def timeline_id(self) -> UUID | None:
        """The ticket in whose timeline the entry stands, None for none."""
        return self.id if self.kind == SubjectKind.TICKET else self.ticket_id
