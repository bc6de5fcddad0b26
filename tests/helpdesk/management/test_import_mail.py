"""`import_mail`: files become tickets once, and nothing is sent because of them."""

import os
import signal
import subprocess
import sys
import tracemalloc
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as settings_of_desk
from django.core.management import CommandError, call_command
from django.db import connection
from pytest_django import Settings

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import StorageFull
from helpdesk.crypto.files import BlobFolder
from inbox.inboxes.models import Inbox
from inbox.mail.models import InboundMail, OutboundMail, RawMail
from inbox.mail.receive import mbox
from inbox.mail.receive.importing import import_mails, mails_at
from inbox.mail.states import KillPoint, RawReason, RawState
from inbox.tickets.models import Message, Ticket
from tests.make import make_inbox, make_mail

pytestmark = pytest.mark.django_db


def imported(path: Path, inbox: str = "Support") -> str:
    """Return what the command says."""
    out = StringIO()
    call_command("import_mail", str(path), "--inbox", inbox, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


def make_folder(tmp_path: Path) -> Path:
    """Return a folder with two mails, one of them further down, and a file that is none."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "a.eml").write_bytes(make_mail("Printer"))
    (tmp_path / "deep" / "b.eml").write_bytes(make_mail("Scanner"))
    (tmp_path / "notes.txt").write_text("no mail")
    return tmp_path


@pytest.mark.usefixtures("opened")
def test_each_file_is_a_ticket_once(tmp_path: Path) -> None:
    make_inbox()
    folder = make_folder(tmp_path)

    said = [imported(folder), imported(folder), imported(folder / "a.eml")]

    assert said == ["2 done", "2 known already", "1 known already"]
    assert sorted(ticket.subject for ticket in Ticket.objects.all()) == ["Printer", "Scanner"]
    assert all(raw.history for raw in RawMail.objects.all())
    assert OutboundMail.objects.count() == 0


def test_a_file_of_nonsense_is_a_ticket_too(tmp_path: Path) -> None:
    make_inbox()
    (tmp_path / "x.eml").write_bytes(b"\x00\xff" * 50)

    assert imported(tmp_path) in {"1 done", "1 quarantined"}
    assert Ticket.objects.count() == 1


def test_an_unknown_inbox_is_told(tmp_path: Path) -> None:
    make_inbox()

    with pytest.raises(CommandError, match="there is no inbox named Nowhere"):
        imported(make_folder(tmp_path), "Nowhere")

    assert (Ticket.objects.count(), Inbox.objects.count()) == (0, 1)


@pytest.mark.parametrize("name", ["", "nowhere", "notes.txt/x"])
def test_a_path_without_mail_is_told(tmp_path: Path, name: str) -> None:
    make_inbox()

    with pytest.raises(CommandError, match=r"there is no \.eml file, mbox file or maildir"):
        imported(tmp_path / name)


def test_a_file_that_cannot_be_read_ends_it_with_words(tmp_path: Path) -> None:
    make_inbox()
    (tmp_path / "a.eml").write_bytes(make_mail("Printer"))
    (tmp_path / "b.eml").symlink_to(tmp_path / "gone")

    with pytest.raises(CommandError, match=r"1 mails taken, then: .*; run it again to go on"):
        imported(tmp_path)

    assert Ticket.objects.count() == 1


LINE = b"From kim@example.org Mon Oct  5 08:15:00 2026\n"


def make_mbox(path: Path, *subjects: str) -> Path:
    """Write an mbox of one mail for each subject."""
    mails = [make_mail(subject, "From here on\n").replace(b"\r\n", b"\n") for subject in subjects]
    path.write_bytes(b"".join(LINE + mail.replace(b"\nFrom here", b"\n>From here") + b"\n" for mail in mails))
    return path


def make_maildir(folder: Path, **files: str) -> Path:
    """Write a maildir: `new__name` holds a mail with that subject."""
    for room in ("cur", "new", "tmp"):
        (folder / room).mkdir(parents=True)
    for place, subject in files.items():
        (folder / place.replace("__", "/")).write_bytes(make_mail(subject))
    return folder


def subjects() -> list[str]:
    """Return what the tickets are about."""
    with purpose(Purpose.SYSTEM):
        return sorted(ticket.subject for ticket in Ticket.objects.all())


def test_an_mbox_is_a_ticket_a_mail_once(tmp_path: Path) -> None:
    make_inbox()
    path = make_mbox(tmp_path / "Archive", "A", "B", "C")

    assert imported(path) == "3 done"
    assert imported(path) == "3 known already"
    make_mbox(tmp_path / "Archive2", "D")
    assert imported(tmp_path) == "1 done, 3 known already"

    assert subjects() == ["A", "B", "C", "D"]
    with purpose(Purpose.SYSTEM):
        assert "From here on" in Message.objects.first().text  # type: ignore[union-attr] # made above
    assert (OutboundMail.objects.count(), all(raw.history for raw in RawMail.objects.all())) == (0, True)


def test_a_maildir_is_taken_whatever_its_names_are(tmp_path: Path) -> None:
    make_inbox()
    folder = make_maildir(
        tmp_path / "mail", new__plain="A", cur__flags="B", cur__windows="C", cur__gone="D", tmp__half="E"
    )
    (folder / "cur/flags").rename(folder / "cur/1700.M1P2.host:2,RS")
    (folder / "cur/windows").rename(folder / "cur/1700.M2P2.host;2,S")
    (folder / "cur/gone").rename(folder / "cur/1700.M3P2.host:2,ST")
    os.rename(os.fsencode(folder / "new/plain"), os.fsencode(folder / "new") + b"/\xff\xfe bad.mbox")  # noqa: PTH104 - bytes
    (folder / "cur/.hidden").write_bytes(make_mail("F"))
    (folder / "cur/folder").mkdir()
    make_maildir(folder / ".Sent", cur__x="G")

    said = imported(folder)

    assert said == "3 done, 1 marked as deleted\nleft out, each can be imported by its own path: .Sent"
    assert subjects() == ["A", "B", "C"]
    assert imported(folder / ".Sent") == "1 done"


def test_a_mail_that_was_read_meanwhile_is_found_again(tmp_path: Path) -> None:
    inbox = make_inbox()
    folder = make_maildir(tmp_path / "mail", new__a="A", new__b="B")
    what = mails_at(folder)
    (folder / "new/b").rename(folder / "cur/b:2,S")

    assert [each.state for each in import_mails(what, inbox)] == ["done", "done"]


def test_a_mail_that_is_too_large_is_told_by_a_ticket(tmp_path: Path, settings: Settings) -> None:
    make_inbox()
    settings.MAIL_MAX_BYTES = 1000
    (tmp_path / "a.eml").write_bytes(make_mail("Big", "x" * 70 + "\n" + "y" * 2000))

    assert [imported(tmp_path), imported(tmp_path)] == ["1 quarantined", "1 known already"]

    raw = RawMail.objects.get()
    assert (raw.blob, InboundMail.objects.get().verdict_reason, Ticket.objects.get().unreadable) == (
        None,
        RawReason.TOO_LARGE,
        True,
    )


def test_a_full_disk_ends_it_and_it_goes_on_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make_inbox()
    path = make_mbox(tmp_path / "Archive", "A", "B", "C")
    save, names = BlobFolder._save, []

    def full(*given: Any) -> str:  # Any: the storage's own
        names.append(given[1])
        if len(names) == 2:
            raise StorageFull("no room is left for sealed files")
        return save(*given)

    with monkeypatch.context() as broken:
        broken.setattr(BlobFolder, "_save", full)
        with pytest.raises(CommandError, match=r"1 mails taken, then: no room is left .*; run it again to go on"):
            imported(path)
    assert Ticket.objects.count() == 1

    assert imported(path) == "2 done, 1 known already"
    assert subjects() == ["A", "B", "C"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", [KillPoint.RAW_WRITTEN, KillPoint.RAW_COMMITTED, KillPoint.PROCESS_BEFORE_COMMIT])
def test_killed_in_its_middle_it_goes_on(tmp_path: Path, point: KillPoint) -> None:
    make_inbox()
    path = make_mbox(tmp_path / "Archive", "A", "B", "C")

    done = subprocess.run(  # noqa: S603 - our own command
        (sys.executable, "manage.py", "import_mail", str(path), "--inbox", "Support"),
        cwd=settings_of_desk.BASE_DIR, env=environment_of(point), check=False, capture_output=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert Ticket.objects.count() == 0

    imported(path)

    assert subjects() == ["A", "B", "C"]
    assert (RawMail.objects.count(), RawMail.objects.filter(state=RawState.DONE).count()) == (3, 3)


def environment_of(point: KillPoint) -> dict[str, str]:
    """Return what lets a command of its own work on this test's database, and die at `point`."""
    database = os.environ["DATABASE_URL"].replace("/postern?", f"/{connection.settings_dict['NAME']}?")
    return {
        **os.environ, "DATABASE_URL": database, "DJANGO_SETTINGS_MODULE": "helpdesk.settings.test",
        "POSTERN_KILL_AT": point,
    }  # fmt: skip


def test_a_large_file_is_read_in_pieces(tmp_path: Path) -> None:
    inbox = make_inbox()
    path = tmp_path / "Archive"
    with path.open("wb") as file:
        for number in range(3):
            file.write(LINE + f"Subject: {number}\nMessage-ID: <{number}@example.org>\n\n".encode())
            for _ in range(100_000):
                file.write(b"a line of sixty-nine letters that goes on and on until it has its end\n")
            file.write(b"\n")

    tracemalloc.start()
    try:
        spans = list(mbox.spans(path))
        sizes = [sum(map(len, mbox.read(path, span))) for span in spans]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert (len(spans), min(sizes) > 6_000_000, peak < 2_000_000) == (3, True, True)
    assert [each.state for each in import_mails(mails_at(path), inbox)] == ["done"] * 3
