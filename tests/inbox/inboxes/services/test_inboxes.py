"""Inboxes are made whole: with their addresses, and reached at once by whoever reaches all."""

import pytest

from audit.actions import Action
from audit.models import Entry
from inbox.inboxes.access import access_of
from inbox.inboxes.errors import AddressTaken
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.inboxes.permissions import Right
from inbox.inboxes.services.inboxes import add_address, create_inbox, join_bindings
from tests.make import make_agent

pytestmark = pytest.mark.django_db


def test_the_first_address_is_the_one_to_send_from() -> None:
    inbox = create_inbox("Support", addresses=("Help@Desk.example.net", "info@desk.example.net"), signature="Bye")

    rows = list(inbox.addresses.values_list("address", "sends", "takes_plus"))
    assert rows == [("help@desk.example.net", True, False), ("info@desk.example.net", False, False)]
    assert (inbox.signature, inbox.language) == ("Bye", "en")


def test_an_address_belongs_to_one_inbox_whatever_its_case() -> None:
    first = create_inbox("Support", addresses=("help@desk.example.net",))

    with pytest.raises(AddressTaken):
        create_inbox("Billing", addresses=("billing@desk.example.net", "HELP@desk.example.net"))
    with pytest.raises(AddressTaken):
        add_address(first, "help@desk.example.net")

    assert list(Inbox.objects.all()) == [first]
    assert InboxAddress.objects.count() == 1
    assert add_address(first, "sales@desk.example.net", takes_plus=True).takes_plus


def test_a_new_inbox_is_recorded() -> None:
    inbox = create_inbox("Support", addresses=("help@desk.example.net",))

    entries = Entry.found.filter(inbox_id=inbox.pk).order_by("seq")
    assert [(entry.action, entry.subject_kind) for entry in entries] == [
        (Action.ROW_CREATED, "inbox"),
        (Action.ROW_CREATED, "row"),
    ]


def test_to_join_twice_is_as_once() -> None:
    create_inbox("Support")
    agent = make_agent("Read-only")
    before = access_of(agent)

    join_bindings()
    join_bindings()

    assert access_of(agent) == before
    assert len(before.inboxes(Right.VIEW)) == 1
