"""One mail sent, one copy kept: whatever the folder does, the mail is not sent again."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import Mailbox, OutboundMail, SentCopy
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.sent_copy import (
    CLAIM,
    WAITS,
    due_copies,
    release_stale_copies,
    retry_copies,
    save_copy,
)
from inbox.mail.states import CopyState, OutState
from inbox.tickets.models import Ticket
from tests.make import make_mailbox, make_reply, make_ticket
from tests.servers.dovecot import MailHost
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db

FOLDER = "Gesendete Objekte (Büro)"


@pytest.fixture
def ticket(mail_host: MailHost, smtp_host: SmtpHost) -> Iterator[Ticket]:
    """A ticket in an inbox whose mailbox keeps what it sends."""
    ticket = make_ticket()
    make_mailbox(ticket.inbox, mail_host, smtp_host)
    Mailbox.objects.update(sent_folder=FOLDER)
    yield ticket
    assert len(smtp_host.received) == 1  # in every test of this page: one mail, whatever became of its copy


def sent(ticket: Ticket, text: str = "We look into it.") -> SentCopy:
    """Return the copy that waits after a reply has left."""
    row = make_reply(ticket, text, files=[("plan.pdf", bytes(range(256)))])
    OutboundMail.objects.filter(pk=row.pk).update(send_after=timezone.now())
    assert deliver_mail(row.pk) == OutState.SENT
    return SentCopy.objects.get()


def kept(mail_host: MailHost, folder: str = FOLDER) -> list[bytes]:
    """Return the mails in the folder."""
    with mail_host.client(folder=folder) as client:
        found = client.fetch(client.search(), ["BODY.PEEK[]"])
    return [item[b"BODY[]"] for item in found.values()]


def words_of(copy: SentCopy) -> str:
    """Return what the server said."""
    copy.refresh_from_db()
    with purpose(Purpose.SYSTEM):
        return str(copy.server_words or "")


def test_the_copy_is_the_mail_that_left_byte_for_byte(ticket: Ticket, mail_host: MailHost, smtp_host: SmtpHost) -> None:
    copy = sent(ticket)
    assert due_copies() == [copy.pk]

    assert save_copy(copy.pk) == CopyState.SAVED

    assert kept(mail_host) == [smtp_host.received[0].mime]
    with mail_host.client() as client:
        names = [name for _flags, _delimiter, name in client.list_folders()]
        client.folder_encode = False
        raw = [name for _flags, _delimiter, name in client.list_folders()]
    assert FOLDER in names
    assert b"Gesendete Objekte (B&APw-ro)" in raw
    assert list(mail_host.flags(folder=FOLDER).values()) == [(b"\\Seen",)]


def test_a_second_try_finds_the_copy_and_adds_none(ticket: Ticket, mail_host: MailHost) -> None:
    copy = sent(ticket)
    save_copy(copy.pk)
    assert save_copy(copy.pk) is None  # run twice
    SentCopy.objects.update(state=CopyState.SAVING, claimed_at=timezone.now() - CLAIM - timedelta(seconds=1))

    assert release_stale_copies() == 1
    assert save_copy(copy.pk) == CopyState.SAVED

    assert len(kept(mail_host)) == 1


def test_a_folder_that_cannot_be_is_the_copys_own_trouble(ticket: Ticket, mail_host: MailHost) -> None:
    Mailbox.objects.update(sent_folder="../Sent")
    copy = sent(ticket)
    for wait in WAITS:
        SentCopy.objects.update(try_after=timezone.now())
        before = timezone.now()
        assert save_copy(copy.pk) == CopyState.WAITING
        copy.refresh_from_db()
        assert wait <= copy.try_after - before < wait + timedelta(minutes=1)
    SentCopy.objects.update(try_after=timezone.now())

    assert save_copy(copy.pk) == CopyState.FAILED

    assert words_of(copy)
    assert OutboundMail.objects.get().state == OutState.SENT
    assert due_copies() == []
    SentCopy.objects.update(folder=FOLDER)
    assert retry_copies(copy.mailbox) == 1
    assert save_copy(copy.pk) == CopyState.SAVED
    assert len(kept(mail_host)) == 1
    assert words_of(copy) == ""


def test_a_server_that_is_gone_leaves_the_mail_sent(ticket: Ticket, mail_host: MailHost) -> None:
    copy = sent(ticket)
    mail_host.stop()

    assert save_copy(copy.pk) == CopyState.WAITING

    assert words_of(copy)
    assert OutboundMail.objects.get().state == OutState.SENT
    mail_host.start()
    SentCopy.objects.update(try_after=timezone.now())
    assert save_copy(copy.pk) == CopyState.SAVED
    assert len(kept(mail_host)) == 1


@pytest.mark.parametrize("folder", ["", "inbox"])
def test_without_a_folder_or_with_the_one_that_is_read_no_copy_is_made(ticket: Ticket, folder: str) -> None:
    Mailbox.objects.update(sent_folder=folder)
    row = make_reply(ticket)
    OutboundMail.objects.filter(pk=row.pk).update(send_after=timezone.now())

    assert deliver_mail(row.pk) == OutState.SENT

    assert not SentCopy.objects.exists()
