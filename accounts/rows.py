"""Frozen values about people that pages show."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One place where a person is signed in. `id` names it for ending it; the session's key is never shown."""

    id: int
    network: str
    agent: str
    since: datetime
    current: bool


@dataclass(frozen=True, slots=True)
class FactorRow:
    """One authenticator app of a person."""

    id: UUID
    name: str
    created_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An authenticator app that waits for its first code. `uri` is what the QR code says, `secret` the same to type."""

    uri: str
    secret: str
