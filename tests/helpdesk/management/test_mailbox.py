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
from tests.servers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHost

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


def test_add_says_what_becomes_of_mail_on_the_server(tmp_path: Path) -> None:
    for folder in ("INBOX", "Inbox"):
        with pytest.raises(CommandError, match="the folder that is read"):
            add(tmp_path, 993, "--dispose", "move", "--dispose-folder", folder)
    assert Mailbox.objects.count() == 0

    add(tmp_path, 993, "--dispose", "move", "--dispose-folder", "Done")

    mailbox = Mailbox.objects.get()
    assert (mailbox.dispose, mailbox.dispose_folder) == ("move", "Done")
    Mailbox.objects.update(back_left=7)
    assert ", 7 older mails to come" in run("mailbox", "list")


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


def add_at(tmp_path: Path, provider: str, *more: str) -> str:
    """Add a mailbox that signs in by OAuth2."""
    (tmp_path / "client").write_text(CLIENT_SECRET + "\n")
    words = ["--inbox", "Support", "--user", USER, "--provider", provider, "--client-id", CLIENT_ID]
    return run("mailbox", "add", *words, "--client-secret-file", str(tmp_path / "client"), *more)


def test_a_mailbox_at_google_waits_for_consent_and_says_where(tmp_path: Path) -> None:
    said = add_at(tmp_path, "google")

    mailbox = Mailbox.objects.get()
    assert (mailbox.imap_host, mailbox.smtp_host, mailbox.needs_consent) == ("imap.gmail.com", "smtp.gmail.com", True)
    assert f"/admin/mail/mailbox/{mailbox.pk}/change/ and press Connect" in said
    assert said.endswith("/admin/mail/mailbox/connected/\n")
    assert ("needs consent" in run("mailbox", "list"), CLIENT_SECRET in said) == (True, False)


def test_an_application_or_a_given_token_works_at_once(tmp_path: Path, oauth_host: OAuthHost) -> None:
    oauth_host.ledger.refresh.add("given")
    (tmp_path / "token").write_text("given\n")
    loopback = ["--host", "127.0.0.1", "--security", "plaintext-loopback", "--port", "1"]

    add_at(tmp_path, "other", *loopback, "--flow", "app")
    add_at(tmp_path, "other", *loopback, "--refresh-token-file", str(tmp_path / "token"))

    assert [row.needs_consent for row in Mailbox.objects.all()] == [False, False]
    with pytest.raises(CommandError, match="does not work"):
        run("mailbox", "test", str(Mailbox.objects.order_by("created_at").last().pk))  # type: ignore[union-attr] # made above
    assert [form["grant_type"] for form in oauth_host.ledger.forms] == ["client_credentials", "refresh_token"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--provider", "google", "--client-id", "x"], "--client-secret-file is missing"),
        (["--provider", "google", "--client-secret-file", "/none"], "--client-id is missing"),
        (["--host", "mail.example.org"], "--password-file is missing"),
        ([], "--host is missing"),
    ],
)
def test_add_names_what_is_missing(words: list[str], told: str) -> None:
    with pytest.raises(CommandError, match=told):
        run("mailbox", "add", "--inbox", "Support", "--user", USER, *words)

    assert not Inbox.objects.exists()


def test_an_application_that_is_not_let_in_makes_nothing(tmp_path: Path, oauth_host: OAuthHost) -> None:
    oauth_host.mood.answer = (401, b'{"error": "invalid_client"}')

    with pytest.raises(CommandError, match="invalid_client"):
        add_at(tmp_path, "other", "--host", "127.0.0.1", "--flow", "app")

    assert (Mailbox.objects.exists(), Inbox.objects.exists()) == (False, False)
