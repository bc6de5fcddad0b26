"""`import_mail`: files become tickets once, and nothing is sent because of them."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inbox.inboxes.models import Inbox
from inbox.mail.models import OutboundMail, RawMail
from inbox.tickets.models import Ticket
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

    with pytest.raises(CommandError, match=r"there is no \.eml file"):
        imported(tmp_path / name)


def test_a_file_that_cannot_be_read_ends_it_with_words(tmp_path: Path) -> None:
    make_inbox()
    (tmp_path / "a.eml").write_bytes(make_mail("Printer"))
    (tmp_path / "b.eml").symlink_to(tmp_path / "gone")

    with pytest.raises(CommandError, match=r"1 of 2 taken, then: .*; run it again to go on"):
        imported(tmp_path)

    assert Ticket.objects.count() == 1
