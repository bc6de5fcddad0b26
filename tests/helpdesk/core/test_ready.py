"""Questions that are built once give what the ORM gives."""

import pytest
from django.db import connection
from django.db.models import F, Value
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import AnyOf, Ready, Slot
from inbox.tickets.models import Message, Ticket
from tests.make import make_inbox, make_ticket
from tests.signed_in import make_person

pytestmark = pytest.mark.django_db


def test_instances_are_those_of_the_query() -> None:
    one, other = make_person(), make_person("ida@example.org")
    ready = Ready(lambda: User.objects.filter(pk=Slot("pk")))

    assert ready.rows(pk=one.pk) == [one]
    assert ready.rows(pk=other.pk)[0].email == other.email
    assert ready.first(pk=make_inbox().pk) is None


def test_a_joined_row_is_filled_and_sealed_columns_open() -> None:
    ticket = make_ticket("Leaking roof")
    ready = Ready(lambda: Ticket.objects.select_related("inbox").filter(number=Slot("number")))
    ready.first(number=0)

    with CaptureQueriesContext(connection) as asked:
        found = ready.first(number=ticket.number)
        assert found is not None
        assert found.inbox.pk == ticket.inbox_id
    assert len(asked) == 1
    with purpose(Purpose.SYSTEM):
        assert found.subject == "Leaking roof"


def test_lists_of_any_length_share_one_statement() -> None:
    tickets = [make_ticket() for _ in range(3)]
    ready = Ready(lambda: Ticket.objects.filter(AnyOf(F("pk"), Slot("ids"))).order_by("number"))

    with CaptureQueriesContext(connection) as asked:
        assert ready.rows(ids=[]) == []
        assert ready.rows(ids=[ticket.pk for ticket in tickets]) == tickets
        assert ready.rows(ids=[tickets[1].pk]) == [tickets[1]]
    assert len(asked) == 3


def test_chosen_columns_slices_and_annotations_are_kept() -> None:
    ticket = make_ticket()
    ready = Ready(
        lambda: (
            Message.objects.filter(ticket=Slot("ticket")).only("ticket_id").annotate(nine=Value(9)).order_by("at")[:1]
        )
    )

    (message,) = ready.rows(ticket=ticket.pk)

    assert vars(message)["nine"] == 9
    assert "text" in message.get_deferred_fields()
    assert "ticket_id" not in message.get_deferred_fields()


def test_a_missing_value_is_an_error_and_not_another_question() -> None:
    ready = Ready(lambda: User.objects.filter(pk=Slot("pk")))

    with pytest.raises(KeyError):
        ready.rows()
