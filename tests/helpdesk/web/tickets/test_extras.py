"""What the page of a ticket tells besides the words: appointments, signatures, encryption, a sender without address."""

import pytest

from inbox.inboxes.access import access_of
from inbox.mail.models import OutboundMail, RawMail
from inbox.tickets.models import Message
from inbox.tickets.opening.reader import show_ticket
from inbox.tickets.rows import Extras
from tests.inbox.tickets.plain import damage
from tests.make import make_agent, make_inbox, message_of, receive
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

EVENT = (
    b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:<b>Pump</b> & pipes\r\n"
    b"DTSTART:20261125T100000Z\r\nDTEND:20261125T110000Z\r\nLOCATION:Room 3\r\n"
    b"ORGANIZER;CN=Mara Lindt:mailto:mara@example.org\r\nATTENDEE;CN=Pat:mailto:pat@example.org\r\n"
    b"ATTENDEE:mailto:ann@example.org\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)


def mail(kind: bytes, body: bytes, sender: bytes = b"kim@example.org") -> bytes:
    """Return a mail of one part."""
    return b"From: " + sender + b"\r\nTo: desk@example.net\r\nSubject: s\r\nContent-Type: " + kind + b"\r\n\r\n" + body


def page_of(raw: RawMail) -> str:
    """Return the page of the ticket that a mail became."""
    ticket = message_of(raw).ticket
    return client_of(make_agent(inbox=ticket.inbox)).get(f"/t/{ticket.number}").content.decode()


def extras_of(raw: RawMail) -> Extras:
    """Return what is opened besides the words."""
    ticket = message_of(raw).ticket
    return show_ticket(access_of(make_agent(inbox=ticket.inbox)), ticket).messages[0].extras


def test_an_appointment_is_a_card_and_a_file_and_is_not_answered() -> None:
    raw = receive(mail(b"text/calendar; method=REQUEST", EVENT))

    shown = page_of(raw)

    card = shown.partition('<section class="invitation"')[2].partition("</section>")[0]
    assert "&lt;b&gt;Pump&lt;/b&gt; &amp; pipes" in card
    assert [word in card for word in ("Invitation", "Room 3", "Mara Lindt", "Pat, ann@example.org")] == [True] * 4
    assert card.count("<time") == 2
    assert "invitation-1.ics" in shown
    assert not OutboundMail.objects.exists()


def test_a_cancelled_day_is_told_by_its_days() -> None:
    days = EVENT.replace(b"DTSTART:20261125T100000Z", b"DTSTART;VALUE=DATE:20261125")
    days = days.replace(b"DTEND:20261125T110000Z", b"DTEND;VALUE=DATE:20261127").replace(b"REQUEST", b"CANCEL")

    card = page_of(receive(mail(b"text/calendar", days))).partition('<section class="invitation"')[2]

    assert "Called off" in card
    assert "25 Nov 2026 – 26 Nov 2026" in card


@pytest.mark.parametrize(
    ("moment", "zone"), [("99991231T235959Z", "Europe/Berlin"), ("00010101T000000Z", "America/New_York")]
)
def test_the_ends_of_the_calendar_break_no_page(moment: str, zone: str) -> None:
    """Some programs write them for "never"; in the reader's zone there is no such day."""
    when = moment.encode()
    date = f"Date: {moment[:4]}-{moment[4:6]}-{moment[6:8]}T{moment[9:11]}:{moment[11:13]}:00Z\r\n".encode()
    event = EVENT.replace(b"20261125T100000Z", when).replace(b"20261125T110000Z", when)
    ticket = message_of(receive(date + mail(b"text/calendar; method=REQUEST", event))).ticket
    agent = make_agent(inbox=ticket.inbox)
    agent.timezone = zone
    agent.save()

    answer = client_of(agent).get(f"/t/{ticket.number}")

    assert (answer.status_code, moment[:4] in answer.content.decode()) == (200, True)


def test_a_broken_calendar_is_a_file_alone() -> None:
    shown = page_of(receive(mail(b"text/calendar", b"Dear BEGIN:VEVENT friend")))

    assert '<section class="invitation"' not in shown
    assert "invitation-1.ics" in shown


def test_what_is_signed_or_encrypted_is_named() -> None:
    signed = mail(
        b'multipart/signed; protocol="application/pgp-signature"; boundary=B',
        b"--B\r\n\r\nwords\r\n--B\r\nContent-Type: application/pgp-signature\r\n\r\nsig\r\n--B--\r\n",
    )
    sealed = mail(b"application/pkcs7-mime; smime-type=enveloped-data; name=smime.p7m", b"MIIB")

    assert "Carries an OpenPGP signature, which nobody has checked here." in page_of(receive(signed))
    assert "The sender encrypted this mail with S/MIME." in page_of(receive(sealed))


def test_an_ordinary_mail_has_nothing_besides() -> None:
    raw = receive(mail(b"text/plain", b"words"))

    assert Message.objects.get().extras is None
    assert extras_of(raw) == Extras()
    assert "invitation" not in page_of(raw)


def test_a_sender_without_an_address_is_named() -> None:
    raw = receive(mail(b"text/plain", b"backup done", b"Backup Daemon <root>"))

    assert extras_of(raw).sender_name == "Backup Daemon"
    assert "Backup Daemon" in page_of(raw)


def test_damaged_extras_hide_no_words() -> None:
    raw = receive(mail(b"text/calendar", EVENT))
    damage(message_of(raw), "extras")

    shown = page_of(raw)

    assert '<section class="invitation"' not in shown
    assert "Pump" in shown


def test_quoted_html_is_behind_a_box_and_all_there() -> None:
    html = b'<div>New words</div><div class="gmail_quote">old words</div>'
    quoted = message_of(receive(mail(b"text/html", html)))
    plain = message_of(receive(mail(b"text/html", b"<div>New words</div>")))
    client = client_of(make_agent(inbox=make_inbox()))

    folded = client.get(f"/m/{quoted.pk}/body").content.decode()

    assert '<input type="checkbox" id="all">' in folded
    assert "old words" in folded
    assert "checkbox" not in client.get(f"/m/{plain.pk}/body").content.decode()
