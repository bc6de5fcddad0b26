"""Reports that cite no mail of ours: shown to whoever administers the inbox, and recorded."""

import pytest

from audit.actions import Action
from inbox.inboxes.models import Inbox
from inbox.mail.models import Bounce
from tests.inbox.tickets.plain import details, entries
from tests.make import make_agent, make_inbox, receive
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
