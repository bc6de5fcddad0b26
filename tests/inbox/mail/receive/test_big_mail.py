"""A mail of 40 MB: the worker that handles it grows by less than the mail, and its child stays in its limit."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.files import open_blob
from helpdesk.crypto.keyring import Owner, OwnerKind
from inbox.mail.receive.parser import Parser
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import RawState
from inbox.tickets.models import Attachment
from tests.make import make_inbox

MAIL_BYTES: Final = 40_000_000
PIECE: Final = base64.encodebytes(os.urandom(57_000))
WORKER_KB: Final = 32 * 1024
CHILD_KB: Final = 512 * 1024
HEAD: Final = (
    b"From: kim@example.org\nTo: desk@example.net\nSubject: big\nContent-Type: multipart/mixed; boundary=B\n\n"
    b"--B\nContent-Type: text/plain\n\nwords\n--B\nContent-Type: application/pdf; name=plan.pdf\n"
    b"Content-Transfer-Encoding: base64\n\n"
)


def big_mail() -> Iterator[bytes]:
    """Yield a mail of 40 MB, which nobody holds whole."""
    yield HEAD
    for _ in range(MAIL_BYTES // len(PIECE)):
        yield PIECE
    yield b"--B--\n"


def held_kb(pid: int | str, field: str) -> int:
    """Return a size of a process in kB: VmHWM is the most that it ever held, VmRSS what it holds."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def forget_peak() -> None:
    """Let the peak of this process be what it holds now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def test_the_peak_is_seen() -> None:
    forget_peak()
    before = held_kb("self", "VmRSS")

    kept = bytearray(b"x") * (WORKER_KB * 1024 * 2)

    assert len(kept) > WORKER_KB
    assert held_kb("self", "VmHWM") - before > WORKER_KB


def test_the_child_stays_in_its_limit() -> None:
    with Parser() as parser:
        mail = parser.parse(big_mail())

        assert parser.pid is not None
        assert held_kb(parser.pid, "VmHWM") < CHILD_KB
    assert [file.size for file in mail.attachments] == [MAIL_BYTES // len(PIECE) * 57_000]


@pytest.mark.django_db(transaction=True)
def test_the_worker_grows_by_less_than_the_mail() -> None:
    size = len(HEAD) + MAIL_BYTES // len(PIECE) * len(PIECE) + 6
    source = Source(make_inbox())
    forget_peak()
    before = held_kb("self", "VmRSS")

    (raw,) = store_raw(source, [Arrival("test:big", size, timezone.now(), big_mail())])
    state = process_raw(raw.pk)

    assert held_kb("self", "VmHWM") - before < WORKER_KB
    assert state == RawState.DONE
    file = Attachment.objects.get()
    with purpose(Purpose.SYSTEM):
        pieces = open_blob(file.blob, Owner(OwnerKind.TICKET, file.ticket_id), kind="attachment")
        assert sum(len(piece) for piece in pieces) == file.size_bytes
