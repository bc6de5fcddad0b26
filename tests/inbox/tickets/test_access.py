"""The doors: absent and hidden are one, a right that is missing is another, and each refusal is recorded."""

from collections.abc import Callable
from uuid import UUID

import pytest
from django.db import transaction

from accounts.models import User
from audit.actions import Action, Outcome
from audit.models import Entry
from helpdesk.core.errors import NotFound
from helpdesk.core.ids import new_id
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access, Right
from inbox.tickets.access import attachment_for, message_for, ticket_for
from inbox.tickets.errors import AttachmentNotFound, MessageNotFound, RightMissing, TicketNotFound
from inbox.tickets.models import Attachment, Ticket, TicketReader
from tests.inbox.tickets.plain import attach, details, entries, open_plain, place
from tests.make import make_agent, make_inbox, make_ticket

pytestmark = pytest.mark.django_db

Door = Callable[[Access, Ticket], object]


def other_inbox() -> Inbox:
    """Return another inbox than Support."""
    return make_inbox("Billing", address="billing@desk.example.net")


def denied() -> list[Entry]:
    """Return the entries of refusals."""
    return entries(Action.ACCESS_DENIED)


def by_number(access: Access, ticket: Ticket) -> object:
    """Ask for a ticket by its number."""
    return ticket_for(access, ticket.number, need=Right.VIEW)


def by_message(access: Access, ticket: Ticket) -> object:
    """Ask for the first message of a ticket."""
    message = ticket.messages.first()
    assert message is not None
    return message_for(access, message.pk, need=Right.VIEW)


def by_attachment(access: Access, ticket: Ticket) -> object:
    """Ask for the file of a ticket."""
    return attachment_for(access, Attachment.objects.get(ticket=ticket).pk, need=Right.VIEW)


DOORS = pytest.mark.parametrize("door", [by_number, by_message, by_attachment])


def make_whole(inbox: Inbox | None = None) -> Ticket:
    """Return a ticket with a message and a file."""
    ticket = make_ticket(inbox=inbox)
    attach(ticket, b"data")
    return ticket


@DOORS
def test_a_door_opens_for_whoever_may_see(door: Door) -> None:
    ticket = make_whole()

    door(access_of(make_agent("Read-only", inbox=ticket.inbox)), ticket)

    assert denied() == []


@DOORS
@pytest.mark.parametrize("role", ["Compliance officer", "Security admin"])
def test_a_door_is_shut_without_the_right_to_view(door: Door, role: str) -> None:
    ticket = make_whole()

    with pytest.raises(NotFound):
        door(access_of(make_agent(role, inbox=ticket.inbox)), ticket)

    assert [(entry.outcome, entry.subject_id, entry.inbox_id) for entry in denied()] == [(Outcome.DENIED, None, None)]


@DOORS
def test_a_door_is_shut_in_another_inbox(door: Door) -> None:
    ticket, other = make_whole(), other_inbox()

    with pytest.raises(NotFound):
        door(access_of(make_agent("Team lead", inbox=other)), ticket)

    assert len(denied()) == 1


@DOORS
def test_a_superuser_as_such_finds_every_door_shut(door: Door) -> None:
    ticket = make_whole()
    root = User.objects.create_superuser("root@staff.example.com", None, name="Root")

    with pytest.raises(NotFound):
        door(access_of(root), ticket)


@DOORS
@pytest.mark.parametrize(
    ("role", "opens"),
    [("Read-only", False), ("Agent", False), ("Senior agent", True), ("Team lead", True), ("Inbox admin", False)],
)
def test_a_restricted_ticket_opens_for_few(door: Door, role: str, *, opens: bool) -> None:
    ticket = place(make_whole(), restricted=True)
    access = access_of(make_agent(role, inbox=ticket.inbox))

    if opens:
        door(access, ticket)
    else:
        with pytest.raises(NotFound):
            door(access, ticket)

    assert len(denied()) == (0 if opens else 1)


@DOORS
def test_a_named_reader_finds_a_restricted_ticket(door: Door) -> None:
    ticket = place(make_whole(), restricted=True)
    reader = make_agent("Agent", inbox=ticket.inbox)
    TicketReader.objects.create(ticket=ticket, user=reader)

    door(access_of(reader), ticket)

    with pytest.raises(NotFound):
        door(access_of(make_agent("Agent", inbox=ticket.inbox)), ticket)


@DOORS
def test_a_named_reader_needs_the_right_to_view_all_the_same(door: Door) -> None:
    ticket = place(make_whole(), restricted=True)
    stranger = make_agent("Agent", inbox=other_inbox())
    TicketReader.objects.create(ticket=ticket, user=stranger)

    with pytest.raises(NotFound):
        door(access_of(stranger), ticket)


@pytest.mark.parametrize(
    ("door", "error", "code"),
    [
        (lambda access: ticket_for(access, 4_000_000, need=Right.VIEW), TicketNotFound, "ticket_not_found"),
        (lambda access: ticket_for(access, 10**30, need=Right.VIEW), TicketNotFound, "ticket_not_found"),
        (lambda access: message_for(access, new_id(), need=Right.VIEW), MessageNotFound, "message_not_found"),
        (lambda access: attachment_for(access, new_id(), need=Right.VIEW), AttachmentNotFound, "attachment_not_found"),
    ],
)
def test_what_is_absent_is_refused_like_what_is_hidden(
    door: Callable[[Access], object], error: type[NotFound], code: str
) -> None:
    access = access_of(make_agent("Team lead"))

    with pytest.raises(error) as refused:
        door(access)

    assert (refused.value.code, refused.value.status) == (code, 404)
    assert [(entry.outcome, entry.subject_id) for entry in denied()] == [(Outcome.DENIED, None)]


def test_hidden_and_absent_say_the_same() -> None:
    ticket, access = open_plain(make_inbox()), access_of(make_agent("Agent", inbox=other_inbox()))

    with pytest.raises(TicketNotFound) as hidden:
        ticket_for(access, ticket.number, need=Right.VIEW)
    with pytest.raises(TicketNotFound) as absent:
        ticket_for(access, ticket.number + 1, need=Right.VIEW)

    assert str(hidden.value) == str(absent.value)
    first, second = denied()
    assert details(first) == {"need": "view", "number": ticket.number}
    assert details(second) == {"need": "view", "number": ticket.number + 1}


@pytest.mark.parametrize("kind", ["ticket", "message", "attachment"])
def test_a_right_that_is_missing_is_told_and_recorded(kind: str) -> None:
    ticket = open_plain(make_inbox())
    file = attach(ticket, b"data")
    assert file.message_id is not None
    access = access_of(make_agent("Read-only", inbox=ticket.inbox))
    doors: dict[str, Callable[[], object]] = {
        "ticket": lambda: ticket_for(access, ticket.number, need=Right.REPLY),
        "message": lambda: message_for(access, _key(file.message_id), need=Right.REPLY),
        "attachment": lambda: attachment_for(access, file.pk, need=Right.REPLY),
    }

    with pytest.raises(RightMissing) as refused:
        doors[kind]()

    assert (refused.value.code, refused.value.status, refused.value.need) == ("right_missing", 403, "reply")
    (entry,) = denied()
    assert (entry.subject_id, entry.inbox_id, entry.outcome) == (ticket.pk, ticket.inbox_id, Outcome.DENIED)
    assert details(entry) == {"need": "reply", "number": ticket.number}


def _key(pk: UUID | None) -> UUID:
    assert pk is not None
    return pk


def test_each_right_is_asked_by_its_name() -> None:
    ticket = open_plain(make_inbox())
    access = access_of(make_agent("Agent", inbox=ticket.inbox))
    held = {right for right in Right if access.can(right, ticket.inbox_id)}

    opened = set()
    for right in Right:
        try:
            ticket_for(access, ticket.number, need=right)
        except RightMissing:
            continue
        opened.add(right)

    assert opened == held == {Right.VIEW, Right.REPLY, Right.NOTE, Right.ASSIGN, Right.EDIT}


def test_an_uploaded_file_is_found_by_its_uploader_alone() -> None:
    ticket = open_plain(make_inbox())
    mine, other = (make_agent("Agent", inbox=ticket.inbox) for _ in range(2))
    file = attach(ticket, b"data")
    Attachment.objects.filter(pk=file.pk).update(message=None, uploaded_by=mine)

    assert attachment_for(access_of(mine), file.pk, need=Right.VIEW) == file
    with pytest.raises(AttachmentNotFound):
        attachment_for(access_of(other), file.pk, need=Right.VIEW)


@pytest.mark.django_db(transaction=True)
def test_a_refusal_outlives_the_rollback() -> None:
    ticket = open_plain(make_inbox())
    access = access_of(make_agent("Read-only", inbox=ticket.inbox))

    with pytest.raises(RightMissing), transaction.atomic():
        ticket_for(access, ticket.number, need=Right.DELETE)

    assert len(denied()) == 1


def test_visible_to_asks_for_the_right_and_for_view() -> None:
    inbox, other = make_inbox(), other_inbox()
    ticket, elsewhere = open_plain(inbox), open_plain(other)
    agent = access_of(make_agent("Agent", inbox=inbox))
    officer = access_of(make_agent("Compliance officer"))

    assert list(Ticket.objects.visible_to(agent)) == [ticket]
    assert list(Ticket.objects.visible_to(agent, Right.REPLY)) == [ticket]
    assert list(Ticket.objects.visible_to(agent, Right.DELETE)) == []
    assert list(Ticket.objects.visible_to(officer, Right.EXPORT)) == []
    assert elsewhere in Ticket.objects.all()
