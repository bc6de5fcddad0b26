"""What an entry is about, as a frozen value that crosses borders."""

from dataclasses import dataclass, field
from uuid import UUID

from audit.actions import Flag, SubjectKind


@dataclass(frozen=True, slots=True)
class Subject:
    """The thing acted on. `id` is None for the desk itself or a thing without a row (an unknown URL)."""

    kind: SubjectKind
    id: UUID | None = None
    inbox_id: UUID | None = None
    flags: frozenset[Flag] = field(default_factory=frozenset)


DESK_SUBJECT = Subject(SubjectKind.DESK)
