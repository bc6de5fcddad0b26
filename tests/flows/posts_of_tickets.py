"""A case for each address of tickets, mail and log that takes a form: the form is sent, and its effect is read back."""

import csv
import io
import json
import os
import re
from collections.abc import Callable
from email.message import EmailMessage
from typing import Final

from tests.flows.real_desk import RealDesk, errors_in, found, option_of, wait_for
from tests.servers.reports import Told, make_report

Case = Callable[[RealDesk], None]

QUARANTINE: Final = """
from django.db import transaction
from django.utils import timezone
from inbox.inboxes.models import Inbox
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive import process
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.tasks import process_mail

def breaking(*_mail, **_more):
    raise ZeroDivisionError

process.judge = breaking
mime = b"From: Kim <kim@example.com>\\r\\nSubject: Second chance\\r\\n\\r\\nRead me again.\\r\\n"
source = Source(Inbox.objects.get(name="Support"))
with transaction.atomic():
    (raw,) = store_raw(source, [Arrival("test:Second chance", len(mime), timezone.now(), [mime])])
    for _ in range(4):
        RawMail.objects.filter(pk=raw.pk).update(next_try_at=None)
        process_mail([str(raw.pk)])
print("number", InboundMail.objects.get(raw=raw).message.ticket.number)
"""
"""Leaves a mail that broke its reader three times, before the desk's own processes, which can read it, hear of it."""


def _state(real: RealDesk) -> None:
    number = real.ticket()

    answer = real.person().form(f"/t/{number}/state", {"state": "pending", "version": real.version(number)})

    assert (answer.status, answer.headers["location"]) == (302, f"/t/{number}")
    assert real.state(number) == "pending"


def _assign(real: RealDesk) -> None:
    number = real.ticket()
    someone = found(r'name="to" value="([0-9a-f-]{36})"', real.ticket_page(number))

    answer = real.person().form(f"/t/{number}/assign", {"to": someone, "version": real.version(number)})

    assert answer.status == 302
    assert f'name="to" value="{someone}" aria-current="true"' in real.ticket_page(number)


def _delete(real: RealDesk) -> None:
    number = real.ticket()

    answer = real.person().form(f"/t/{number}/delete", {"version": real.version(number)})

    assert (answer.status, answer.headers["location"]) == (302, "/")
    assert "This ticket is in the bin." in real.ticket_page(number)


def _restore(real: RealDesk) -> None:
    number = real.ticket()
    real.person().form(f"/t/{number}/delete", {"version": real.version(number)})

    answer = real.person().form(f"/t/{number}/restore", {"version": real.version(number)})

    assert answer.status == 302
    assert "This ticket is in the bin." not in real.ticket_page(number)


def _reply(real: RealDesk) -> None:
    number, word = real.ticket(), "Haubentaucher-31"
    files = [("Übersicht 1.bin", bytes(range(256)) * 500), ("empty.txt", b""), ("big.bin", os.urandom(1_500_000))]

    fields = {"text": f"{word}: it leaves today.", "version": real.version(number), "after": "closed"}
    answer = real.person().form(f"/t/{number}/reply", fields, files)

    assert (answer.status, answer.headers["location"]) == (302, f"/t/{number}")
    page = real.ticket_page(number)
    assert word in page
    assert real.state(number) == "closed"
    assert _downloads(real, page)[-3:] == files
    assert _files_of(wait_for(lambda: real.sent(word))) == files
    wait_for(lambda: "mail.sent" in real.acts(number))


def _downloads(real: RealDesk, page: str) -> list[tuple[str, bytes]]:
    links = re.findall(r'href="(/files/[^"]+)" download>.*?<bdi>([^<]*)</bdi>', page)
    return [(name, real.person().get(path).body) for path, name in links]


def _files_of(mail: EmailMessage) -> list[tuple[str, bytes]]:
    parts = [(part.get_filename(), part.get_payload(decode=True)) for part in mail.iter_attachments()]
    return [(name or "", data) for name, data in parts if isinstance(data, bytes)]


def _note(real: RealDesk) -> None:
    number = real.ticket()

    answer = real.person().form(f"/t/{number}/note", {"text": "Eisvogel <b>&amp;</b> 32"})

    assert answer.status == 302
    assert "Eisvogel &lt;b&gt;&amp;amp;&lt;/b&gt; 32" in real.ticket_page(number)


def _draft(real: RealDesk) -> None:
    number = real.ticket()
    fields = {"text": "Half a sent", "kind": "reply", "version": real.version(number)}

    assert real.person().form(f"/t/{number}/draft", fields).status == 204
    assert ">Half a sent</textarea>" in real.ticket_page(number)
    assert real.person().form(f"/t/{number}/draft", fields | {"text": ""}).status == 204
    assert "Half a sent" not in real.ticket_page(number)


def _new(real: RealDesk) -> None:
    inbox = found(r'<option value="([0-9a-f-]{36})"', real.person().page("/new"))
    fields = {"inbox": inbox, "to": "Pat <pat@example.com>", "cc": "", "subject": "Zaunkönig 33", "text": "Hello Pat."}

    answer = real.person().form("/new", fields)

    assert answer.status == 302, errors_in(answer)
    assert "Zaunkönig 33" in real.person().page(answer.headers["location"])
    assert "pat@example.com" in wait_for(lambda: real.sent("Zaunkönig 33"))["To"]


def _undo(real: RealDesk) -> None:
    number = real.ticket()
    fields = {"text": "Kolibri, sent too soon", "version": real.version(number)}
    sent = real.person().form(f"/t/{number}/reply", fields, Accept="application/json")

    answer = real.person().form(json.loads(sent.body)["undo"]["url"], {})

    assert answer.status == 302
    assert ">Kolibri, sent too soon</textarea>" in real.ticket_page(number)
    assert real.acts(number)[-1] == "mail.cancelled"
    assert real.sent("Kolibri") is None


def written_to(real: RealDesk, address: str, subject: str) -> int:
    """Write a new mail from Support and return the number of its ticket."""
    inbox = option_of(real.person().page("/new"), "inbox", "Support")
    fields = {"inbox": inbox, "to": address, "subject": subject, "text": "Hello."}
    answer = real.person().form("/new", fields)
    assert answer.status == 302, errors_in(answer)
    return int(answer.headers["location"].rpartition("/")[2])


def refused(real: RealDesk, subject: str) -> tuple[int, str]:
    """Let a new mail be refused and return its ticket's number and its own id."""
    number = written_to(real, "refuse.me@example.com", subject)
    wait_for(lambda: "There is no such person here" in real.ticket_page(number))
    return number, found(r'action="/outbox/([0-9a-f-]{36})/resend"', real.ticket_page(number))


def _resend(real: RealDesk) -> None:
    number, mail = refused(real, "Wendehals 34")

    assert real.person().form(f"/outbox/{mail}/resend", {}).status == 302

    assert "mail.resent" in real.acts(number)
    wait_for(lambda: real.acts(number).count("mail.refused") == 2)


def unread(real: RealDesk, subject: str) -> int:
    """Leave a mail that could not be read in Support and return the number of the ticket that stands for it."""
    said = real.desk.manage("shell", "--verbosity", "0", "-c", QUARANTINE.replace("Second chance", subject)).stdout
    number = int(found(r"number (\d+)", said))
    assert "This mail could not be read." in real.ticket_page(number)
    return number


def _retry(real: RealDesk) -> None:
    number = unread(real, "Second chance")

    answer = real.person().form(f"/t/{number}/retry", {})

    assert answer.status == 302
    wait_for(lambda: "Second chance" in real.person().page("/?folder=open"))
    assert real.acts(number)[-1] == "mail.retried"
    assert "This ticket is in the bin." in real.ticket_page(number)


def _out(real: RealDesk) -> None:
    number = real.ticket()
    message = found(r'id="m-([0-9a-f-]{36})"', real.ticket_page(number))

    answer = real.person().form("/out", {"m": message, "u": "https://example.org/x?y=1"})

    assert (answer.status, answer.headers["location"]) == (302, "https://example.org/x?y=1")
    assert real.acts(number)[-1] == "link.opened"


def _export(real: RealDesk) -> None:
    officer = real.person("Compliance officer")

    answer = officer.form("/audit/export", {"format": "csv"})

    rows = list(csv.reader(io.StringIO(answer.body.decode())))
    assert answer.status == 200
    assert len(rows) == 1 + int(answer.headers["postern-export-count"])
    assert "audit.export" in {word for row in list(csv.reader(io.StringIO(_again(real)))) for word in row}


def _again(real: RealDesk) -> str:
    return real.person("Compliance officer").form("/audit/export", {"format": "csv"}).body.decode()


def _forward(real: RealDesk) -> None:
    number = real.ticket()

    _forwarded(real, number, "Steinkauz 36")

    sent = wait_for(lambda: real.sent("Steinkauz 36"))
    assert (sent["To"], sent["Cc"]) == ("works@example.com", None)
    assert "ticket.forwarded" in real.acts(number)


def _forwarded(real: RealDesk, number: int, subject: str) -> str:
    """Forward the newest message of a ticket to the works and return the id of the message that says so."""
    fields = {"to": "works@example.com", "subject": subject, "text": "Please look at this."}
    answer = real.person().form(f"/t/{number}/forward", fields)
    assert answer.status == 302, errors_in(answer)
    return found(rf"^/t/{number}#m-([0-9a-f-]{{36}})$", answer.headers["location"])


def _party(real: RealDesk) -> None:
    number = real.ticket()
    message = _forwarded(real, number, "Waldkauz 37")

    answer = real.person().form(f"/t/{number}/party/{message}", {"text": "Sperlingskauz 38: any news?"})

    assert answer.status == 302, errors_in(answer)
    sent = wait_for(lambda: real.sent("Sperlingskauz 38"))
    assert (sent["To"], sent["Subject"]) == ("works@example.com", "Re: Waldkauz 37")
    assert "ticket.party" in real.acts(number)


def _elsewhere(real: RealDesk) -> None:
    number = written_to(real, "moved.away@example.com", "Wiedehopf 39")
    sent = wait_for(lambda: real.sent("Wiedehopf 39"))
    real.deliver(make_report(sent["Message-ID"], Told("moved.away@example.com")))
    wait_for(lambda: 'action="/elsewhere/' in real.ticket_page(number))
    path = found(r'action="(/elsewhere/[0-9a-f-]{36})"', real.ticket_page(number))

    answer = real.person().form(path, {"to": "right.one@example.com"})

    assert (answer.status, answer.headers["location"]) == (302, f"/t/{number}")
    assert "mail.readdressed" in real.acts(number)
    wait_for(lambda: real.acts(number).count("mail.sent") == 2)
    assert "right.one@example.com" in real.ticket_page(number)


CASES: Final[dict[str, Case]] = {
    "tickets:forward": _forward,
    "tickets:party": _party,
    "tickets:elsewhere": _elsewhere,
    "tickets:state": _state,
    "tickets:assign": _assign,
    "tickets:delete": _delete,
    "tickets:restore": _restore,
    "tickets:reply": _reply,
    "tickets:note": _note,
    "tickets:draft": _draft,
    "tickets:new": _new,
    "tickets:undo": _undo,
    "mail:resend": _resend,
    "mail:retry": _retry,
    "mail:out": _out,
    "audit:export": _export,
}
