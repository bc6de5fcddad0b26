"""The folder for sent mail: chosen on the form of a mailbox or at the command line, and never the one that is read."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from inbox.mail.models import Mailbox
from tests.admin_forms import errors_in
from tests.helpdesk.web.admin.test_mailbox_form import MAILBOX
from tests.make import make_inbox, make_mailbox
from tests.security.desk import make_holder
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def test_the_form_takes_another_folder_than_the_one_that_is_read() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    keeper = client_of(make_holder("Inbox admin", inbox))
    address = f"/admin/mail/mailbox/{mailbox.pk}/change/"
    form = MAILBOX | {"inbox": str(inbox.pk), "smtp_security": "plaintext-loopback", "smtp_host": "127.0.0.1"}
    form |= {"smtp_port": "1"}

    refused = keeper.post(address, form | {"sent_folder": "inbox"})
    assert "Name another folder than the one that is read." in errors_in(refused.content.decode())
    assert Mailbox.objects.get().sent_folder == ""

    assert keeper.post(address, form | {"sent_folder": "Gesendete Objekte (Büro)"}).status_code == 302
    assert Mailbox.objects.get().sent_folder == "Gesendete Objekte (Büro)"


def test_the_command_line_too(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("open sesame\n")
    words = ["mailbox", "add", "--inbox", "Support", "--host", "127.0.0.1", "--user", "desk@example.org"]
    words += ["--password-file", str(tmp_path / "password"), "--security", "plaintext-loopback"]

    with pytest.raises(CommandError, match="each copy would come in as new mail"):
        call_command(*words, "--sent-folder", "INBOX")
    assert not Mailbox.objects.exists()

    call_command(*words, "--sent-folder", "Sent")
    assert Mailbox.objects.get().sent_folder == "Sent"
