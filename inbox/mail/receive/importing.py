"""Import mails from files: stored and read like any other, and nothing is ever sent because of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from django.utils import timezone

from helpdesk.core.errors import Invalid
from helpdesk.crypto.blind import content_key
from inbox.inboxes.models import Inbox
from inbox.mail.models import RawMail
from inbox.mail.models.raw import IMPORTED
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import RawState

_SUFFIX: Final = ".eml"


class NothingToImport(Invalid):
    """The path holds no mail that can be imported."""

    code = "nothing_to_import"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file. `state` None: it was imported before."""

    path: Path
    state: RawState | None


def mails_at(path: Path) -> list[Path]:
    """Return the .eml files at `path`: the file itself, or those in the folder and below, by name.

    Raises NothingToImport.
    """
    found = sorted(path.rglob(f"*{_SUFFIX}")) if path.is_dir() else [path] if path.is_file() else []
    if not found:
        raise NothingToImport(f"there is no {_SUFFIX} file at {path}")
    return found


def import_files(paths: Sequence[Path], inbox: Inbox) -> Iterator[Imported]:
    """Import each file into `inbox` and yield what became of it. The same bytes twice add nothing; may be repeated."""
    for path in paths:
        yield Imported(path, _import_file(path, inbox))


def _import_file(path: Path, inbox: Inbox) -> RawState | None:
    data = path.read_bytes()
    key = f"{IMPORTED}{content_key(data).hex()}"
    rows = store_raw(Source(inbox, history=True), [Arrival(key, len(data), timezone.now(), [data])])
    raw_id = rows[0].pk if rows else _waiting(inbox, key)
    return None if raw_id is None else process_raw(raw_id)


def _waiting(inbox: Inbox, transport_key: str) -> UUID | None:
    """Return the mail of an import that was cut off before it was read, None when it was read."""
    rows = RawMail.objects.filter(mailbox=None, inbox=inbox, transport_key=transport_key, state=RawState.STORED)
    return rows.values_list("pk", flat=True).first()
