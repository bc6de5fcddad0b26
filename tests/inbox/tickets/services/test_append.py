"""Tickets are opened with their first message, and grow by the next ones."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoCaptureOnCommitCallbacks

from audit.actions import Action
from helpdesk.core.ids import new_id
from helpdesk.crypto.blind import blind
from helpdesk.crypto.errors import KeyMissing
from inbox.contacts.services.identify import address_blind
from inbox.tickets.events import MessageAdded, TicketOpened
from inbox.tickets.models import Message, Participant, Ticket
from inbox.tickets.services.append import NewAttachment, NewMessage, NewParticipant, append_message, preview_of
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.services.locking import next_number
from inbox.tickets.services.open import NewTicket, open_ticket
from inbox.tickets.services.status import set_state
from inbox.tickets.states import Direction, Part, State
from tests.inbox.tickets.plain import details, entries, hearing, open_plain
from tests.make import make_inbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("opened")]

AT = datetime(2026, 10, 5, 8, 15, tzinfo=UTC)


FIRST = NewMessage(
    Direction.INBOUND,
    "Hello\n\nIt does not print.",
    html="<p>Hello</p>",
    sanitiser_version=1,
    header_id="<a@example.org>",
    at=AT,
    doubts=("no_from",),
    remote_images=40_000,
    participants=[NewParticipant(Part.FROM, "Kim", "Kim@example.org"), NewParticipant(Part.TO, "", "x@example.net")],
    attachments=[NewAttachment(new_id(), "scan.pdf", "application/pdf", 7, "cid1", inline=True)],
)


def test_open_ticket_tells_and_records_it(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    inbox, ticket_id = make_inbox(), new_id()

    with hearing(TicketOpened, MessageAdded) as heard, django_capture_on_commit_callbacks(execute=True):
        ticket, message = open_ticket(NewTicket(ticket_id, inbox, "Printer", "Kim"), FIRST)

    assert heard == [
        TicketOpened(ticket_id, ticket.number, inbox.pk),
        MessageAdded(ticket_id, ticket.number, inbox.pk, message.pk, 1),
    ]
    (entry,) = entries(Action.TICKET_OPENED)
    assert details(entry) == {"number": ticket.number, "message": str(message.pk)}


def test_open_ticket_makes_it_whole() -> None:
    open_ticket(NewTicket(new_id(), make_inbox(), "Printer", "Kim"), FIRST)

    ticket, message = Ticket.objects.get(), Message.objects.get()
    assert (ticket.subject, ticket.sender, ticket.preview) == ("Printer", "Kim", "Hello It does not print.")
    assert (ticket.state, ticket.version, ticket.opened_at, ticket.last_activity) == (State.OPEN, 1, AT, AT)
    assert (message.text, message.html, message.sanitiser_version) == (FIRST.text, "<p>Hello</p>", 1)
    assert message.header_id == "<a@example.org>"
    assert bytes(message.header_blind or b"") == blind("header_id", "<a@example.org>")
    assert (message.remote_images, message.doubts, message.at) == (32_000, ["no_from"], AT)


def test_open_ticket_writes_participants_and_files() -> None:
    _, message = open_ticket(NewTicket(new_id(), make_inbox(), "Printer", "Kim"), FIRST)

    people = [(row.part, row.name, row.address, bytes(row.blind)) for row in Participant.objects.all()]
    assert people == [
        ("from", "Kim", "Kim@example.org", address_blind("kim@EXAMPLE.org")),
        ("to", "", "x@example.net", address_blind("x@example.net")),
    ]
    file = message.attachments.get()
    assert (file.name, file.content_type, file.size_bytes) == ("scan.pdf", "application/pdf", 7)
    assert (file.content_id, file.inline) == ("cid1", True)


def test_a_message_without_html_or_id_has_none() -> None:
    ticket = open_plain(make_inbox())

    message = Message.objects.get(ticket=ticket)

    assert (message.html, message.sanitiser_version, message.header_id, message.header_blind) == (None, 0, "", None)


def test_numbers_grow_and_are_never_given_again() -> None:
    inbox = make_inbox()
    first = open_plain(inbox).number
    with transaction.atomic():
        lost = next_number()
        transaction.set_rollback(True)

    assert lost == first + 1
    assert open_plain(inbox).number == first + 2


def test_the_same_ticket_is_not_opened_twice() -> None:
    ticket = open_plain(make_inbox())

    with pytest.raises(IntegrityError), transaction.atomic():
        open_ticket(NewTicket(ticket.pk, ticket.inbox, "Again", "Kim"), NewMessage(Direction.INBOUND, "x"))

    assert Ticket.objects.get().subject == "Printer"
    assert Message.objects.count() == 1


def test_append_grows_the_ticket(django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks) -> None:
    ticket = open_plain(make_inbox())
    at = ticket.last_activity + timedelta(hours=1)

    with hearing(MessageAdded) as heard, django_capture_on_commit_callbacks(execute=True):
        message = append_message(ticket, NewMessage(Direction.INBOUND, "Still broken.", at=at))

    ticket = Ticket.objects.get()
    assert (ticket.version, ticket.last_activity, ticket.preview) == (2, at, "Still broken.")
    assert heard == [MessageAdded(ticket.pk, ticket.number, ticket.inbox_id, message.pk, 2)]
    (entry,) = entries(Action.TICKET_APPENDED)
    assert details(entry) == {"message": str(message.pk), "direction": "inbound"}


def test_an_older_message_does_not_make_the_ticket_older() -> None:
    ticket = open_plain(make_inbox())

    append_message(ticket, NewMessage(Direction.INBOUND, "Came late.", at=AT))

    assert Ticket.objects.get().last_activity == ticket.last_activity


def test_a_note_leaves_the_preview() -> None:
    ticket = open_plain(make_inbox())

    append_message(ticket, NewMessage(Direction.NOTE, "Came late."))

    assert Ticket.objects.get().preview == "It does not print."


@pytest.mark.parametrize("state", [State.PENDING, State.CLOSED])
@pytest.mark.parametrize("reopens", [True, False])
def test_only_a_message_that_reopens_opens(state: State, *, reopens: bool) -> None:
    ticket = set_state(open_plain(make_inbox()), state)

    append_message(ticket, NewMessage(Direction.INBOUND, "Still broken."), reopens=reopens)

    ticket = Ticket.objects.get()
    assert (ticket.state, ticket.version) == (State.OPEN if reopens else state, 3)
    assert len(entries(Action.TICKET_STATE)) == (2 if reopens else 1)


def test_an_open_ticket_is_not_opened_again() -> None:
    ticket = open_plain(make_inbox())

    append_message(ticket, NewMessage(Direction.INBOUND, "Still broken."), reopens=True)

    assert entries(Action.TICKET_STATE) == []


def test_a_mail_still_finds_its_ticket_in_the_bin() -> None:
    ticket = delete_ticket(open_plain(make_inbox()))

    append_message(ticket, NewMessage(Direction.INBOUND, "Still broken."), reopens=True)

    assert Ticket.objects.get().deleted_at is not None
    assert Message.objects.count() == 2


def test_a_message_goes_nowhere_without_the_key_of_its_ticket() -> None:
    ticket = open_plain(make_inbox())
    stranger = Ticket(id=new_id(), inbox=ticket.inbox)

    with pytest.raises(KeyMissing), transaction.atomic():
        Participant.objects.create(
            message=ticket.messages.get(), ticket=stranger, part=Part.CC, name="x", address="y", blind=b"z" * 16
        )

    assert Participant.objects.count() == 0


@pytest.mark.parametrize(
    ("text", "preview"),
    [("", ""), (" a\n\n  b\tc ", "a b c"), ("x" * 500, "x" * 160), (" " * 5000 + "late", ""), ("ä\u00a0ö", "ä ö")],
)
def test_preview_is_one_short_line(text: str, preview: str) -> None:
    assert preview_of(text) == preview
