"""Reports that cite no mail of ours: shown to whoever administers the inbox, and recorded."""

import pytest
from django.core.mail.message import EmailMessage

from audit.actions import Action
from inbox.inboxes.models import Inbox
from inbox.mail.models import Bounce, OutboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.send.system import OutboxBackend
from inbox.mail.states import RawState
from inbox.tickets.models import Ticket
from tests.inbox.mail.reports import our_id
from tests.inbox.tickets.plain import details, entries
from tests.make import make_agent, make_inbox, make_mailbox, message_of, receive
from tests.servers.reports import Told, make_report
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db
ADDRESS = "/mail/reports"


def stray(inbox: Inbox, recipient: str = "nobody@example.com") -> Bounce:
    """Return a report on a mail that no desk of ours wrote."""
    receive(make_report("<never@example.net>", Told(recipient, words="550 no such user")), inbox=inbox)
    return Bounce.objects.order_by("-at", "-pk").first() or Bounce()


def test_a_stray_report_is_shown_and_its_opening_recorded() -> None:
    inbox = make_inbox()
    bounce = stray(inbox)

    page = client_of(make_agent("Inbox admin", inbox=inbox)).get(ADDRESS).content.decode()

    assert "nobody@example.com" in page
    assert "550 no such user" in page
    found = entries(Action.MAIL_BOUNCES)
    assert [(entry.subject_id, details(entry)["bounces"]) for entry in found] == [(inbox.pk, [str(bounce.pk)])]


def test_other_inboxes_stay_out_of_sight() -> None:
    stray(make_inbox())
    client = client_of(make_agent("Inbox admin", inbox=make_inbox("Billing", address="billing@desk.example.net")))

    page = client.get(ADDRESS).content.decode()

    assert "nobody@example.com" not in page
    assert "No stray report" in page
    assert entries(Action.MAIL_BOUNCES) == []


def test_the_same_report_again_only_counts() -> None:
    inbox = make_inbox()
    for _turn in range(3):
        stray(inbox)

    page = client_of(make_agent("Team lead", inbox=inbox)).get(ADDRESS).content.decode()

    assert (page.count('<tr id="r-'), "×3" in page) == (1, True)


def test_a_report_is_taken_for_a_mail_after_all() -> None:
    inbox = make_inbox()
    bounce = stray(inbox)
    client = client_of(make_agent("Inbox admin", inbox=inbox))
    assert "It is a mail" in client.get(ADDRESS).content.decode()

    answer = client.post(f"{ADDRESS}/{bounce.pk}/take")

    assert (answer.status_code, answer.headers["Location"]) == (302, ADDRESS)
    raw = RawMail.objects.get()
    assert raw.state == RawState.STORED
    process_raw(raw.pk)
    message = message_of(raw)
    assert (message.machine, message.ticket.inbox) == (True, inbox)
    assert Bounce.objects.count() == 0
    assert len(entries(Action.MAIL_RETRIED)) == 1
    assert client.post(f"{ADDRESS}/{bounce.pk}/take").status_code == 404


def test_whoever_only_works_in_an_inbox_takes_no_report() -> None:
    inbox = make_inbox()
    bounce = stray(inbox)

    assert client_of(make_agent(inbox=inbox)).post(f"{ADDRESS}/{bounce.pk}/take").status_code == 404

    assert (Ticket.objects.count(), Bounce.objects.count()) == (0, 1)


def test_a_report_whose_bytes_are_gone_is_no_mail() -> None:
    inbox = make_inbox()
    bounce = stray(inbox)
    RawMail.objects.update(blob=None)

    answer = client_of(make_agent("Inbox admin", inbox=inbox)).post(f"{ADDRESS}/{bounce.pk}/take")

    assert (answer.status_code, Bounce.objects.count()) == (409, 1)


def test_reports_on_mail_of_the_desk_itself_stand_here_and_are_no_mail() -> None:
    inbox = make_inbox()
    make_mailbox(inbox, sends_system_mail=True)
    OutboxBackend().send_messages([EmailMessage("New message", "Look.", to=["lea@desk.example.net"])])
    notice = OutboundMail.objects.get()
    receive(make_report(our_id(notice), Told("lea@desk.example.net", status="5.2.2")), inbox=inbox)

    page = client_of(make_agent("Inbox admin", inbox=inbox)).get(ADDRESS).content.decode()

    assert "lea@desk.example.net" in page
    assert "a mail of the desk itself" in page
    assert "It is a mail" not in page
    bounce = Bounce.objects.get()
    assert client_of(make_agent("Inbox admin", inbox=inbox)).post(f"{ADDRESS}/{bounce.pk}/take").status_code == 404
