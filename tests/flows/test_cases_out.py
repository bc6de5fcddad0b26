"""Troubles that users of help desks report about mail that leaves, each from the page to the other side's server."""

import hashlib
import json
from collections.abc import Mapping
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from io import StringIO
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from inbox.contacts.models import ContactAddress
from inbox.mail.mime.parse import parse
from inbox.mail.models import Mailbox, OutboundMail, SentCopy
from inbox.mail.send.deliver import deliver_mail, due
from inbox.mail.send.sent_copy import save_copy
from inbox.mail.states import CopyState, OutState
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.states import Direction
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox, message_of, receive
from tests.servers.dovecot import MailHost
from tests.servers.smtp import DROP, SmtpHost
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

KIM: Final = "Kim <kim@example.org>"
PAT: Final = "Pat <pat@example.org>"
WERK: Final = "werk@partner.example.com"


@pytest.fixture
def ticket(smtp_host: SmtpHost) -> Ticket:
    """Kim's question, with Pat and another inbox of the desk in its Cc."""
    make_inbox("Billing", address="billing@desk.example.net")
    support = make_inbox(takes_plus=True)
    make_mailbox(support, smtp_host=smtp_host)
    letter = Letter(KIM, cc=f"{PAT}, billing@desk.example.net", header_id="<question@example.org>")
    return message_of(receive(make_mail("Pump", "It drips.\n", letter), inbox=support)).ticket


@pytest.fixture
def lea(ticket: Ticket) -> User:
    """Who answers."""
    return make_agent("Team lead", inbox=ticket.inbox, email="lea.privat@example.com", name="Lea Geheim")


@pytest.fixture
def desk(lea: User) -> Client:
    """Lea's browser."""
    return client_of(lea)


def reply(desk: Client, ticket: Ticket, text: str = "We look into it.", **more: object) -> int:
    """Press "send" on the ticket's page; the status that it answers with."""
    ticket.refresh_from_db()
    form: dict[str, object] = {"once": str(uuid4()), "version": str(ticket.version), "text": text, "after": "stay"}
    return desk.post(reverse("tickets:reply", args=[ticket.number]), form | more).status_code


def forward(desk: Client, ticket: Ticket, **more: object) -> None:
    """Forward the ticket's newest question to the supplier."""
    form = {"to": WERK, "subject": "Fwd: Pump", "text": "What does it cost?", "once": str(uuid4())} | more
    assert desk.post(reverse("tickets:forward", args=[ticket.number]), form).status_code == 302


def send_all() -> None:
    """Let every moment come, and try what is due."""
    OutboundMail.objects.update(send_after=timezone.now())
    Mailbox.objects.update(smtp_paused_until=None)
    for outbound_id in due():
        deliver_mail(outbound_id)


def page_of(desk: Client, ticket: Ticket) -> str:
    """Return the ticket's page."""
    return desk.get(reverse("tickets:ticket", args=[ticket.number])).content.decode()


def read(mime: bytes) -> EmailMessage:
    """Return a mail as the standard library reads it."""
    return BytesParser(_class=EmailMessage, policy=default).parsebytes(mime)


def words_in(mime: bytes) -> str:
    """Return everything that can be read in a mail, decoded."""
    mail = parse(mime)
    files = "".join(f"{file.name} {file.data!r}" for file in mail.attachments)
    return f"{mime.decode('latin-1')} {mail.text} {mail.html} {files}"


def test_a_connection_lost_after_the_mail_makes_two_copies_at_most(
    desk: Client, ticket: Ticket, smtp_host: SmtpHost
) -> None:
    smtp_host.mood.answers += [DROP, DROP, DROP]
    reply(desk, ticket)

    for _ in range(6):
        send_all()

    assert len(smtp_host.received) == 2
    assert len({mail.mime for mail in smtp_host.received}) == 1
    shown = page_of(desk, ticket)
    assert "Not certain" in shown
    assert "Send again only if it did not arrive" in shown or "Send it again only if it did not arrive" in shown
    assert reverse("mail:resend", args=[OutboundMail.objects.get().pk]) in shown


@pytest.mark.parametrize(("answer", "tries"), [("451 4.3.0 later", 2), ("550 5.7.1 no", 1)])
def test_an_answer_after_the_mail_is_taken_at_its_word(
    desk: Client, ticket: Ticket, smtp_host: SmtpHost, answer: str, tries: int
) -> None:
    smtp_host.mood.answers.append(answer)
    reply(desk, ticket)

    for _ in range(3):
        send_all()

    assert len(smtp_host.received) == tries
    row = OutboundMail.objects.get()
    assert (row.state, row.attempts) == (OutState.SENT if tries == 2 else OutState.REFUSED, tries)
    assert ("the server refused it" in page_of(desk, ticket)) == (tries == 1)


def test_a_copy_that_cannot_be_kept_sends_nothing_again(
    desk: Client, ticket: Ticket, smtp_host: SmtpHost, mail_host: MailHost
) -> None:
    folder = "Gesendete Objekte (Büro)"
    Mailbox.objects.update(sent_folder=folder, imap_port=mail_host.port)
    reply(desk, ticket)
    send_all()
    assert save_copy(SentCopy.objects.get().pk) == CopyState.SAVED
    with mail_host.client(folder=folder) as client:
        assert len(client.search()) == 1
    mail_host.stop()
    reply(desk, ticket, "Once more.")
    send_all()

    for _ in range(4):
        SentCopy.objects.update(try_after=timezone.now())
        assert save_copy(SentCopy.objects.exclude(state=CopyState.SAVED).get().pk) == CopyState.WAITING
        send_all()

    assert len(smtp_host.received) == 2
    assert OutboundMail.objects.filter(state=OutState.SENT).count() == 2
    told = client_of(make_agent("Inbox admin", inbox=ticket.inbox)).get(reverse("mail:mailboxes")).content.decode()
    assert "Copies not saved" in told
    assert "Connection refused" in told
    mail_host.start()
    SentCopy.objects.update(try_after=timezone.now())
    assert save_copy(SentCopy.objects.exclude(state=CopyState.SAVED).get().pk) == CopyState.SAVED
    with mail_host.client(folder=folder) as client:
        assert len(client.search()) == 2


def test_a_double_click_sends_once_and_equal_words_are_two_mails(
    desk: Client, ticket: Ticket, smtp_host: SmtpHost
) -> None:
    once = str(uuid4())
    assert [reply(desk, ticket, "See the picture.", once=once) for _ in range(2)] == [302, 302]
    send_all()
    assert len(smtp_host.received) == 1

    for data in (b"one", b"two"):
        reply(desk, ticket, "See the picture.", files=SimpleUploadedFile("bild.png", data))
    send_all()

    second, third = (read(mail.mime) for mail in smtp_host.received[1:])
    contents = {_digest(part) for mail in (second, third) for part in _files(mail)}
    assert contents == {hashlib.sha256(data).hexdigest() for data in (b"one", b"two")}
    assert second["Message-ID"] != third["Message-ID"]


_INNER: Final = (
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    + b"x" * 1500
    + "\r\n.\r\nGrüße  \r\n".encode()
)


def test_files_arrive_with_their_names_and_bytes(desk: Client, ticket: Ticket, smtp_host: SmtpHost) -> None:
    files = {"leer.txt": b"", "Größe 100%.pdf": b"%PDF\r\n.\r\n\x00\xff", "brief.eml": _INNER, "kurz.eml": b"A: b\r\n"}
    reply(desk, ticket, files=[SimpleUploadedFile(name, data) for name, data in files.items()])

    send_all()

    (received,) = smtp_host.received
    parts = list(_files(read(received.mime)))
    assert {str(part.get_filename()): _digest(part) for part in parts} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    assert {part["Content-Transfer-Encoding"] for part in parts} == {"base64"}
    assert not [part for part in parts if part.get_content_maintype() == "message"]
    assert max(len(line) for line in received.mime.split(b"\r\n")) <= 998
    assert "filename*=utf-8''Gr%C3%B6%C3%9Fe%20100%25.pdf" in received.mime.decode("ascii")


def test_whoever_was_left_out_stays_out_until_one_asks(desk: Client, ticket: Ticket, smtp_host: SmtpHost) -> None:
    shown = page_of(desk, ticket)
    assert 'name="cc" value="pat@example.org"' in shown
    assert 'value="billing@desk.example.net"' not in shown
    reply(desk, ticket, cc="pat@example.org")
    send_all()
    assert set(smtp_host.received[0].recipients) == {"kim@example.org", "pat@example.org"}
    headers = {"In-Reply-To": str(read(smtp_host.received[0].mime)["Message-ID"])}
    receive(make_mail("Re: Pump", "Without Pat, please.\n", Letter(KIM, headers=headers)), inbox=ticket.inbox)

    shown = page_of(desk, ticket)
    reply(desk, ticket)
    send_all()

    assert 'name="cc"' not in shown
    assert "Left out of the answer: pat@example.org." in shown
    assert smtp_host.received[1].recipients == ("kim@example.org",)


def test_a_forwarded_picture_shows_at_the_other_side(desk: Client, ticket: Ticket, smtp_host: SmtpHost) -> None:
    jpeg = b"\xff\xd8\xff\xe0" + bytes(range(200))
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = KIM, "hilfe@desk.example.net", f"Leak [#{ticket.number}]"
    mail.set_content("See below.")
    mail.add_alternative('<p>Here: <img src="cid:leck%2B1%40example.org"></p>', subtype="html")
    html = mail.get_payload(1)
    assert isinstance(html, EmailMessage)
    html.add_related(jpeg, "image", "jpeg", cid="<leck+1@example.org>", filename="leck.jpg")
    message = message_of(receive(mail.as_bytes(), inbox=ticket.inbox))
    shown = desk.get(reverse("mail:body", args=[message.pk])).content.decode()
    assert reverse("mail:cid", args=[message.pk, message.attachments.get().pk]) in shown

    forward(desk, ticket, m=str(message.pk))
    send_all()

    (received,) = smtp_host.received
    assert received.recipients == (WERK,)
    parts = [part for part in read(received.mime).walk() if part.get_content_type() == "image/jpeg"]
    assert [part.get_payload(decode=True) for part in parts] == [jpeg]
    body = parse(received.mime)
    named = body.html.partition('src="cid:')[2].partition('"')[0]
    assert parts[0]["Content-ID"] == f"<{unquote(named)}>"
    assert [(file.inline, file.data) for file in body.attachments] == [(True, jpeg)]


def test_the_suppliers_answer_stays_with_the_supplier(
    desk: Client, lea: User, ticket: Ticket, smtp_host: SmtpHost
) -> None:
    forward(desk, ticket)
    send_all()
    sent = read(smtp_host.received[0].mime)
    headers = {"In-Reply-To": str(sent["Message-ID"]), "References": str(sent["Message-ID"])}
    letter = Letter(f"Werk <{WERK}>", to=str(sent["Reply-To"]), headers=headers)
    answer = message_of(receive(make_mail("AW: Fwd: Pump", "410 Euro, not less.\n", letter), inbox=ticket.inbox))

    shown = _shown(ticket, lea)
    reply(desk, ticket, "We know more tomorrow.")
    desk.post(reverse("tickets:party", args=[ticket.number, answer.pk]), {"text": "Fine.", "once": str(uuid4())})
    send_all()

    messages = shown["messages"]
    assert isinstance(messages, list)
    assert [(each["direction"], each["other_party"]) for each in messages] == [
        ("inbound", False),
        ("outbound", True),
        ("inbound", True),
    ]
    assert (messages[2]["sender_address"], messages[2]["answers_id"]) == (WERK, messages[1]["id"])
    assert shown["contact_address"] == "kim@example.org"
    assert ContactAddress.objects.filter(contact=ticket.contact_id).count() == 1
    by_recipient = {mail.recipients: words_in(mail.mime) for mail in smtp_host.received[1:]}
    assert set(by_recipient) == {("kim@example.org",), (WERK,)}
    assert "410 Euro" not in by_recipient["kim@example.org",]
    assert "It drips." in by_recipient["kim@example.org",]
    assert "410 Euro" in by_recipient[WERK,]


def test_nothing_of_our_own_people_leaves(desk: Client, lea: User, ticket: Ticket, smtp_host: SmtpHost) -> None:
    add_note(ticket, "NOTIZ-5 @lea", by=lea)
    desk.post(
        reverse("tickets:draft", args=[ticket.number]), {"kind": "note", "text": "ENTWURF-7", "version": ticket.version}
    )
    reply(desk, ticket, files=SimpleUploadedFile("plan.txt", b"plan"))
    forward(desk, ticket)
    receive(make_mail(f"Re: Pump [#{ticket.number}]", "And now?\n", Letter(KIM)), inbox=ticket.inbox)
    reply(desk, ticket, "Tomorrow.")
    send_all()

    assert len(smtp_host.received) == 3
    for mail in smtp_host.received:
        seen = words_in(mail.mime)
        private = ("lea.privat", "Geheim", "NOTIZ-5", "ENTWURF-7", str(lea.pk), lea.pk.hex, "List-Unsubscribe")
        assert [word for word in private if word in seen] == []
        assert mail.sender.endswith("@desk.example.net")
        assert "It drips." in seen or "And now?" in seen  # the control: what may leave is found
        assert "Received" not in read(mail.mime)
        assert str(read(mail.mime)["Message-ID"]).endswith("@desk.example.net>")


def _shown(ticket: Ticket, by: User) -> Mapping[str, object]:
    out = StringIO()
    call_command("show_ticket", str(ticket.number), "--as", by.email, stdout=out)
    shown: Mapping[str, object] = json.loads(out.getvalue())
    return shown


def _files(mail: EmailMessage) -> list[EmailMessage]:
    return [part for part in mail.iter_attachments() if isinstance(part, EmailMessage)]


def _digest(part: EmailMessage) -> str:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return hashlib.sha256(data).hexdigest()


def test_outbound_messages_are_what_left(desk: Client, ticket: Ticket) -> None:
    """The control of this page: a reply is one message of the ticket."""
    reply(desk, ticket)

    assert Message.objects.filter(ticket=ticket, direction=Direction.OUTBOUND).count() == 1
