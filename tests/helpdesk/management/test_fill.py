"""`fill`: many tickets like real ones, and never where people work."""

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from inbox.contacts.models import Contact
from inbox.inboxes.access import access_of
from inbox.tickets.models import Message, Participant, Ticket
from inbox.tickets.opening.lists import ListQuery, show_list
from inbox.tickets.opening.reader import show_ticket
from tests.inbox.tickets.plain import open_plain
from tests.make import make_agent, make_inbox

pytestmark = pytest.mark.django_db


def fill(count: int) -> None:
    """Run the command."""
    call_command("fill", "--tickets", str(count), stdout=StringIO(), stderr=StringIO())


def test_fill_refuses_where_people_work(settings: Settings, tmp_path: Path) -> None:
    settings.POSTERN_HOME, settings.POSTERN_KIND = tmp_path, "desk"
    open_plain(make_inbox())

    with pytest.raises(CommandError, match="people work at"):
        fill(3)

    assert Ticket.objects.count() == 1
    (tmp_path / "demo.json").write_text("{}")
    fill(3)
    assert Ticket.objects.count() == 4


def test_fill_needs_an_inbox(settings: Settings) -> None:
    settings.POSTERN_KIND = "bench"

    with pytest.raises(CommandError, match="make an inbox first"):
        fill(3)

    assert (Ticket.objects.count(), Contact.objects.count()) == (0, 0)


@pytest.mark.parametrize("kind", ["bench", "demo"])
def test_fill_writes_tickets_like_real_ones(settings: Settings, kind: str) -> None:
    settings.POSTERN_KIND = kind
    inboxes = [make_inbox("Billing", address="billing@desk.example.net"), make_inbox()]

    fill(505)
    fill(5)

    assert [Ticket.objects.filter(inbox=inbox).count() for inbox in inboxes] == [256, 254]
    assert (Message.objects.count(), Participant.objects.count(), Contact.objects.count()) == (510, 1020, 200)
    assert Ticket.objects.values("number").distinct().count() == 510
    me = access_of(make_agent("Agent"))
    page = show_list(me, ListQuery())
    assert len(page.rows) == 50
    ticket = show_ticket(me, Ticket.objects.get(number=page.rows[0].number))
    assert ticket.subject == page.rows[0].subject
    assert ticket.contact_address.endswith("@example.com")
    assert ticket.messages[0].text.startswith("Hello,")
