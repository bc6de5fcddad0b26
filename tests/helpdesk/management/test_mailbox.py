"""`mailbox add|list|test|remove` and `fetch_mail`, against a server that listens."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from helpdesk.core.ids import new_id
from inbox.inboxes.models import Inbox
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.states import RawState
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import PASSWORD, USER, MailHost

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    """Return what a command says."""
    out = StringIO()
    call_command(*words, stdout=out, stderr=StringIO())
    return out.getvalue()


def add(tmp_path: Path, port: int = 993, *more: str) -> str:
    """Add a mailbox for Support."""
    (tmp_path / "password").write_text(PASSWORD + "\n")
    words = ["--inbox", "Support", "--host", "127.0.0.1", "--port", str(port), "--user", USER]
    words += ["--password-file", str(tmp_path / "password"), "--security", "plaintext-loopback"]
    return run("mailbox", "add", *words, *more)


@pytest.mark.usefixtures("opened")
def test_add_makes_the_inbox_and_keeps_the_secret_sealed(tmp_path: Path) -> None:
    said = add(tmp_path, 993, "--smtp-host", "mail.example.org", "--history", "all")

    mailbox = Mailbox.objects.select_related("inbox").get()
    assert said == f"{mailbox.pk} {USER} @ 127.0.0.1 feeds Support\n"
    assert (mailbox.inbox.name, list(mailbox.inbox.addresses.values_list("address", "sends"))) == (
        "Support",
        [(USER, True)],
    )
    assert (mailbox.secret["imap_password"], mailbox.history, mailbox.smtp_host) == (
        PASSWORD,
        "all",
        "mail.example.org",
    )
    assert PASSWORD not in said


def test_add_takes_an_inbox_that_is_there(tmp_path: Path) -> None:
    inbox = make_inbox()

    add(tmp_path, 993, "--address", "other@desk.example.net")

    assert Mailbox.objects.get().inbox == inbox
    assert [row.address for row in inbox.addresses.all()] == ["hilfe@desk.example.net"]


def test_add_leaves_nothing_when_it_fails(tmp_path: Path) -> None:
    make_inbox("Billing", address="billing@desk.example.net")

    with pytest.raises(CommandError, match="cannot be read"):
        add(tmp_path, 993, "--smtp-password-file", str(tmp_path / "gone"))
    with pytest.raises(CommandError, match="belongs to an inbox already"):
        add(tmp_path, 993, "--address", "BILLING@desk.example.net")

    assert (Inbox.objects.count(), Mailbox.objects.count()) == (1, 0)
    add(tmp_path)
    assert (Inbox.objects.count(), Mailbox.objects.count()) == (2, 1)


def test_list_tells_how_each_fares() -> None:
    mailbox = make_mailbox(make_inbox())
    first = run("mailbox", "list")
    Mailbox.objects.update(last_good_at=timezone.now(), fault_step="sign_in")

    assert first == f"{mailbox.pk} {mailbox} feeds Support, last good never\n"
    assert run("mailbox", "list").endswith(", failing at sign_in\n")


@pytest.mark.dovecot
def test_test_names_each_step(mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), mail_host)
    Mailbox.objects.update(smtp_host="")

    lines = run("mailbox", "test", str(mailbox.pk)).splitlines()

    assert {line.split()[0] for line in lines} == {"imap"}
    assert all(line.split()[2] == "ok" for line in lines)


def test_test_fails_where_nobody_listens() -> None:
    mailbox, out = make_mailbox(make_inbox()), StringIO()

    with pytest.raises(CommandError, match="does not work yet"):
        call_command("mailbox", "test", str(mailbox.pk), stdout=out)

    assert "FAILED" in out.getvalue()
    assert PASSWORD not in out.getvalue()


@pytest.mark.parametrize("act", ["test", "remove"])
def test_an_unknown_mailbox_is_told(act: str) -> None:
    make_mailbox(make_inbox())

    with pytest.raises(CommandError, match="there is no such mailbox"):
        run("mailbox", act, str(new_id()))

    assert Mailbox.objects.count() == 1


def test_remove_takes_the_mailbox_and_leaves_its_inbox() -> None:
    mailbox = make_mailbox(make_inbox())

    assert run("mailbox", "remove", str(mailbox.pk)) == "removed; the mail that came through it stays\n"
    assert (Mailbox.objects.count(), Inbox.objects.count()) == (0, 1)


@pytest.mark.dovecot
@pytest.mark.django_db(transaction=True)
def test_fetch_mail_reads_what_came_and_one_fault_stops_no_other(mail_host: MailHost) -> None:
    inbox = make_inbox()
    make_mailbox(inbox)
    good = make_mailbox(inbox, mail_host)
    for number in range(3):
        mail_host.append(make_mail(f"Printer {number}"))

    with pytest.raises(CommandError, match="not every mailbox"):
        run("fetch_mail")
    run("fetch_mail", "--mailbox", str(good.pk))

    assert Ticket.objects.count() == 3
    assert set(RawMail.objects.values_list("state", flat=True)) == {RawState.DONE}


def test_fetch_mail_needs_a_mailbox() -> None:
    mailbox = make_mailbox(make_inbox())
    Mailbox.objects.update(active=False)

    for words in ((), ("--mailbox", str(mailbox.pk)), ("--mailbox", str(new_id()))):
        with pytest.raises(CommandError, match="no such active mailbox"):
            run("fetch_mail", *words)
