"""The administration's form of a mailbox: passwords are written and never read back, and nothing leaks elsewhere."""

import re

import pytest
from django.test import Client

from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.mail.models import Mailbox
from inbox.mail.opening import secret_of
from inbox.mail.send.deliver import smtp_server
from tests.admin_forms import errors_in
from tests.make import make_inbox, make_mailbox
from tests.security.desk import make_holder
from tests.servers.dovecot import PASSWORD as MAIL_PASSWORD
from tests.servers.dovecot import USER as MAIL_USER
from tests.servers.dovecot import MailHost
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

MAILBOX = {
    "active": "on", "imap_host": "127.0.0.1", "imap_port": "1", "imap_user": MAIL_USER,
    "imap_security": "plaintext-loopback", "folder": "INBOX",
    "dispose": "leave", "dispose_folder": "Processed", "history": "none", "smtp_host": "", "smtp_port": "465",
    "smtp_user": "", "smtp_security": "tls",
}  # fmt: skip


def _keeper(inbox: Inbox) -> Client:
    return client_of(make_holder("Inbox admin", inbox))


def test_a_mailbox_is_added_with_its_password_to_the_letter() -> None:
    inbox = make_inbox()
    keeper = _keeper(inbox)
    password = " \"a'b\\c ü " + "x" * 190

    keeper.post("/admin/mail/mailbox/add/", MAILBOX | {"inbox": str(inbox.pk), "imap_password": password})

    assert secret_of(Mailbox.objects.get(), "imap_password") == password


def test_a_password_left_empty_stays_and_is_never_shown() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "127.0.0.1", "smtp_port": "1"}
    form |= {"smtp_security": "plaintext-loopback"}

    page = keeper.get(address).content.decode()
    answer = keeper.post(address, form | {"folder": "INBOX.Other"})

    assert answer.status_code == 302
    assert Mailbox.objects.get().folder == "INBOX.Other"
    assert secret_of(Mailbox.objects.get(), "imap_password") == MAIL_PASSWORD
    assert MAIL_PASSWORD not in page
    assert re.search(r'name="imap_password"[^>]*value=', page) is None
    assert not Entry.objects.filter(action="mailbox.secret").exists()


def test_a_new_password_replaces_the_old_one_and_is_recorded_without_its_value(opened: None) -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "127.0.0.1", "smtp_port": "1"}

    _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/change/", form | {"imap_password": "Zitronenfalter 9"})

    entry = Entry.objects.get(action="mailbox.secret")
    assert secret_of(Mailbox.objects.get(), "imap_password") == "Zitronenfalter 9"
    with purpose(Purpose.SYSTEM):
        assert b"Zitronenfalter" not in bytes(entry.payload)


def test_no_password_goes_to_another_server_until_it_is_typed_again() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "imap_host": "mail.evil.example", "imap_security": "tls"}

    refused = keeper.post(address, form)
    assert "type the password again" in errors_in(refused.content.decode())
    assert Mailbox.objects.get().imap_host == "127.0.0.1"

    assert keeper.post(address, form | {"imap_password": "typed anew"}).status_code == 302
    assert secret_of(Mailbox.objects.get(), "imap_password") == "typed anew"


def test_the_other_sides_password_is_dropped_when_its_server_changes() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    with purpose(Purpose.SYSTEM):
        mailbox.secret = {"imap_password": MAIL_PASSWORD, "smtp_password": "old smtp"}
        mailbox.save(update_fields=["secret"])
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "mail.evil.example"}

    assert _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/change/", form).status_code == 302
    assert secret_of(Mailbox.objects.get(), "smtp_password") == ""
    assert secret_of(Mailbox.objects.get(), "imap_password") == MAIL_PASSWORD


def test_the_imap_password_never_stands_in_for_an_account_at_another_server() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_host": "mail.evil.example"}
    assert keeper.post(address, form).status_code == 302

    refused = keeper.post(address, form | {"smtp_user": "eve"})

    assert "type the password again" in errors_in(refused.content.decode())
    assert Mailbox.objects.get().smtp_user == ""
    assert keeper.post(address, form | {"smtp_user": "eve", "smtp_password": "typed anew"}).status_code == 302
    assert smtp_server(Mailbox.objects.get()).password == "typed anew"


def test_a_mailbox_is_removed_with_its_secret() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)

    answer = _keeper(inbox).post(f"/admin/mail/mailbox/{mailbox.pk}/delete/", {"post": "yes"})

    assert answer.status_code == 302
    assert not Mailbox.objects.exists()


def test_the_connection_test_names_the_failing_step_in_the_servers_words(mail_host: MailHost) -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox, mail_host)
    keeper = _keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/"
    form = MAILBOX | {"inbox": str(inbox.pk), "imap_port": str(mail_host.port), "smtp_host": ""}
    keeper.post(f"{address}change/", form)

    works = keeper.post(f"{address}test/").content.decode()
    keeper.post(f"{address}change/", form | {"imap_password": "wrong"})
    fails = keeper.post(f"{address}test/").content.decode()

    assert "Everything works" in works
    assert re.search(r"sign in</td><td><strong>fails</strong>: .*Authentication failed", fails)
    assert "wrong" not in fails
    assert MAIL_PASSWORD not in fails


@pytest.mark.parametrize(("folder", "fits"), [("INBOX", False), ("inbox", False), ("", False), ("Done", True)])
def test_mail_never_moves_into_the_folder_that_is_read(folder: str, fits: bool) -> None:  # noqa: FBT001 - a case
    """It would come in anew at every look, under another number."""
    inbox = make_inbox()
    new = {"inbox": str(inbox.pk), "imap_password": "secret", "dispose": "move", "dispose_folder": folder}

    answer = _keeper(inbox).post("/admin/mail/mailbox/add/", MAILBOX | new)

    assert (Mailbox.objects.exists(), bool(errors_in(answer.content.decode()))) == (fits, not fits)


def test_when_a_secret_ends_is_one_field_that_keeps_its_value() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper, address = _keeper(inbox), f"/admin/mail/mailbox/{mailbox.pk}/change/"

    keeper.post(address, MAILBOX | {"inbox": str(inbox.pk), "secret_ends_at": "2027-01-05T10:30"})

    assert str(Mailbox.objects.get().secret_ends_at) == "2027-01-05 10:30:00+00:00"
    assert 'name="secret_ends_at" value="2027-01-05T10:30"' in keeper.get(address).content.decode()
