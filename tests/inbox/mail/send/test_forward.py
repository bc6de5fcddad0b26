"""A forward is talk of its own: its answers hang at it, go to that party alone and never reach the customer."""

from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from typing import Final
from urllib.parse import unquote
from uuid import uuid4

import pytest
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.errors import NoOtherParty, NoRecipient, NothingToForward
from inbox.mail.mime.parse import parse
from inbox.mail.models import OutboundMail
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.files import Upload, kept_files
from inbox.mail.send.forward import NewForward, PartyReply, answer_party, files_to_choose, forward
from inbox.mail.send.party import suggest_party
from inbox.mail.send.recipients import Recipient, own_addresses, suggest
from inbox.mail.send.undo import cancel_send
from inbox.mail.states import OutKind, OutState
from inbox.tickets.errors import IllegalMove
from inbox.tickets.models import Attachment, Draft, Message, Ticket
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.states import Direction, DraftKind
from tests.make import Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, message_of
from tests.make import receive as receive_mail
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db

WERK: Final = Recipient("Werk", "werk@partner.example.com")
PNG: Final = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


@pytest.fixture
def ticket(smtp_host: SmtpHost) -> Ticket:
    """A ticket of Kim's, with a file, in an inbox that takes plus addresses and sends to the test's server."""
    letter = Letter(files=[("plan.pdf", b"the plan"), ("list.csv", b"a;b")], cc="Pat Ek <pat@example.org>")
    ticket = make_ticket("Pump", inbox=make_inbox(takes_plus=True), text="It drips.\n", letter=letter)
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    return ticket


@pytest.fixture
def lea() -> User:
    """Who forwards."""
    return make_agent(email="lea.privat@example.com", name="Lea Geheim")


def send(row: OutboundMail) -> OutboundMail:
    """Try a mail now, whatever its moment."""
    OutboundMail.objects.filter(pk=row.pk).update(send_after=timezone.now())
    deliver_mail(row.pk)
    row.refresh_from_db()
    return row


def question_of(ticket: Ticket) -> Message:
    """Return the customer's first message."""
    return ticket.messages.filter(direction=Direction.INBOUND, other_party=False).order_by("at")[0]


def forwarded(ticket: Ticket, lea: User, text: str = "Can you mend it?", **more: object) -> OutboundMail:
    """Return a sent forward of the question to the works."""
    new = NewForward(to=[WERK], subject="Fwd: Pump", text=text, once=uuid4(), **more)  # type: ignore[arg-type] # the fields of NewForward
    return send(forward(question_of(ticket), new, by=lea))


def newest(smtp_host: SmtpHost) -> EmailMessage:
    """Return the last mail that arrived, read by the standard library."""
    return BytesParser(_class=EmailMessage, policy=default).parsebytes(smtp_host.received[-1].mime)


def answer_of(smtp_host: SmtpHost, text: str = "410 Euro.\n", *, sender: str = "werk@partner.example.com") -> Message:
    """Let the party answer the last mail that it got, and return what became of that."""
    mail = newest(smtp_host)
    headers = {"In-Reply-To": str(mail["Message-ID"])}
    letter = Letter(f"Werk <{sender}>", to=str(mail["Reply-To"] or mail["From"]), headers=headers)
    return message_of(receive_mail(make_mail("Re: Fwd: Pump", text, letter)))


def test_a_forward_quotes_the_head_and_takes_the_chosen_files(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    plan = files_to_choose(question_of(ticket))[0]
    extra = Upload("note.txt", "text/plain", [b"ours"])

    row = forwarded(ticket, lea, chosen=[plan.pk], files=[extra])

    assert (row.state, row.kind) == (OutState.SENT, OutKind.FORWARD)
    assert smtp_host.received[0].recipients == ("werk@partner.example.com",)
    mail = newest(smtp_host)
    assert (mail["Subject"], mail["In-Reply-To"], mail["References"]) == ("Fwd: Pump", None, None)
    read = parse(smtp_host.received[0].mime)
    above, _line, below = read.text.partition("---------- Forwarded message ----------")
    assert above.strip() == "Can you mend it?"
    assert below.startswith("\nFrom: Kim Reyes <kim@example.org>\nDate: ")
    assert "\nSubject: Pump\nTo: hilfe@desk.example.net\nCc: Pat Ek <pat@example.org>\n\nIt drips.\n" in below
    assert [(file.name, file.data) for file in read.attachments] == [("plan.pdf", b"the plan"), ("note.txt", b"ours")]


def test_a_forward_is_recorded_once_and_the_same_form_twice_is_one(ticket: Ticket, lea: User) -> None:
    new = NewForward(to=[WERK], subject="Fwd: Pump", text="", once=uuid4())

    first, second = (forward(question_of(ticket), new, by=lea) for _ in range(2))

    assert first.pk == second.pk
    assert Entry.objects.filter(action=Action.TICKET_FORWARDED).count() == 1
    assert Message.objects.filter(other_party=True).count() == 1


def test_the_partys_answer_hangs_at_the_forward_and_stays_with_the_party(
    ticket: Ticket, lea: User, smtp_host: SmtpHost
) -> None:
    row = forwarded(ticket, lea)

    answer = answer_of(smtp_host)

    assert (answer.ticket_id, answer.answers_id, answer.other_party) == (ticket.pk, row.message_id, True)
    assert not answer.unverified_sender
    ticket.refresh_from_db()
    assert ticket.contact_id == question_of(ticket).contact_id
    customer = send(make_reply(ticket, "We ask the works.", by=lea))
    assert smtp_host.received[-1].recipients == ("kim@example.org",)
    assert "410 Euro" not in parse(smtp_host.received[-1].mime).text + parse(smtp_host.received[-1].mime).html
    assert str(newest(smtp_host)["References"]).count("<") == 1
    party = send(answer_party(answer, PartyReply("Agreed.", uuid4()), by=lea))
    assert smtp_host.received[-1].recipients == ("werk@partner.example.com",)
    words = parse(smtp_host.received[-1].mime)
    assert words.text.startswith("Agreed.")
    assert "> 410 Euro." in words.text
    assert tokens.reply_mark(ticket.number, ticket.pk) not in words.text
    with purpose(Purpose.SYSTEM):
        assert words.references == (row.header_id, answer.header_id)
    assert words.in_reply_to == words.references[-1:]
    assert (customer.kind, party.kind) == (OutKind.REPLY, OutKind.PARTY)


@pytest.mark.parametrize("way", ["address", "our_id", "mark", "subject"])
def test_whatever_the_party_cites_its_answer_is_the_partys(
    ticket: Ticket, lea: User, smtp_host: SmtpHost, way: str
) -> None:
    row = forwarded(ticket, lea)
    mail = newest(smtp_host)
    assert row.message_id is not None
    letter = {
        "address": Letter("W <colleague@partner.example.com>", to=str(mail["Reply-To"])),
        "our_id": Letter("W <werk@partner.example.com>", headers={"References": str(mail["Message-ID"])}),
    }.get(way, Letter("W <werk@partner.example.com>"))
    text = f"Hm.\n\n> [{tokens.party_mark(ticket.number, row.message_id)}]\n" if way == "mark" else "Hm.\n"
    subject = f"About [#{ticket.number}]" if way == "subject" else "Another subject"

    answer = message_of(receive_mail(make_mail(subject, text, letter)))

    assert (answer.ticket_id, answer.other_party, answer.answers_id) == (ticket.pk, True, row.message_id)
    assert answer.unverified_sender == (way in {"address", "subject"})
    assert suggest(ticket).to == (Recipient("Kim Reyes", "kim@example.org"),)


def test_the_customer_stays_the_customer(ticket: Ticket, lea: User) -> None:
    """The control: an answer of Kim's after a forward is no other party's."""
    forwarded(ticket, lea)

    answer = message_of(receive_mail(make_mail(f"Re: Pump [#{ticket.number}]", "And?\n")))

    assert (answer.ticket_id, answer.other_party) == (ticket.pk, False)


def test_a_forged_party_token_opens_nothing(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    forwarded(ticket, lea)
    right = str(newest(smtp_host)["Reply-To"]).partition("<")[2].strip(">") or str(newest(smtp_host)["Reply-To"])
    forged = right.replace(
        right.rpartition("@")[0][-1] + "@", ("a" if right.rpartition("@")[0][-1] != "a" else "b") + "@"
    )
    assert forged != right

    answer = message_of(receive_mail(make_mail("Hi", letter=Letter("E <evil@example.com>", to=forged))))
    known = message_of(receive_mail(make_mail("Hi", letter=Letter("E <evil@example.com>", to=right))))

    assert answer.ticket_id != ticket.pk
    assert known.ticket_id == ticket.pk  # the control: the right token leads there


def test_no_token_of_the_customers_goes_to_the_party(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    send(make_reply(ticket, "Which one?", by=lea))
    customers = newest(smtp_host)
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    quoted = f"The red one.\n\n> Which one?\n> [{mark}]\n"
    html = f'<p>The red one.</p><p>[{mark}] <a href="mailto:{customers["Reply-To"]}">mail</a></p>'
    letter = Letter(to=str(customers["Reply-To"]), html=html)
    second = message_of(receive_mail(make_mail("Re: Pump", quoted, letter)))
    token = mark.rpartition(".")[2]

    send(forward(second, NewForward([WERK], "Fwd: Pump", "", uuid4()), by=lea))

    read = parse(smtp_host.received[-1].mime)
    assert token in parse(smtp_host.received[0].mime).text  # the control: it stands in what the customer gets
    assert token not in read.text + read.html + smtp_host.received[-1].mime.decode("ascii")
    assert "The red one." in read.text
    assert "The red one." in read.html


def test_a_picture_in_the_text_goes_along_once_by_the_name_in_the_html(lea: User, smtp_host: SmtpHost) -> None:
    ticket = message_of(receive_mail(_mail_with_picture("bild%20eins@example.org", "bild eins@example.org"))).ticket
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    assert files_to_choose(question_of(ticket)) == []

    forwarded(ticket, lea)

    mail = newest(smtp_host)
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture.get_payload(decode=True) == PNG
    html = next(part for part in mail.walk() if part.get_content_type() == "text/html").get_content()
    named = html.partition('src="cid:')[2].partition('"')[0]
    assert picture["Content-ID"] == f"<{unquote(named)}>"
    assert "tracker" not in html
    (read,) = parse(smtp_host.received[0].mime).attachments
    assert (read.inline, read.data) == (True, PNG)
    structure = [part.get_content_type() for part in mail.walk()]
    assert structure == ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]


def _mail_with_picture(named: str, content_id: str) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Kim <kim@example.org>", "hilfe@desk.example.net", "Pump"
    mail.set_content("See the picture.")
    html = f'<p>See <img src="cid:{named}" width="9"> <img src="https://tracker.example.com/1.gif"></p>'
    mail.add_alternative(html, subtype="html")
    mail.get_payload(1).add_related(PNG, "image", "png", cid=f"<{content_id}>", filename="a.png")  # type: ignore[union-attr] # a part of its own
    return mail.as_bytes()


def test_a_note_is_never_forwarded_and_a_binned_ticket_neither(ticket: Ticket, lea: User) -> None:
    new = NewForward([WERK], "Fwd", "", uuid4())
    with pytest.raises(NothingToForward):
        forward(add_note(ticket, "NOTIZ", by=lea), new, by=lea)
    question = question_of(ticket)
    with pytest.raises(NoRecipient):
        forward(question, NewForward([Recipient("", "hilfe@desk.example.net")], "Fwd", "", uuid4()), by=lea)
    with pytest.raises(NoOtherParty):
        answer_party(question, PartyReply("Hm.", uuid4()), by=lea)
    delete_ticket(ticket)
    with pytest.raises(IllegalMove):
        forward(question, new, by=lea)

    assert not OutboundMail.objects.exists()
    assert not Message.objects.filter(direction=Direction.OUTBOUND).exists()


def test_files_of_another_message_cannot_be_chosen(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    other = make_ticket("Secret", letter=Letter("Jo <jo@example.org>", files=[("secret.txt", b"s")]))
    theirs = Attachment.objects.get(message=question_of(other))

    forwarded(ticket, lea, chosen=[theirs.pk, uuid4()])

    assert parse(smtp_host.received[0].mime).attachments == ()


def test_an_answer_to_a_party_offers_no_customer(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    forwarded(ticket, lea)
    mail = newest(smtp_host)
    headers = {"In-Reply-To": str(mail["Message-ID"])}
    letter = Letter(
        "Werk <werk@partner.example.com>",
        cc="Kim <kim@example.org>, Jo <jo@partner.example.com>, hilfe@desk.example.net",
        headers=headers,
    )
    answer = message_of(receive_mail(make_mail("Re: Pump", "410 Euro", letter)))

    found = suggest_party(answer, own=own_addresses())

    assert [row.address for row in found.to] == ["werk@partner.example.com"]
    assert [row.address for row in found.cc] == ["jo@partner.example.com"]
    assert [row.address for row in found.dropped] == ["kim@example.org"]


@pytest.mark.parametrize(
    ("reply_to", "to", "elsewhere"),
    [("kim@example.org", "werk@example.org", "kim@example.org"), ("jo@example.org", "jo@example.org", "")],
)
def test_no_reply_to_leads_an_answer_to_a_party_to_the_customer(
    ticket: Ticket, lea: User, smtp_host: SmtpHost, reply_to: str, to: str, elsewhere: str
) -> None:
    """Both may have their mail at the same provider."""
    send(forward(question_of(ticket), NewForward([Recipient("", "werk@example.org")], "Fwd", "?", uuid4()), by=lea))
    headers = {"In-Reply-To": str(newest(smtp_host)["Message-ID"]), "Reply-To": reply_to}
    answer = message_of(receive_mail(make_mail("Re: Pump", "410 Euro", Letter("werk@example.org", headers=headers))))

    found = suggest_party(answer, own=own_addresses())

    assert answer.other_party
    assert ([row.address for row in found.to], found.elsewhere) == ([to], elsewhere)


def test_undo_keeps_the_words_for_the_forward_and_no_file_for_the_customer(ticket: Ticket, lea: User) -> None:
    new = NewForward([WERK], "Fwd: Pump", "Costs?", uuid4(), files=[Upload("a.txt", "text/plain", [b"a"])])
    row = forward(question_of(ticket), new, by=lea)

    cancel_send(row, by=lea)

    draft = Draft.objects.get()
    with purpose(Purpose.SYSTEM):
        assert (draft.kind, draft.text, draft.fields["to"]) == (
            DraftKind.FORWARD, "Costs?", "Werk <werk@partner.example.com>",
        )  # fmt: skip
        assert draft.fields["message"] == str(question_of(ticket).pk)
    assert kept_files(ticket, by=lea) == []
    assert Attachment.objects.count() == 2  # the customer's own


def test_nothing_of_our_people_goes_to_a_party(ticket: Ticket, lea: User, smtp_host: SmtpHost) -> None:
    add_note(ticket, "NOTIZ-5", by=lea)
    forwarded(ticket, lea)
    send(answer_party(answer_of(smtp_host), PartyReply("Yes.", uuid4()), by=lea))

    for received in smtp_host.received:
        seen = received.mime.decode("ascii") + parse(received.mime).text + parse(received.mime).html
        assert not [word for word in ("lea.privat", "Geheim", "NOTIZ-5", str(lea.pk)) if word in seen]
