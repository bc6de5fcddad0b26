"""Mail from a real IMAP server, or from a file, to its ticket."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pytest_django import Settings

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.files import open_blob
from inbox.mail.models import InboundMail, Mailbox, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.states import RawReason, RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Attachment, Message, Ticket
from tests.make import Letter, make_inbox, make_mail, make_mailbox, message_of, receive
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]


def read_all() -> None:
    """Read whatever waits."""
    waiting = RawMail.objects.filter(state=RawState.STORED)
    process_mail([str(pk) for pk in waiting.values_list("pk", flat=True)])


def fetch(mailbox: Mailbox) -> None:
    """One cycle to its end, everything read."""
    poll(mailbox.pk)
    read_all()


@pytest.fixture
def mailbox(mail_host: MailHost) -> Mailbox:
    """A mailbox that takes everything from the test's server."""
    return make_mailbox(make_inbox(), mail_host)


@pytest.mark.usefixtures("opened")
def test_a_mail_becomes_a_ticket_with_its_file(mailbox: Mailbox, mail_host: MailHost) -> None:
    data = bytes(range(256)) * 300
    mail_host.append(make_mail("Große Frage", "Wie geht das?\n", Letter(files=[("Übersicht.bin", data)])))

    fetch(mailbox)

    ticket, message = Ticket.objects.get(), Message.objects.get()
    assert (ticket.subject, message.text, ticket.inbox) == ("Große Frage", "Wie geht das?", mailbox.inbox)
    file = Attachment.objects.get()
    assert file.name == "Übersicht.bin"
    assert b"".join(open_blob(file.blob, file.seal_ref(), kind="attachment")) == data


def test_fetching_and_reading_twice_adds_nothing(mailbox: Mailbox, mail_host: MailHost) -> None:
    mail_host.append(make_mail())
    fetch(mailbox)
    raw = RawMail.objects.get()

    fetch(mailbox)
    process_mail([str(raw.pk)])

    assert (RawMail.objects.count(), Message.objects.count(), Ticket.objects.count()) == (1, 1, 1)


def test_renumbered_mails_are_known_again(mailbox: Mailbox, mail_host: MailHost) -> None:
    mail_host.append(make_mail("One"))
    mail_host.append(make_mail("Two"))
    fetch(mailbox)
    time.sleep(1.1)  # Dovecot makes the number of the second
    mail_host.renumber()
    mail_host.append(make_mail("Three"))

    fetch(mailbox)

    assert Ticket.objects.count() == 3
    assert RawMail.objects.filter(state=RawState.DUPLICATE, reason=RawReason.SAME_CONTENT).count() == 2


def test_a_server_without_extensions_gives_its_mail(bare_mail_host: MailHost) -> None:
    mailbox = make_mailbox(make_inbox(), bare_mail_host)
    bare_mail_host.append(make_mail("Old server"))
    bare_mail_host.append(make_mail("Witness"), flags=(b"\\Deleted",))

    fetch(mailbox)

    assert Ticket.objects.count() == 1
    assert RawMail.objects.get(state=RawState.SKIPPED).reason == RawReason.DELETED_THERE
    assert bare_mail_host.flags() == {1: (), 2: (b"\\Deleted",)}


def test_no_mail_of_before_is_taken_by_default(mail_host: MailHost) -> None:
    mail_host.append(make_mail("Before"))
    mailbox = make_mailbox(make_inbox(), mail_host, history="none")  # type: ignore[arg-type] # the stored value
    fetch(mailbox)
    mail_host.append(make_mail("After"))

    fetch(mailbox)

    assert Ticket.objects.count() == 1


def test_mail_that_lay_there_before_is_history(mailbox: Mailbox, mail_host: MailHost) -> None:
    mail_host.append(make_mail("Old"), at=timezone.now() - timedelta(days=3))
    mail_host.append(make_mail("New"), at=timezone.now() + timedelta(seconds=2))

    fetch(mailbox)

    assert list(RawMail.objects.order_by("arrived_at").values_list("history", flat=True)) == [True, False]


@pytest.mark.usefixtures("opened")
def test_a_mail_that_is_too_large_gets_one_ticket(mailbox: Mailbox, mail_host: MailHost, settings: Settings) -> None:
    settings.MAIL_MAX_BYTES = 2000
    mail_host.append(make_mail("Huge", "x" * 70 + "\n" + "y\n" * 3000))
    mail_host.append(make_mail("Small"))

    fetch(mailbox)
    fetch(mailbox)

    raw = RawMail.objects.get(state=RawState.QUARANTINED)
    assert (raw.reason, raw.blob) == (RawReason.TOO_LARGE, None)
    assert (Ticket.objects.count(), Ticket.objects.filter(unreadable=True).count()) == (2, 1)
    assert InboundMail.objects.get(raw=raw).verdict_reason == RawReason.TOO_LARGE


def test_a_mail_above_a_mebibyte_comes_in_parts(mailbox: Mailbox, mail_host: MailHost) -> None:
    data = os.urandom(1_500_000)
    mail_host.append(make_mail("Big", letter=Letter(files=[("big.bin", data)])))

    fetch(mailbox)

    with purpose(Purpose.SYSTEM):
        file = Attachment.objects.get()
        assert b"".join(open_blob(file.blob, file.seal_ref(), kind="attachment")) == data


ODD: Final = {
    "empty": b"",
    "only a line": b"hello",
    "without From": b"Subject: nobody\r\n\r\ntext\r\n",
    "unknown charset": b"From: a@example.org\r\nContent-Type: text/plain; charset=x-unheard-of\r\n\r\nGr\xfc\xdfe\r\n",
    "NUL": b"From: a@example.org\r\nSubject: a\x00b\r\n\r\nc\x00d\r\n",
    "boundary without parts": b'From: a@example.org\r\nContent-Type: multipart/mixed; boundary="x"\r\n\r\n\r\n',
    "odd sender": b"From: <>\r\nTo: @\r\n\r\ntext\r\n",
}


@pytest.mark.parametrize("mime", ODD.values(), ids=ODD.keys())
def test_an_odd_mail_becomes_a_ticket(mime: bytes) -> None:
    raw = receive(mime)

    assert (raw.state, Ticket.objects.filter(unreadable=False).count()) == (RawState.DONE, 1)


@pytest.mark.usefixtures("opened")
def test_words_in_an_unknown_charset_are_kept() -> None:
    assert message_of(receive(ODD["unknown charset"])).text.startswith("Gr")


def test_import_takes_files_once(tmp_path: Path) -> None:
    make_inbox()
    tmp_path.joinpath("a.eml").write_bytes(make_mail("A"))
    tmp_path.joinpath("b.eml").write_bytes(b"")

    call_command("import_mail", str(tmp_path), inbox="Support")
    call_command("import_mail", str(tmp_path), inbox="Support")

    assert Ticket.objects.count() == 2


_OLD: Final = (
    b"Received: from a by b; Mon, 5 Oct 2026 08:15:02 +0000\r\nFrom: kim@example.org\r\n"
    b"Subject: %s\r\nDate: Tue, 3 Mar 2235 07:20:10 +0100\r\n\r\ntext\r\n"
)


def test_an_imported_mail_came_when_it_was_received_not_when_it_says(tmp_path: Path) -> None:
    make_inbox()
    tmp_path.joinpath("a.eml").write_bytes(_OLD % b"Future")

    call_command("import_mail", str(tmp_path), inbox="Support")

    message = Message.objects.get()
    assert message.at == datetime(2026, 10, 5, 8, 15, 2, tzinfo=UTC)
    assert message.written_at == datetime(2235, 3, 3, 6, 20, 10, tzinfo=UTC)
    assert Ticket.objects.get().last_activity == message.at


def test_import_into_no_inbox_says_so(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="no inbox"):
        call_command("import_mail", str(tmp_path), inbox="Nowhere")
