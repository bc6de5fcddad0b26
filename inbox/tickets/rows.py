"""What lists and the reader show: frozen rows, opened once, never models."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from inbox.tickets.states import Direction, Folder, Part, Protection, State


@dataclass(frozen=True, slots=True)
class Person:
    """One of our own people, as shown to colleagues. Never leaves the house."""

    id: UUID
    name: str
    initials: str


@dataclass(frozen=True, slots=True)
class TicketRow:
    """One line of a list. Times are UTC; `age_at` orders and ages it and follows arrival."""

    id: UUID
    number: int
    subject: str
    sender: str
    preview: str
    inbox_id: UUID
    inbox_name: str
    state: State
    assignee: Person | None
    age_at: datetime
    version: int
    unread: bool
    restricted: bool
    deleted: bool
    spam: bool
    draft: bool
    """The reader has an unsent draft here."""


@dataclass(frozen=True, slots=True)
class ParticipantView:
    """An address of a message with its part."""

    part: Part
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class AttachmentView:
    """A file of a message. `content_type` is what the sender claimed; it is never served."""

    id: UUID
    name: str
    content_type: str
    size_bytes: int
    inline: bool


@dataclass(frozen=True, slots=True)
class InvitationView:
    """An event that a mail invites to, calls off or answers. People are names, or addresses where no name was told.

    `starts` and `ends` are UTC, or days (`all_day`), or times without a zone (`floating`), None where not told.
    """

    summary: str
    starts: datetime | None
    ends: datetime | None
    all_day: bool
    floating: bool
    place: str
    organiser: str
    attendees: tuple[str, ...]
    method: str
    repeats: bool


@dataclass(frozen=True, slots=True)
class Extras:
    """What few mails have. `encrypted` and `signed` are "", "pgp" or "smime", as the mail says of itself, unchecked.

    `sender_name` is whom a From without an address names.
    """

    sender_name: str = ""
    encrypted: str = ""
    signed: str = ""
    invitations: tuple[InvitationView, ...] = ()


@dataclass(frozen=True, slots=True)
class MessageView:
    """One message, opened. `text` is the whole body; the part from `fold_at` on is quoted (None: nothing is).

    `has_html` says whether the frame at /m/ID/body shows more than the text. `unreadable` means that the body
    cannot be opened here: sealed for a client, or damaged. `doubts` are the codes of sender_doubt.
    """

    id: UUID
    direction: Direction
    author: Person | None
    sender_name: str
    sender_address: str
    at: datetime
    written_at: datetime | None
    """The Date header in UTC where it differs from `at` by an hour or more, else None."""
    text: str
    fold_at: int | None
    has_html: bool
    html_height: int
    remote_images: int
    participants: tuple[ParticipantView, ...]
    attachments: tuple[AttachmentView, ...]
    doubts: tuple[str, ...]
    unverified_sender: bool
    machine: bool
    other_party: bool
    """Talk with somebody who is not the customer: a forward, an answer to one, or our answer to that."""
    answers_id: UUID | None
    """The message of the ticket that it hangs at, where the desk knows it."""
    unreadable: bool
    protection: Protection
    extras: Extras


@dataclass(frozen=True, slots=True)
class TicketView:
    """A ticket, opened for one person. `messages` are oldest first; `earlier` more stand before them."""

    id: UUID
    number: int
    subject: str
    inbox_id: UUID
    inbox_name: str
    state: State
    assignee: Person | None
    contact_id: UUID | None
    contact_name: str
    contact_address: str
    version: int
    opened_at: datetime
    age_at: datetime
    restricted: bool
    deleted: bool
    spam: bool
    messages: tuple[MessageView, ...]
    earlier: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list. `next_cursor` is "" on the last page."""

    folder: Folder
    inbox_id: UUID | None
    rows: tuple[TicketRow, ...]
    next_cursor: str


@dataclass(frozen=True, slots=True)
class FolderCount:
    """How many tickets a folder holds for one person: at most 100, meaning `99+`."""

    folder: Folder
    inbox_id: UUID | None
    count: int


@dataclass(frozen=True, slots=True)
class DraftView:
    """The reader's unsent text on one ticket, or for a new conversation."""

    kind: str
    text: str
    base_version: int
    saved_at: datetime
    fields: Mapping[str, str]
    """What else was filled in: recipients and subject of what is no reply."""
