"""A reply from its form to the other side, and what happens when the server will not have it."""

import hashlib
from collections.abc import Iterator
from datetime import timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Final
from uuid import uuid4

import pytest
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail.errors import NothingToResend, TooLateToUndo
from inbox.mail.mime.parse import parse
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.compose import compose
from inbox.mail.send.conversation import NewConversation, start_conversation
from inbox.mail.send.deliver import deliver_mail, due, release_stale
from inbox.mail.send.files import kept_files
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.reply import NewReply, send_reply
from inbox.mail.send.settle import WAITS
from inbox.mail.send.undo import cancel_send, resend
from inbox.mail.services.mailboxes import remove_mailbox
from inbox.mail.states import OutReason, OutState
from inbox.tickets.models import Attachment, Draft, Message, Ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.states import Direction, State
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, receive
from tests.servers.smtp import DROP, SmtpHost

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket(smtp_host: SmtpHost) -> Ticket:
    """A ticket of Kim's in an inbox that sends to the test's server."""
    ticket = make_ticket()
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    return ticket


def send(row: OutboundMail) -> OutboundMail:
    """Try a mail now, whatever its moment and whatever the server asked for."""
    OutboundMail.objects.filter(pk=row.pk).update(send_after=timezone.now())
    Mailbox.objects.update(smtp_paused_until=None)
    deliver_mail(row.pk)
    row.refresh_from_db()
    return row


def words_of(row: OutboundMail) -> str:
    """Return what the server said."""
    with purpose(Purpose.SYSTEM):
        return str(row.server_words or "")


def mails(smtp: SmtpHost) -> list[EmailMessage]:
    """Return what arrived, read by the standard library."""
    return [BytesParser(_class=EmailMessage, policy=default).parsebytes(mail.mime) for mail in smtp.received]


def test_a_reply_leaves_once_and_answers_the_mail(smtp_host: SmtpHost) -> None:
    ticket = make_ticket("Drucker", letter=Letter(header_id="<first@example.org>"), text="Er druckt nicht.\n")
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    row = make_reply(ticket, "Bitte neu starten.")

    assert send(row).state == OutState.SENT
    assert deliver_mail(row.pk) is None

    (mail,) = mails(smtp_host)
    assert smtp_host.received[0].recipients == ("kim@example.org",)
    assert (mail["Subject"], mail["In-Reply-To"]) == ("Re: Drucker", "<first@example.org>")
    assert mail["References"] == "<first@example.org>"
    text = parse(smtp_host.received[0].mime).text
    assert text.startswith("Bitte neu starten.")
    assert "> Er druckt nicht." in text


def test_nothing_leaves_inside_the_undo_window(ticket: Ticket, smtp_host: SmtpHost) -> None:
    row = make_reply(ticket)

    assert due() == []
    assert deliver_mail(row.pk) is None
    assert smtp_host.received == []


def test_the_same_form_twice_makes_one_mail(ticket: Ticket) -> None:
    lea, new = make_agent(), NewReply("Once.", uuid4(), ticket.version)

    first, second = send_reply(ticket, new, by=lea), send_reply(ticket, new, by=lea)

    assert (first.pk, OutboundMail.objects.count()) == (second.pk, 1)


def test_equal_words_with_another_file_are_another_mail(ticket: Ticket, smtp_host: SmtpHost) -> None:
    for data in (b"one", b"two"):
        send(make_reply(ticket, "See the picture.", files=[("bild.png", data)]))

    first, second = mails(smtp_host)
    contents = [next(mail.iter_attachments()).get_content() for mail in (first, second)]
    assert contents == [b"one", b"two"]
    assert first["Message-ID"] != second["Message-ID"]


_LONG_MAIL: Final = b"Subject: x\r\n\r\n" + "Zeile ä ".encode() * 200 + b"\r\n.\r\ntrailing \r\n"


def test_files_arrive_byte_for_byte(ticket: Ticket, smtp_host: SmtpHost) -> None:
    files = [("empty.txt", b""), ("Größe 100%.pdf", bytes(range(256)) * 50), ("brief.eml", _LONG_MAIL)]
    send(make_reply(ticket, files=files))

    (mail,) = mails(smtp_host)
    arrived = [(part.get_filename(), hashlib.sha256(_bytes(part)).digest()) for part in _files(mail)]
    assert arrived == [(name, hashlib.sha256(data).digest()) for name, data in files]
    assert [part.get_content_type() for part in _files(mail)][2] == "application/octet-stream"
    assert max(len(line) for line in smtp_host.received[0].mime.split(b"\r\n")) <= 998


def _bytes(part: EmailMessage) -> bytes:
    data = part.get_payload(decode=True)
    assert isinstance(data, bytes)
    return data


def _files(mail: EmailMessage) -> Iterator[EmailMessage]:
    return (part for part in mail.iter_attachments() if isinstance(part, EmailMessage))


@pytest.mark.parametrize(
    "name",
    ["Kühn, Jörg", 'The "Boss"', "Reyes (Ops) <x>", "ñ" * 80, "O'Neil; Kim", "\N{PILE OF POO}, x"],
)
def test_any_name_arrives_as_it_is_and_adds_no_recipient(ticket: Ticket, smtp_host: SmtpHost, name: str) -> None:
    send(make_reply(ticket, cc=[Recipient(name, "jo@example.org")]))

    mail = parse(smtp_host.received[0].mime)
    assert [(row.name, row.address) for row in mail.cc] == [(" ".join(name.split()), "jo@example.org")]
    assert smtp_host.received[0].recipients == ("kim@example.org", "jo@example.org")


def test_an_encoded_word_in_a_name_is_only_text(ticket: Ticket, smtp_host: SmtpHost) -> None:
    send(make_reply(ticket, cc=[Recipient("=?utf-8?q?x=2C_y=40z?=", "jo@example.org")]))

    assert [row.address for row in parse(smtp_host.received[0].mime).cc] == ["jo@example.org"]
    assert "= ?utf-8" in parse(smtp_host.received[0].mime).cc[0].name


def test_a_long_message_id_is_cited_as_it_is(smtp_host: SmtpHost) -> None:
    ids = [f"<{'a' * length}@mail.example.org>" for length in (70, 120, 200)]
    letter = Letter(header_id=ids[2])
    ticket = make_ticket(letter=letter)
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    for header_id in ids[:2]:
        receive(make_mail(f"Re [#{ticket.number}]", letter=Letter(header_id=header_id)))
    send(make_reply(ticket))

    mail = parse(smtp_host.received[0].mime)
    assert mail.in_reply_to == (ids[1],)
    assert set(mail.references) == set(ids)


def test_nothing_of_our_people_leaves(ticket: Ticket, smtp_host: SmtpHost) -> None:
    lea = make_agent(email="lea.privat@example.com", name="Lea Geheim")
    add_note(ticket, "NOTIZ-5", by=lea)
    send(make_reply(ticket, by=lea, files=[("C:\\Users\\leag\\plan.txt", b"plan")]))
    receive(make_mail(f"Re: Printer [#{ticket.number}]"))
    send(make_reply(ticket, "Second.", by=lea))

    for received in smtp_host.received:
        mail = parse(received.mime)
        seen = received.mime.decode("ascii") + mail.text + mail.html
        assert not [word for word in ("lea.privat", "Geheim", "NOTIZ-5", "leag", str(lea.pk)) if word in seen]
        assert received.sender == "hilfe@desk.example.net"


def test_a_header_in_a_subject_stays_a_subject(ticket: Ticket, smtp_host: SmtpHost) -> None:
    new = NewConversation(Recipient("", "jo@example.org"), "Hi\r\nBcc: evil@example.org", "Text", uuid4())
    send(start_conversation(ticket.inbox, new, by=make_agent()))

    (mail,) = mails(smtp_host)
    assert (mail["Subject"], mail["Bcc"]) == ("Hi Bcc: evil@example.org", None)


def test_a_refusal_shows_the_servers_words_and_can_be_sent_again(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.rcpt["kim@example.org"] = "550 5.1.1 no such user here"
    row = send(make_reply(ticket))
    assert (row.state, row.reason) == (OutState.REFUSED, OutReason.REFUSED)
    assert "no such user here" in words_of(row)
    assert due() == []
    smtp_host.mood.rcpt.clear()

    resend(row)

    assert due() == [row.pk]
    assert send(row).state == OutState.SENT
    with pytest.raises(NothingToResend):
        resend(row)


def test_a_deferred_mail_waits_longer_each_time_and_has_an_end(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.rcpt["kim@example.org"] = "451 4.3.0 later"
    row = make_reply(ticket)
    waits: list[timedelta] = []
    for _ in WAITS:
        before = timezone.now()
        row = send(row)
        assert row.state == OutState.DEFERRED
        waits.append(row.send_after - before)

    assert all(wanted <= wait < wanted + timedelta(minutes=1) for wait, wanted in zip(waits, WAITS, strict=True))
    row = send(row)
    assert (row.state, row.reason) == (OutState.REFUSED, OutReason.GAVE_UP)
    assert "later" in words_of(row)


def test_recipients_put_off_beside_others_are_tried_alone(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.rcpt |= {"jo@example.org": "451 4.2.0 greylisted", "no@example.org": "550 5.1.1 unknown"}
    cc = [Recipient("Jo", "jo@example.org"), Recipient("", "no@example.org")]
    row = send(make_reply(ticket, cc=cc))
    assert (row.state, row.reason) == (OutState.DEFERRED, OutReason.PARTLY_LATER)
    row = send(row)
    assert row.state == OutState.DEFERRED
    del smtp_host.mood.rcpt["jo@example.org"]

    row = send(row)

    assert [mail.recipients for mail in smtp_host.received] == [("kim@example.org",), ("jo@example.org",)]
    assert smtp_host.received[0].mime == smtp_host.received[1].mime
    assert (row.state, row.reason) == (OutState.SENT, OutReason.PARTLY)
    assert "no@example.org: 5.1.1 unknown" in words_of(row)
    smtp_host.mood.rcpt.clear()
    row = send(resend(row))
    assert (row.state, row.reason) == (OutState.SENT, "")
    assert smtp_host.received[-1].recipients == ("no@example.org",)


def test_an_answer_lost_after_the_mail_is_tried_once_more_and_no_oftener(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.answers += [DROP, DROP, DROP]
    row = send(make_reply(ticket))
    assert (row.state, row.reason) == (OutState.UNCERTAIN, OutReason.LOST)
    assert due() == []

    row = send(row)

    assert (row.state, row.reason) == (OutState.UNCERTAIN, OutReason.LOST_TWICE)
    assert send(row).state == OutState.UNCERTAIN
    assert due() == []
    assert len(smtp_host.received) == 2
    assert len({mail.mime for mail in smtp_host.received}) == 1


def test_a_deferral_between_two_losses_gives_no_third_copy(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.answers += [DROP, "451 4.3.0 later", DROP]
    row = make_reply(ticket)
    for _ in range(5):
        row = send(row)

    assert (row.state, row.reason) == (OutState.UNCERTAIN, OutReason.LOST_TWICE)
    assert len(smtp_host.received) == 3  # the second was answered: that copy was not taken


def test_a_second_try_that_works_is_marked(ticket: Ticket, smtp_host: SmtpHost) -> None:
    smtp_host.mood.answers.append(DROP)
    row = send(make_reply(ticket))

    row = send(row)

    assert (row.state, row.reason) == (OutState.SENT, OutReason.SECOND_TRY)


def test_a_claim_whose_worker_died_is_free_after_a_while(ticket: Ticket, smtp_host: SmtpHost) -> None:
    row = make_reply(ticket)
    long_ago = timezone.now() - timedelta(hours=1)
    OutboundMail.objects.update(state=OutState.SENDING, claimed_at=timezone.now(), attempts=1)
    assert release_stale() == 0
    OutboundMail.objects.update(claimed_at=long_ago)

    assert release_stale() == 1

    assert send(row).state == OutState.SENT
    assert release_stale() == 0


def test_a_mail_that_kills_its_worker_again_and_again_is_given_up(ticket: Ticket) -> None:
    row = make_reply(ticket)
    long_ago = timezone.now() - timedelta(hours=1)
    OutboundMail.objects.update(state=OutState.SENDING, claimed_at=long_ago, attempts=9)

    release_stale()

    row.refresh_from_db()
    assert (row.state, row.reason) == (OutState.REFUSED, OutReason.BROKEN)


def test_a_mail_whose_file_is_gone_is_refused(ticket: Ticket, smtp_host: SmtpHost) -> None:
    row = make_reply(ticket, files=[("a.txt", b"a")])
    Attachment.objects.update(blob=uuid4())

    row = send(row)

    assert (row.state, row.reason, smtp_host.received) == (OutState.REFUSED, OutReason.SEALED, [])


def test_another_mailbox_of_the_inbox_takes_over(ticket: Ticket, smtp_host: SmtpHost) -> None:
    row = make_reply(ticket)
    remove_mailbox(ticket.inbox.mailboxes.get())
    row = send(row)
    assert (row.state, row.reason) == (OutState.REFUSED, OutReason.NO_MAILBOX)
    make_mailbox(ticket.inbox, smtp_host=smtp_host)

    assert send(resend(row)).state == OutState.SENT


def test_undo_brings_back_words_files_and_state(ticket: Ticket, smtp_host: SmtpHost) -> None:
    lea = make_agent()
    new = NewReply("Not so fast.", uuid4(), None, then=State.CLOSED)
    row = send_reply(ticket, new, by=lea)
    with_file = make_reply(ticket, "With file.", by=lea, files=[("plan.txt", b"plan")])

    cancel_send(with_file, by=lea)
    cancel_send(row, by=lea)

    ticket.refresh_from_db()
    row.refresh_from_db()
    assert (ticket.state, row.state, row.message) == (State.OPEN, OutState.CANCELLED, None)
    assert not Message.objects.filter(direction=Direction.OUTBOUND).exists()
    with purpose(Purpose.SYSTEM):
        assert Draft.objects.get().text == "Not so fast."
    (kept,) = kept_files(ticket, by=lea)
    assert kept_files(ticket, by=make_agent()) == []
    again = send_reply(ticket, NewReply("Now.", new.once, None, kept=[kept.pk]), by=lea)
    assert again.pk != row.pk
    send(again)
    assert [part.get_content() for part in _files(mails(smtp_host)[0])] == ["plan"]


@pytest.mark.parametrize("given", ["jo@straße.example", "jo@xn--strae-oqa.example"])
def test_a_domain_of_other_letters_is_that_domain_and_no_look_alike(
    ticket: Ticket, smtp_host: SmtpHost, given: str
) -> None:
    named = "jo@xn--strae-oqa.example"
    row = send(make_reply(ticket, cc=[Recipient("", given)]))

    assert row.state == OutState.SENT
    assert smtp_host.received[0].recipients == ("kim@example.org", named)
    assert mails(smtp_host)[0]["Cc"] == named


def test_a_name_of_other_letters_stands_in_the_head_as_it_is(ticket: Ticket) -> None:
    row = make_reply(ticket, cc=[Recipient("Jo", "jö@example.org")])

    with purpose(Purpose.SYSTEM):
        mime = compose(row).mime

    assert "\r\nCc: Jo <jö@example.org>\r\n".encode() in mime


def test_undo_comes_too_late_once_the_window_is_over(ticket: Ticket) -> None:
    row = make_reply(ticket)
    OutboundMail.objects.update(send_after=timezone.now())

    with pytest.raises(TooLateToUndo):
        cancel_send(row, by=make_agent())

    row.refresh_from_db()
    assert row.state == OutState.QUEUED


def test_undo_of_a_new_conversation_leaves_a_draft_and_nothing_in_the_list(ticket: Ticket) -> None:
    lea = make_agent()
    new = NewConversation(Recipient("Jo", "jo@example.org"), "Offer", "Hello Jo", uuid4())
    row = start_conversation(ticket.inbox, new, by=lea)

    gone = cancel_send(row, by=lea)

    draft = Draft.objects.get()
    with purpose(Purpose.SYSTEM):
        assert (draft.text, draft.fields["to"], draft.fields["subject"]) == (
            "Hello Jo", "Jo <jo@example.org>", "Offer",
        )  # fmt: skip
    assert gone.deleted_at is not None


def test_a_reply_address_carries_the_token_only_where_plus_is_taken(smtp_host: SmtpHost) -> None:
    ticket = make_ticket(inbox=make_inbox(takes_plus=True))
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    send(make_reply(ticket))

    reply_to = mails(smtp_host)[0]["Reply-To"]
    assert f"hilfe+r.{ticket.number}." in reply_to
    answer = make_mail("Unrelated", letter=Letter("Jo <jo@example.org>", to=str(reply_to)))
    receive(answer)
    assert Message.objects.filter(ticket=ticket, direction=Direction.INBOUND).count() == 2
