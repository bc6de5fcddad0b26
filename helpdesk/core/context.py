"""Who acts, why something is opened, and within which request: three context variables, read by audit and crypto."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    """What kind of actor stands behind an act."""

    PERSON = "person"
    SYSTEM = "system"
    CLI = "cli"
    API = "api"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. `id` is a user's key, None for the system and the command line; `label` names those ("system:mail")."""

    kind: ActorKind
    id: UUID | None = None
    label: str = ""
    acting_for: UUID | None = None
    """The user whose rights a command borrowed with --as; never the actor itself."""


SYSTEM = Actor(ActorKind.SYSTEM, label="system")


class Purpose(StrEnum):
    """Why sealed content is opened. Each but SYSTEM owes an audit entry."""

    LIST = "list"
    VIEW = "view"
    SEARCH = "search"
    EXPORT = "export"
    SYSTEM = "system"


class NoPurpose(RuntimeError):
    """Sealed content was about to be opened without saying why: a bug, never a user's fault."""


@dataclass(frozen=True, slots=True)
class Request:
    """Where an act came from. `network` is the client's address, `session` a keyed digest of the session's key."""

    request_id: UUID
    network: str = ""
    agent: str = ""
    session: str = ""


_actor: ContextVar[Actor] = ContextVar("actor", default=SYSTEM)
_purpose: ContextVar[Purpose | None] = ContextVar("purpose", default=None)
_request: ContextVar[Request | None] = ContextVar("request", default=None)


@contextmanager
def acting_as(actor: Actor) -> Iterator[None]:
    """Let `actor` stand behind everything that is done inside."""
    token = _actor.set(actor)
    try:
        yield
    finally:
        _actor.reset(token)


def current_actor() -> Actor:
    """Return who acts now; SYSTEM when nobody was named."""
    return _actor.get()


@contextmanager
def purpose(why: Purpose) -> Iterator[None]:
    """Let sealed content be opened inside, for `why`."""
    token = _purpose.set(why)
    try:
        yield
    finally:
        _purpose.reset(token)


def current_purpose() -> Purpose:
    """Return why something is opened now. Raises NoPurpose when nobody said."""
    why = _purpose.get()
    if why is None:
        raise NoPurpose("sealed content may be opened only inside core.context.purpose(...)")
    return why


@contextmanager
def within_request(request: Request) -> Iterator[None]:
    """Let everything inside belong to `request`."""
    token = _request.set(request)
    try:
        yield
    finally:
        _request.reset(token)


def current_request() -> Request | None:
    """Return the request that is served now, None outside of one."""
    return _request.get()
