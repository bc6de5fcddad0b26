"""What became of a mail stands in the timeline of its ticket."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.opening import timeline
from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import OutboundMail, RawMail
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.undo import resend
from inbox.mail.services.quarantine import retry
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Ticket
from tests.make import make_inbox, make_mail, make_mailbox, make_reply, make_ticket
from tests.servers.smtp import DROP, SmtpHost

pytestmark = pytest.mark.django_db


def mail_acts(ticket: Ticket) -> list[str]:
    """Return what the ticket's timeline says about mails, oldest first."""
    with purpose(Purpose.SYSTEM):
        rows = timeline(ticket.pk, inbox_ids=None).rows
    return [row.action for row in reversed(rows) if row.action.startswith("mail.")]


def deliver_now(mail: OutboundMail) -> None:
    """Let the mail's moment come."""
    OutboundMail.objects.filter(pk=mail.pk).update(send_after=timezone.now() - timedelta(seconds=1))
    deliver_mail(mail.pk)


def test_a_refused_and_resent_reply_stands_there(smtp_host: SmtpHost) -> None:
    ticket, other = make_ticket(), make_ticket("Other", sender="pat@example.net")
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    mail = make_reply(ticket)

    smtp_host.mood.answers = [DROP]
    deliver_now(mail)
    smtp_host.mood.rcpt = {"kim@example.org": "550 5.1.1 nobody here"}
    deliver_now(mail)
    resend(mail)
    smtp_host.mood.rcpt = {}
    deliver_now(mail)

    assert mail_acts(ticket) == ["mail.uncertain", "mail.refused", "mail.resent", "mail.sent"]
    assert mail_acts(other) == []


def test_a_quarantined_and_retried_mail_stands_there(monkeypatch: pytest.MonkeyPatch) -> None:
    mime = make_mail()
    raw = store_raw(Source(make_inbox()), [Arrival("test:bad", len(mime), timezone.now(), [mime])])[0]
    with monkeypatch.context() as broken:
        broken.setattr("inbox.mail.receive.process.judge", _breaking)
        for _ in range(4):
            RawMail.objects.update(next_try_at=None)
            process_mail([str(raw.pk)])
    ticket = Ticket.objects.get(unreadable=True)

    retry(ticket, raw)

    assert mail_acts(ticket) == ["mail.quarantined", "mail.retried"]


def _breaking(*_mail: object, **_more: object) -> None:
    raise ZeroDivisionError
