"""The desk's own mail goes through the outbox."""

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.utils import timezone

from audit.actions import Action
from audit.models import Entry
from inbox.mail.mime.parse import parse
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.deliver import deliver_mail, due
from inbox.mail.send.system import FilesInSystemMail, OutboxBackend
from inbox.mail.states import OutKind, OutReason, OutState
from tests.make import DESK, make_inbox, make_mailbox
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db


def post(message: EmailMessage | None = None) -> int:
    """Hand a mail of Django's to the backend that a desk is set to."""
    message = message or EmailMessage("Welcome", "Sign in here.\n", "other@example.com", ["lea@staff.example.com"])
    backend = get_connection("inbox.mail.send.system.OutboxBackend")
    assert isinstance(backend, OutboxBackend)
    return backend.send_messages([message])


def send(row: OutboundMail) -> OutboundMail:
    """Try it now."""
    OutboundMail.objects.update(send_after=timezone.now())
    deliver_mail(row.pk)
    row.refresh_from_db()
    return row


def test_system_mail_leaves_by_the_marked_mailbox_and_says_that_it_is_a_machines(smtp_host: SmtpHost) -> None:
    make_mailbox(make_inbox(), smtp_host=smtp_host, sends_system_mail=True)

    assert post() == 1

    row = OutboundMail.objects.get()
    assert (row.kind, row.message, row.inbox, due()) == (OutKind.SYSTEM, None, None, [row.pk])
    assert send(row).state == OutState.SENT
    mime = smtp_host.received[0].mime
    mail = parse(mime)
    assert smtp_host.received[0].recipients == ("lea@staff.example.com",)
    assert b"Auto-Submitted: auto-generated\r\n" in mime
    assert b"X-Auto-Response-Suppress: All\r\n" in mime
    assert (mail.from_.address if mail.from_ else "", mail.text) == (DESK, "Sign in here.")
    assert (mail.auto_reply, mail.subject) == (True, "Welcome")
    assert Entry.objects.filter(action=Action.MAIL_SENT, subject_id=row.pk).count() == 1


def test_without_a_mailbox_it_waits_and_then_takes_its_sender(smtp_host: SmtpHost) -> None:
    post()
    row = send(OutboundMail.objects.get())
    assert (row.state, row.reason) == (OutState.DEFERRED, OutReason.NO_MAILBOX)
    make_mailbox(make_inbox(), smtp_host=smtp_host, sends_system_mail=True)

    assert send(row).state == OutState.SENT

    assert smtp_host.received[0].sender == DESK


def test_without_a_mailbox_for_days_it_is_given_up() -> None:
    post()
    row = OutboundMail.objects.get()
    for _ in range(12):
        row = send(row)

    assert (row.state, row.reason) == (OutState.REFUSED, OutReason.NO_MAILBOX)


def test_html_and_copies_are_kept(smtp_host: SmtpHost) -> None:
    make_mailbox(make_inbox(), smtp_host=smtp_host, sends_system_mail=True)
    message = EmailMultiAlternatives(
        "A", "plain", to=["A <a@example.org>"], cc=["b@example.org"], bcc=["c@example.org"]
    )
    message.attach_alternative("<p>rich</p>", "text/html")
    post(message)
    send(OutboundMail.objects.get())

    received = smtp_host.received[0]
    assert received.recipients == ("a@example.org", "b@example.org", "c@example.org")
    assert b"c@example.org" not in received.mime
    assert "rich" in parse(received.mime).html


def test_nobody_and_files_are_refused() -> None:
    assert post(EmailMessage("A", "b")) == 0
    message = EmailMessage("A", "b", to=["a@example.org"])
    message.attach("a.txt", b"a", "text/plain")

    with pytest.raises(FilesInSystemMail):
        post(message)

    assert not OutboundMail.objects.exists()
    assert not Mailbox.objects.exists()
