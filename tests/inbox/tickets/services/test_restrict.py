"""Who sees a restricted ticket, and that naming readers is recorded."""

import pytest

from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Right
from inbox.tickets.access import ticket_for
from inbox.tickets.errors import ReaderDenied, TicketMoved, TicketNotFound
from inbox.tickets.models import Ticket, TicketReader
from inbox.tickets.services.restrict import add_reader, remove_reader, set_restricted
from tests.make import make_agent, make_inbox, make_ticket

pytestmark = pytest.mark.django_db


def _actions(ticket: Ticket) -> list[str]:
    rows = Entry.objects.filter(subject_id=ticket.pk, action__in=["ticket.restricted", "ticket.reader"])
    return sorted(rows.values_list("action", flat=True))


def test_restricted_ticket_is_absent_for_an_agent_and_there_for_a_senior() -> None:
    inbox = make_inbox()
    agent, senior = make_agent(inbox=inbox), make_agent("Senior agent", inbox=inbox)
    ticket = make_ticket(inbox=inbox)
    assert ticket_for(access_of(agent), ticket.number, need=Right.VIEW) == ticket

    restricted = set_restricted(ticket, restricted=True)

    with pytest.raises(TicketNotFound):
        ticket_for(access_of(agent), ticket.number, need=Right.VIEW)
    assert ticket_for(access_of(senior), ticket.number, need=Right.VIEW) == ticket
    assert not Ticket.objects.visible_to(access_of(agent)).exists()
    assert restricted.version == ticket.version + 1
    assert _actions(ticket) == ["ticket.restricted"]


def test_named_reader_sees_it_until_taken_away() -> None:
    inbox = make_inbox()
    agent, senior = make_agent(inbox=inbox), make_agent("Senior agent", inbox=inbox)
    ticket = set_restricted(make_ticket(inbox=inbox), restricted=True)

    add_reader(ticket, agent, by=senior, reason="knows the customer")
    add_reader(ticket, agent, by=senior, reason="twice is as once")

    assert ticket_for(access_of(agent), ticket.number, need=Right.REPLY) == ticket
    assert TicketReader.objects.filter(ticket=ticket).count() == 1
    remove_reader(ticket, agent)
    remove_reader(ticket, agent)
    with pytest.raises(TicketNotFound):
        ticket_for(access_of(agent), ticket.number, need=Right.VIEW)
    assert _actions(ticket) == ["ticket.reader", "ticket.reader", "ticket.restricted"]


def test_opening_it_again_forgets_its_readers() -> None:
    inbox = make_inbox()
    agent, senior = make_agent(inbox=inbox), make_agent("Senior agent", inbox=inbox)
    ticket = set_restricted(make_ticket(inbox=inbox), restricted=True)
    add_reader(ticket, agent, by=senior, reason="")

    opened = set_restricted(ticket, restricted=False)
    again = set_restricted(opened, restricted=False)

    assert (opened.restricted, again.version) == (False, opened.version)
    assert not TicketReader.objects.exists()


def test_reader_must_be_able_to_read_the_inbox() -> None:
    inbox, other = make_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    stranger, senior = make_agent(inbox=other), make_agent("Senior agent", inbox=inbox)
    ticket = set_restricted(make_ticket(inbox=inbox), restricted=True)

    with pytest.raises(ReaderDenied):
        add_reader(ticket, stranger, by=senior, reason="")

    assert not TicketReader.objects.exists()


def test_open_ticket_takes_no_reader() -> None:
    inbox = make_inbox()
    agent, senior = make_agent(inbox=inbox), make_agent("Senior agent", inbox=inbox)
    ticket = make_ticket(inbox=inbox)

    with pytest.raises(ReaderDenied):
        add_reader(ticket, agent, by=senior, reason="")

    assert not TicketReader.objects.exists()


def test_ticket_that_moved_on_is_not_restricted() -> None:
    ticket = make_ticket()

    with pytest.raises(TicketMoved):
        set_restricted(ticket, restricted=True, seen=ticket.version + 1)

    ticket.refresh_from_db()
    assert not ticket.restricted
