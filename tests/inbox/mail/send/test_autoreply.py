"""Acknowledgements: who gets one, who never does, what stands in it, and that it leaves once."""

from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox, OpeningHours
from inbox.inboxes.services.inboxes import add_address
from inbox.mail.mime.parse import parse
from inbox.mail.models import Acknowledged, OutboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.autoreply import AGE
from inbox.mail.send.deliver import deliver_mail, due
from inbox.mail.states import AckReason, OutReason, OutState
from inbox.tickets.models import Ticket
from inbox.tickets.services.bin import delete_ticket
from tests.inbox.mail.acks import acks, add_text, make_acknowledging, reason_of
from tests.make import DESK, Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, message_of, receive
from tests.servers.smtp import DROP, SmtpHost

pytestmark = pytest.mark.django_db

SECRET = "Zitronenfalter"


def send_all() -> None:
    """Deliver what is due."""
    for pk in due():
        deliver_mail(pk)


def mails(smtp: SmtpHost) -> list[EmailMessage]:
    """Return what arrived, read by the standard library."""
    return [BytesParser(_class=EmailMessage, policy=default).parsebytes(mail.mime) for mail in smtp.received]


def come(**raw: object) -> RawMail:
    """Let a mail come in, its row changed by `raw` before it is read."""
    mime = make_mail()
    row = store_raw(Source(make_inbox()), [Arrival(f"t:{datetime.now(UTC)}", len(mime), timezone.now(), [mime])])[0]
    RawMail.objects.filter(pk=row.pk).update(**raw)
    process_raw(row.pk)
    return row


def test_a_new_mail_is_acknowledged_once(smtp_host: SmtpHost) -> None:
    make_acknowledging(smtp_host=smtp_host)
    raw = receive(make_mail(letter=Letter(header_id="<first@example.org>")))
    number = message_of(raw).ticket.number

    send_all()
    send_all()

    (mail,) = mails(smtp_host)
    assert reason_of(raw) == AckReason.WRITTEN
    assert (smtp_host.received[0].sender, smtp_host.received[0].recipients) == ("", ("kim@example.org",))
    assert (mail["From"], mail["To"]) == (f"Support <{DESK}>", "kim@example.org")
    assert mail["Subject"] == f"We have your mail [#{number}]"
    assert (mail["In-Reply-To"], mail["References"]) == ("<first@example.org>", "<first@example.org>")
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-replied", "All")
    assert mail["X-Postern-Loop"]
    assert f"Your ticket is number {number}." in parse(smtp_host.received[0].mime).text


def test_an_acknowledgement_leaves_at_once_and_is_in_the_log() -> None:
    make_acknowledging()
    raw = receive(make_mail())

    assert [row.pk for row in acks()] == due()
    (entry,) = Entry.objects.filter(action="mail.acknowledged")
    assert entry.subject_id == message_of(raw).ticket_id
    assert Acknowledged.objects.get().raw_id == raw.pk


def test_nothing_goes_out_before_a_text_is_written_and_switched_on() -> None:
    inbox = make_inbox()
    make_mailbox(inbox)
    add_text(inbox, language="en")

    raw = receive(make_mail())
    assert (reason_of(raw), acks()) == ("", [])

    inbox.acknowledges = True
    inbox.save(update_fields=["acknowledges"])
    inbox.acknowledgements.all().delete()
    raw = receive(make_mail())
    assert (reason_of(raw), acks()) == (AckReason.NO_TEXT, [])

    add_text(inbox, language="en")
    assert reason_of(receive(make_mail())) == AckReason.WRITTEN


def test_nothing_of_the_mail_stands_in_the_acknowledgement(smtp_host: SmtpHost) -> None:
    make_acknowledging(smtp_host=smtp_host)
    letter = Letter(
        sender=f"{SECRET} {SECRET} <kim@example.org>",
        html=f"<p>{SECRET}</p>",
        headers={"Reply-To": f"{SECRET} <kim@example.org>", "Keywords": SECRET},
        files=[(f"{SECRET}.pdf", SECRET.encode())],
    )
    receive(make_mail(f"{SECRET} in the subject", f"{SECRET} in the text.\n", letter))

    send_all()

    assert len(smtp_host.received) == 1
    mime = smtp_host.received[0].mime
    assert SECRET.encode() not in mime
    assert "attachment" not in mime.decode()


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (b"Content-Language: de-AT", "de"),
        (b"Accept-Language: fr, de;q=0.5, en;q=0.4", "de"),
        (b"Accept-Language: en-US", "en"),
        (b"Content-Language: zh-TW", "zh-hant"),
        (b"Content-Language: fr", "en"),  # the inbox's own
        (b"X-Nothing: de", "en"),
    ],
)
def test_the_text_is_in_a_language_that_the_sender_reads(header: bytes, language: str, opened: None) -> None:
    inbox = make_acknowledging()
    add_text(inbox, language="de", text="Deutsch {number}")
    add_text(inbox, language="zh-hant", text="中文 {number}")

    receive(header + b"\r\n" + make_mail())

    begins = {"de": "Deutsch", "zh-hant": "中文", "en": "Thank you"}
    assert [row.text.startswith(begins[language]) for row in acks()] == [True]


def test_without_a_text_in_the_inbox_language_the_first_one_serves(opened: None) -> None:
    make_acknowledging(language="fr")

    receive(make_mail())

    assert len(acks()) == 1


def test_out_of_working_hours_the_text_is_another(opened: None) -> None:
    inbox = make_acknowledging(closed_text="We are closed. {number}")
    weekday = timezone.now().weekday()
    open_all_day = OpeningHours.objects.create(inbox=inbox, weekday=weekday, opens=time(0), closes=time(0))
    OpeningHours.objects.create(inbox=inbox, weekday=(weekday + 1) % 7, opens=time(0), closes=time(0))
    receive(make_mail())
    closed_now = [(weekday + 3) % 7, (weekday + 4) % 7]
    inbox.opening_hours.exclude(pk=open_all_day.pk).delete()
    OpeningHours.objects.filter(pk=open_all_day.pk).update(weekday=closed_now[0])
    receive(make_mail())

    assert [row.text.split(".")[0] for row in acks()] == ["Thank you, we have your mail", "We are closed"]


@pytest.mark.parametrize(
    ("letter", "reason"),
    [
        (Letter(headers={"Auto-Submitted": "auto-replied"}), AckReason.MACHINE),
        (Letter(headers={"Precedence": "bulk"}), AckReason.MACHINE),
        (Letter(headers={"List-Id": "<x.example.org>"}), AckReason.MACHINE),
        (Letter(headers={"X-Auto-Response-Suppress": "OOF, AutoReply"}), AckReason.MACHINE),
        (Letter(headers={"Return-Path": "<>"}), AckReason.MACHINE),
        (Letter(sender="no-reply@example.org"), AckReason.MACHINE),
        (Letter(sender="MAILER-DAEMON@example.org"), AckReason.MACHINE),
        (Letter(sender=DESK), AckReason.MACHINE),
        (Letter(sender="orders.noreply@example.org"), AckReason.NO_PERSON),
        (Letter(sender="printers-request@example.org"), AckReason.NO_PERSON),
        (Letter(sender="owner-printers@example.org"), AckReason.NO_PERSON),
        (Letter(sender="imap-account@desk.example.net"), AckReason.NO_PERSON),
        (Letter(sender="kim@exa_mple.org"), AckReason.NO_PERSON),  # no name of a host
        (Letter(sender="kim@example.org, pat@example.org"), AckReason.DOUBTED),
        (Letter(headers={"Authentication-Results": "mx.example.net; dmarc=fail"}), AckReason.DOUBTED),
    ],
)
def test_no_machine_and_no_address_of_our_own_gets_one(letter: Letter, reason: AckReason) -> None:
    inbox = make_acknowledging()
    inbox.mailboxes.update(imap_user="imap-account@desk.example.net")

    raw = receive(make_mail(letter=letter))

    assert (reason_of(raw), acks()) == (reason, [])
    assert reason_of(receive(make_mail())) == AckReason.WRITTEN


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"history": True}, AckReason.HISTORY),
        ({"reconciled": True}, AckReason.HISTORY),
        ({"transport_key": "import:abc"}, AckReason.HISTORY),
        ({"arrived_at": timezone.now() - AGE - timedelta(minutes=1)}, AckReason.OLD),
        ({"arrived_at": timezone.now() - AGE + timedelta(hours=1)}, AckReason.WRITTEN),
    ],
)
def test_old_and_imported_mail_is_not_acknowledged(raw: dict[str, object], reason: AckReason) -> None:
    make_acknowledging()

    row = come(**raw)

    assert reason_of(row) == reason
    assert len(acks()) == (1 if reason == AckReason.WRITTEN else 0)


def test_an_answer_in_a_ticket_is_not_acknowledged() -> None:
    make_acknowledging()
    first = receive(make_mail(letter=Letter(header_id="<first@example.org>")))
    second = receive(make_mail("Re: Printer", letter=Letter(headers={"In-Reply-To": "<first@example.org>"})))

    assert message_of(first).ticket == message_of(second).ticket
    assert [reason_of(raw) for raw in (first, second)] == [AckReason.WRITTEN, AckReason.NOT_NEW]
    assert len(acks()) == 1


def test_an_answer_to_the_acknowledgement_finds_its_ticket(opened: None) -> None:
    make_acknowledging()
    ticket = message_of(receive(make_mail())).ticket
    (row,) = acks()

    answer = Letter(sender="pat@example.org", headers={"In-Reply-To": row.header_id})
    raw = receive(make_mail("Something else", "No mark here.\n", answer))

    assert message_of(raw).ticket == ticket
    assert Ticket.objects.count() == 1


def test_a_mail_to_two_inboxes_is_acknowledged_once() -> None:
    support = make_acknowledging()
    billing = make_inbox("Billing", address="billing@desk.example.net")
    billing.acknowledges = True
    billing.save(update_fields=["acknowledges"])
    add_text(billing, language="en")
    assert support.mailboxes.count() == 1

    letter = Letter(to=f"{DESK}, billing@desk.example.net")
    receive(make_mail(letter=letter), mailbox=support.mailboxes.get())

    assert Ticket.objects.count() == 2
    assert len(acks()) == 1


def test_reading_the_same_mail_twice_acknowledges_once() -> None:
    make_acknowledging()
    raw = receive(make_mail())

    process_raw(raw.pk)

    assert len(acks()) == 1
    again = OutboundMail(
        kind="acknowledgement", once=acks()[0].once, data_key=acks()[0].data_key, header_blind=b"x" * 16
    )
    again.header_id, again.subject, again.text, again.html, again.envelope = "", "", "", "", {}
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


def _off(inbox: Inbox, _ticket: Ticket) -> None:
    inbox.acknowledges = False
    inbox.save(update_fields=["acknowledges"])


def _too_late(_inbox: Inbox, _ticket: Ticket) -> None:
    OutboundMail.objects.update(created_at=timezone.now() - AGE - timedelta(minutes=1))


def _gone(_inbox: Inbox, ticket: Ticket) -> None:
    delete_ticket(ticket)


def _ours_now(inbox: Inbox, _ticket: Ticket) -> None:
    add_address(inbox, "kim@example.org")


@pytest.mark.parametrize("change", [_off, _too_late, _gone, _ours_now])
def test_the_right_to_send_is_asked_when_it_is_sent(change: object, smtp_host: SmtpHost) -> None:
    inbox = make_acknowledging(smtp_host=smtp_host)
    ticket = message_of(receive(make_mail())).ticket
    assert callable(change)
    change(inbox, ticket)

    send_all()

    (row,) = acks()
    assert (row.state, row.reason) == (OutState.CANCELLED, OutReason.NOT_WANTED)
    assert smtp_host.received == []


def test_a_lost_connection_never_makes_a_second_one(smtp_host: SmtpHost) -> None:
    make_acknowledging(smtp_host=smtp_host)
    receive(make_mail())
    smtp_host.mood.answers = [DROP]

    send_all()
    OutboundMail.objects.update(send_after=timezone.now())
    send_all()

    (row,) = acks()
    assert (row.state, row.reason) == (OutState.UNCERTAIN, OutReason.LOST_ONCE)
    assert len(smtp_host.received) == 1


def test_a_lost_reply_is_tried_again_beside_it(smtp_host: SmtpHost) -> None:
    ticket = message_of(receive(make_mail())).ticket
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    reply = make_reply(ticket, by=make_agent())
    smtp_host.mood.answers = [DROP]

    for _ in range(2):
        OutboundMail.objects.update(send_after=timezone.now())
        deliver_mail(reply.pk)

    reply.refresh_from_db()
    assert (reply.state, len(smtp_host.received)) == (OutState.SENT, 2)


def test_an_inbox_that_cannot_send_says_so() -> None:
    inbox = make_acknowledging()
    inbox.mailboxes.all().delete()

    raw = receive(make_mail())

    assert (reason_of(raw), acks()) == (AckReason.NO_WAY_OUT, [])


def test_no_header_can_be_smuggled_in_by_a_message_id(smtp_host: SmtpHost) -> None:
    make_acknowledging(smtp_host=smtp_host)
    mime = make_mail(letter=Letter(header_id="<x@example.org>")).replace(
        b"<x@example.org>", b"<a b\x00=0D=0ABcc: eve@example.org>"
    )
    receive(mime)

    send_all()

    (mail,) = mails(smtp_host)
    assert (mail["Bcc"], mail["In-Reply-To"]) == (None, "<ab=0D=0ABcc:eve@example.org>")
    assert smtp_host.received[0].recipients == ("kim@example.org",)
    with purpose(Purpose.SYSTEM):
        assert acks()[0].envelope["cc"] == []
