"""Import mails from files: stored and read like any other, and nothing is ever sent because of them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from helpdesk.core.errors import Invalid
from helpdesk.crypto.blind import content_key
from inbox.inboxes.models import Inbox
from inbox.mail.models import RawMail
from inbox.mail.models.raw import IMPORTED
from inbox.mail.receive import maildir, mbox
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import RawReason, RawState

_MAIL: Final = ".eml"
_MANY: Final = {".mbox", ".mbx", ""}
"""How the names of mbox files in a folder end; a file that is named itself may have any name."""
_PIECE_BYTES: Final = 64 * 1024
_HELD_BYTES: Final = 1024 * 1024
"""A larger mail is read twice instead of being held."""


class NothingToImport(Invalid):
    """The path holds no mail that can be imported."""

    code = "nothing_to_import"


@dataclass(frozen=True, slots=True)
class Import:
    """What is to be imported: files of one mail each or of many, and the folders inside a maildir that are not."""

    single: Sequence[Path]
    many: Sequence[Path]
    left_out: Sequence[str]
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one mail of `size_bytes` on the disk. `state` None: it was imported before."""

    path: Path
    state: RawState | None
    size_bytes: int


@dataclass(frozen=True, slots=True)
class _Found:
    """One mail, to be read as often as wanted."""

    path: Path
    read: Callable[[], Iterator[bytes]]
    size_bytes: int
    is_deleted: bool = False


def mails_at(path: Path) -> Import:
    """Return what is at `path`: an .eml or mbox file, a maildir, or a folder that holds such. Raises NothingToImport.

    The folders inside a maildir (sent mail, spam, the bin) are left out and named.
    """
    single: list[Path] = []
    many: list[Path] = []
    for each in _files(path):
        (many if _holds_many(each) else single).append(each)
    if not single and not many:
        raise NothingToImport(f"there is no {_MAIL} file, mbox file or maildir at {path}")
    left_out = maildir.subfolders(path) if maildir.is_maildir(path) else []
    return Import(single, many, left_out, sum(_size(each) for each in (*single, *many)))


def import_mails(what: Import, inbox: Inbox) -> Iterator[Imported]:
    """Import each mail into `inbox` and yield what became of it; may be repeated, and goes on where it was cut off.

    The same bytes twice add nothing. A mail that its program marked as deleted is skipped. Raises StorageFull, OSError.
    """
    for found in _found(what):
        yield Imported(found.path, _import(found, inbox), found.size_bytes)


def _files(path: Path) -> Iterator[Path]:
    """Yield the files that hold mail, in an order that stays."""
    if path.is_file():
        yield path
    elif maildir.is_maildir(path):
        yield from maildir.files(path)
    elif path.is_dir():
        for each in sorted(path.iterdir()):
            if each.is_dir():
                yield from () if each.is_symlink() else _files(each)
            elif each.suffix == _MAIL or (each.suffix.lower() in _MANY and _holds_many(each)):
                yield each


def _holds_many(path: Path) -> bool:
    return path.suffix != _MAIL and path.is_file() and not _is_in_maildir(path) and mbox.is_mbox(path)


def _is_in_maildir(path: Path) -> bool:
    return maildir.is_maildir(path.parent.parent) and path.parent.name in {"new", "cur"}


def _found(what: Import) -> Iterator[_Found]:
    for path in what.single:
        is_deleted = _is_in_maildir(path) and maildir.is_deleted(path)
        yield _Found(path, partial(_pieces, path), _size(path), is_deleted)
    for path in what.many:
        for span in mbox.spans(path):
            yield _Found(path, partial(mbox.read, path, span), span.end - span.start, span.is_deleted)


def _import(found: _Found, inbox: Inbox) -> RawState | None:
    if found.is_deleted:
        return RawState.SKIPPED
    held = list(found.read()) if found.size_bytes <= _HELD_BYTES else None
    key = f"{IMPORTED}{content_key(found.read() if held is None else held).hex()}"
    chunks = found.read() if held is None else held
    arrival = Arrival(key, found.size_bytes, timezone.now(), chunks)
    if found.size_bytes > settings.MAIL_MAX_BYTES:
        arrival = Arrival(key, found.size_bytes, timezone.now(), None, reason=RawReason.TOO_LARGE)
    rows = store_raw(Source(inbox, history=True), [arrival])
    raw_id = rows[0].pk if rows else _waiting(inbox, key)
    return None if raw_id is None else process_raw(raw_id)


def _waiting(inbox: Inbox, transport_key: str) -> UUID | None:
    """Return the mail of an import that was cut off before it was read, None when it was read."""
    rows = RawMail.objects.filter(mailbox=None, inbox=inbox, transport_key=transport_key, state=RawState.STORED)
    return rows.values_list("pk", flat=True).first()


def _pieces(path: Path) -> Iterator[bytes]:
    place = maildir.where_now(path) if _is_in_maildir(path) else path
    with place.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def _size(path: Path) -> int:
    """Return the size on the disk, 0 for what cannot be looked at: reading it tells why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
