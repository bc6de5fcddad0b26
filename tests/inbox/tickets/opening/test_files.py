"""Each opening of a file is an entry; a part of it is a part of its bytes; damage never passes for content."""

from itertools import islice

import pytest
from django.core.files.storage import storages

from audit.actions import Action, Outcome
from helpdesk.crypto.errors import BlobMissing, DecryptionError
from helpdesk.crypto.files import delete_blob
from inbox.tickets.models import Attachment
from inbox.tickets.opening.files import open_attachment
from inbox.tickets.opening.people import UNREADABLE
from tests.inbox.tickets.plain import attach, damage, details, entries, open_plain
from tests.make import make_inbox

pytestmark = pytest.mark.django_db

DATA = bytes(range(256)) * 1024
"""256 KiB: four chunks."""


def make_file(data: bytes = DATA) -> Attachment:
    """Return a file on a ticket."""
    return Attachment.objects.select_related("ticket").get(pk=attach(open_plain(make_inbox()), data).pk)


def flip(file: Attachment, at: int) -> None:
    """Flip a bit of a sealed file."""
    text = file.blob.hex
    storage = storages["blobs"]
    with open(storage.path(f"{text[-2:]}/{text[-4:-2]}/{text}"), "r+b") as stored:  # noqa: PTH123 - a storage's own path
        stored.seek(at)
        byte = stored.read(1)[0]
        stored.seek(at)
        stored.write(bytes([byte ^ 1]))


def test_a_file_is_opened_with_an_entry() -> None:
    file = make_file()

    view, chunks = open_attachment(file.ticket, file)

    assert (view.name, view.content_type, view.size_bytes) == ("scan.pdf", "application/pdf", len(DATA))
    assert b"".join(chunks) == DATA
    (entry,) = entries(Action.ATTACHMENT_DOWNLOAD)
    assert (entry.subject_id, entry.inbox_id) == (file.ticket_id, file.ticket.inbox_id)
    assert details(entry) == {"attachment": str(file.pk), "inline": False}


@pytest.mark.parametrize(
    ("start", "stop"), [(0, 1), (10, 20), (65_535, 65_537), (200_000, None), (0, None), (len(DATA), None), (5, 5)]
)
def test_a_part_of_a_file_is_that_part_of_its_bytes(start: int, stop: int | None) -> None:
    file = make_file()

    _, chunks = open_attachment(file.ticket, file, start=start, stop=stop)

    assert b"".join(chunks) == DATA[start:stop]
    assert len(entries(Action.ATTACHMENT_DOWNLOAD)) == 1


def test_an_empty_file_has_no_bytes() -> None:
    file = make_file(b"")

    assert b"".join(open_attachment(file.ticket, file)[1]) == b""


def test_a_file_damaged_at_its_start_is_refused_at_once() -> None:
    file = make_file()
    flip(file, 100)

    with pytest.raises(DecryptionError):
        open_attachment(file.ticket, file)

    (entry,) = entries(Action.INTEGRITY_FAILURE)
    assert (entry.subject_id, entry.outcome) == (file.ticket_id, Outcome.FAILED)
    assert details(entry) == {"row": str(file.pk), "column": "blob"}


def test_a_file_damaged_further_on_ends_there() -> None:
    file = make_file()
    flip(file, 200_000)
    _, chunks = open_attachment(file.ticket, file)

    assert b"".join(islice(chunks, 3)) == DATA[: 3 * 65_536]
    with pytest.raises(DecryptionError):
        next(chunks)
    assert len(entries(Action.INTEGRITY_FAILURE)) == 1


def test_a_file_that_is_gone_is_damage_too() -> None:
    file = make_file()
    delete_blob(file.blob)

    with pytest.raises(BlobMissing):
        open_attachment(file.ticket, file)

    assert len(entries(Action.INTEGRITY_FAILURE)) == 1


def test_a_damaged_name_leaves_the_bytes() -> None:
    file = make_file()
    damage(file, "name")

    view, chunks = open_attachment(file.ticket, Attachment.objects.get(pk=file.pk))

    assert (view.name, b"".join(chunks)) == (UNREADABLE, DATA)
