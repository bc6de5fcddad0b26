"""The same mails through a mail server and as files: every one ends somewhere, and both ways make the same tickets."""

from collections import Counter
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from inbox.inboxes.models import Inbox
from inbox.mail.models import Bounce, InboundMail, RawMail
from inbox.mail.states import RawState
from inbox.tickets.models import Ticket
from tests.make import Letter, make_inbox, make_mail, make_mailbox
from tests.servers.dovecot import MailHost

pytestmark = [pytest.mark.django_db, pytest.mark.dovecot]

FOLDED = b"From: kim@example.org\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n =?utf-8?q?_aus_Kiel?=\r\n\r\nMoin.\r\n"
BARE_LF = b"From: kim@example.org\nSubject: Bare line ends\nMessage-ID: <lf@example.org>\n\nOne.\nTwo.\n"
NO_HEADERS = b"just a text without any header\r\n"
NOTHING = b"\r\n"
EIGHT_BIT = (
    b"From: \xe4\xf6 <kim@example.org>\r\nSubject: \xfcber\r\nMessage-ID: <raw@example.org>\r\n\r\n\xe4\xf6\xfc\xdf\r\n"
)
REPORT = (
    b"Return-Path: <>\r\nFrom: MAILER-DAEMON@mx.example.com\r\nTo: hilfe@desk.example.net\r\n"
    b"Subject: Undelivered\r\nMessage-ID: <report@mx.example.com>\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/report; report-type=delivery-status; boundary="x"\r\n\r\n'
    b"--x\r\nContent-Type: text/plain\r\n\r\nNo such person.\r\n"
    b"--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.com\r\n\r\n"
    b"Final-Recipient: rfc822; gone@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--x--\r\n"
)


def mails() -> list[bytes]:
    """Return mails of many kinds, an answer and a copy among them."""
    question = make_mail("Question", letter=Letter(header_id="<question@example.org>"))
    cites = {"In-Reply-To": "<question@example.org>"}
    answer = make_mail("Re: Question", "More of it.\n", Letter(headers=cites))
    holiday = make_mail("Out of office", letter=Letter(headers={"Auto-Submitted": "auto-replied"}))
    with_file = make_mail("File", letter=Letter(files=[("list.csv", b"a;b\r\n" * 50)]))
    html = make_mail("HTML", letter=Letter(html="<p>Hello <b>you</b></p>"))
    odd = [FOLDED, BARE_LF, NO_HEADERS, NOTHING, EIGHT_BIT, REPORT]
    copy = b"Received: from relay by mx; Mon, 5 Oct 2026 08:15:02 +0000\r\n" + question
    return [question, answer, holiday, with_file, html, *odd, copy]


def held(inbox: Inbox) -> Counter[tuple[tuple[str, str, str], ...]]:
    """Return the tickets of an inbox, each by what its messages say."""
    tickets = Ticket.objects.filter(inbox=inbox)
    return Counter(
        tuple(sorted((row.header_id, row.subject, row.text) for row in ticket.messages.all())) for ticket in tickets
    )


def ended(inbox: Inbox) -> Counter[str]:
    """Return how the mails of an inbox ended."""
    rows = RawMail.objects.filter(inbox=inbox)
    return Counter(_end(row) for row in rows)


def _end(raw: RawMail) -> str:
    if raw.state in (RawState.DUPLICATE, RawState.QUARANTINED):
        return f"{raw.state}: {raw.reason}"
    if InboundMail.objects.filter(raw=raw, message__isnull=False).exists():
        return "message"
    return "bounce" if Bounce.objects.filter(raw=raw).exists() else "nowhere"


@pytest.mark.usefixtures("opened")
def test_both_ways_make_the_same_tickets_and_no_mail_ends_nowhere(mail_host: MailHost, tmp_path: Path) -> None:
    filed, fetched = make_inbox("Filed", address="filed@desk.example.net"), make_inbox("Fetched")
    make_mailbox(fetched, mail_host)
    with mail_host.client() as client:
        for number, mime in enumerate(mails()):
            (tmp_path / f"{number:02}.eml").write_bytes(mime)
            client.append("INBOX", mime, (), datetime.now(UTC))

    call_command("import_mail", str(tmp_path), inbox="Filed", stdout=StringIO(), stderr=StringIO())
    call_command("fetch_mail", stderr=StringIO())

    assert held(filed) == held(fetched)
    assert ended(filed) == ended(fetched) == {"message": 10, "bounce": 1, "duplicate: same_mail": 1}
    assert sum(held(filed).values()) == 9
