"""A mail of the demo as its author thinks of it, before it becomes bytes."""

from dataclasses import dataclass
from typing import Literal

FileKind = Literal["pdf", "png", "csv", "ics"]


@dataclass(frozen=True, slots=True)
class File:
    """An attachment; its bytes are made in code. `title` is written into a PDF and seeds a picture's colours."""

    name: str
    kind: FileKind
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail. `key` names it; `answers` is the key of the earlier mail that it replies to.

    `inbox` is the local part of the desk's address that it goes to, `hours` how long ago it was sent, `zone` the
    writer's offset from UTC in minutes, `who` and `cc` are "Name <address>".
    """

    key: str
    inbox: Literal["support", "billing", "privacy"]
    hours: float
    who: str
    subject: str
    text: str
    answers: str = ""
    cc: tuple[str, ...] = ()
    html: str = ""
    files: tuple[File, ...] = ()
    zone: int = 60
    headers: tuple[tuple[str, str], ...] = ()
