"""Mailboxes: added, tried, changed and removed."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.actions import Action, Outcome
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.services.mailboxes import change_secret, remove_mailbox
from inbox.mail.services.mailboxes import test_mailbox as try_mailbox
from tests.make import make_inbox, make_mail, make_mailbox, receive
from tests.servers.dovecot import PASSWORD, MailHost
from tests.servers.smtp import SmtpHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


def test_a_test_tells_every_step_of_both_sides(mail_host: MailHost, smtp_host: SmtpHost) -> None:
    probed = list(try_mailbox(make_mailbox(make_inbox(), mail_host, smtp_host)))

    assert [(each.side, each.step.step.value) for each in probed if each.step.ok] == [
        ("imap", "dns"), ("imap", "tcp"), ("imap", "sign_in"), ("imap", "folder"), ("imap", "fetch"),
        ("smtp", "dns"), ("smtp", "tcp"), ("smtp", "sign_in"), ("smtp", "send"),
    ]  # fmt: skip
    assert Entry.objects.get(action=Action.MAILBOX_TESTED).outcome == Outcome.DONE


def test_a_test_ends_at_the_failing_step_with_the_servers_words(mail_host: MailHost) -> None:
    mailbox = change_secret(make_mailbox(make_inbox(), mail_host), imap_password="wrong")

    imap = [each.step for each in try_mailbox(mailbox) if each.side == "imap"]

    assert (imap[-1].step.value, imap[-1].ok) == ("sign_in", False)
    assert "uthenticat" in imap[-1].words
    assert Entry.objects.get(action=Action.MAILBOX_TESTED).outcome == Outcome.FAILED


def test_an_empty_password_leaves_the_old_one() -> None:
    mailbox = change_secret(make_mailbox(make_inbox()))
    assert not Entry.objects.filter(action=Action.MAILBOX_SECRET).exists()

    mailbox = change_secret(mailbox, smtp_password="new")

    with purpose(Purpose.SYSTEM):
        assert mailbox.secret == {"imap_password": PASSWORD, "smtp_password": "new"}
    assert Entry.objects.filter(action=Action.MAILBOX_SECRET).count() == 1


def test_two_mailboxes_of_one_account_can_be_removed_one_after_the_other() -> None:
    inbox = make_inbox()
    for number in range(2):
        mailbox = make_mailbox(inbox)
        raw = receive(make_mail(f"Mail {number}"), mailbox=mailbox)
        RawMail.objects.filter(pk=raw.pk).update(transport_key="imap:INBOX:1:1")

        remove_mailbox(mailbox)

    assert (Mailbox.objects.count(), RawMail.objects.count()) == (0, 2)


def test_the_command_adds_lists_tests_and_removes(mail_host: MailHost, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD + "\n")
    loopback = ["--security", "plaintext-loopback", "--host", "127.0.0.1", "--port", str(mail_host.port)]
    out = StringIO()
    added = ["--inbox", "Support", "--user", "desk@example.org", "--password-file", str(secret), *loopback]
    call_command("mailbox", "add", *added, stdout=out)
    mailbox = Mailbox.objects.get()

    call_command("mailbox", "test", str(mailbox.pk), stdout=out)
    call_command("mailbox", "list", stdout=out)
    mail_host.stop()
    with pytest.raises(CommandError, match="does not work"):
        call_command("mailbox", "test", str(mailbox.pk), stdout=out)
    call_command("mailbox", "remove", str(mailbox.pk), stdout=out)

    assert Inbox.objects.get().addresses.get().address == "desk@example.org"
    assert ("imap fetch ok" in out.getvalue(), "imap tcp FAILED" in out.getvalue()) == (True, True)
    assert PASSWORD not in out.getvalue()
    assert not Mailbox.objects.exists()


def test_the_command_names_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        call_command(
            "mailbox", "add", "--inbox", "A", "--host", "h", "--user", "u", "--password-file", str(tmp_path / "none")
        )
    with pytest.raises(CommandError, match="no such mailbox"):
        call_command("mailbox", "remove", "01a2138d-6af0-7543-bec4-15589dff0f74")
