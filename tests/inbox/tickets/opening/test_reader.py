"""A ticket is opened whole, in a fixed number of queries, with one entry; damage hides nothing else."""

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.actions import Action, Outcome
from helpdesk.core.html import SANITISER_VERSION
from inbox.contacts.models import ContactAddress
from inbox.inboxes.access import access_of
from inbox.tickets.models import Attachment, Message, Participant, Ticket, TicketSeen
from inbox.tickets.opening.people import UNREADABLE
from inbox.tickets.opening.reader import MESSAGES_SHOWN, Newest, show_html, show_newest, show_ticket
from inbox.tickets.rows import ParticipantView, Person
from inbox.tickets.services.append import NewMessage, append_message
from inbox.tickets.services.note import add_note
from inbox.tickets.states import Direction, Part, Protection
from tests.inbox.tickets.plain import append_plain, attach, damage, details, entries, open_plain, place
from tests.make import Letter, make_agent, make_inbox, make_ticket

pytestmark = pytest.mark.django_db


def fill(ticket: Ticket, count: int) -> None:
    """Add that many messages to a ticket, a minute apart."""
    start = ticket.last_activity
    for number in range(count):
        append_plain(ticket, f"Message {number}", at=start + timedelta(minutes=number + 1))


def test_a_ticket_is_shown_whole() -> None:
    inbox = make_inbox()
    me = make_agent("Agent", inbox=inbox, name="Lea Berg")
    ticket = make_ticket(inbox=inbox, letter=Letter(cc="Ann <ann@example.org>", files=[("scan.pdf", b"data")]))
    add_note(place(ticket, assignee=me), "Called them.", by=me)

    view = show_ticket(access_of(me), Ticket.objects.get())

    assert (view.subject, view.contact_name, view.contact_address) == ("Printer", "Kim Reyes", "kim@example.org")
    assert (view.assignee, view.version, view.inbox_name, view.earlier) == (
        Person(me.pk, "Lea Berg", "LB"),
        2,
        "Support",
        0,
    )
    mail, note = view.messages
    assert (mail.direction, mail.sender_name, mail.sender_address) == ("inbound", "Kim Reyes", "kim@example.org")
    assert (mail.text.strip(), mail.author, mail.unreadable) == ("It does not print.", None, False)
    assert ParticipantView(Part.CC, "Ann", "ann@example.org") in mail.participants
    (file,) = mail.attachments
    assert (file.name, file.size_bytes, file.inline) == ("scan.pdf", 4, False)
    assert (note.direction, note.text, note.author) == ("note", "Called them.", Person(me.pk, "Lea Berg", "LB"))


def test_one_entry_is_written_for_a_view() -> None:
    ticket = open_plain(make_inbox())
    fill(ticket, 3)
    me = make_agent("Agent", inbox=ticket.inbox)

    show_ticket(access_of(me), Ticket.objects.get())

    (entry,) = entries(Action.TICKET_VIEW, Action.TICKET_PRINT)
    assert (entry.action, entry.subject_id, entry.inbox_id) == (Action.TICKET_VIEW, ticket.pk, ticket.inbox_id)
    assert details(entry) == {"number": ticket.number}


def test_a_print_is_recorded_as_one() -> None:
    ticket = open_plain(make_inbox())

    show_ticket(access_of(make_agent("Agent")), ticket, everything=True, action=Action.TICKET_PRINT)

    assert [entry.action for entry in entries(Action.TICKET_VIEW, Action.TICKET_PRINT)] == [Action.TICKET_PRINT]


def test_a_view_counts_as_seen_by_that_person_alone() -> None:
    ticket = open_plain(make_inbox())
    me = make_agent("Agent")

    show_ticket(access_of(me), ticket)
    append_plain(ticket)
    show_ticket(access_of(me), Ticket.objects.get())

    assert list(TicketSeen.objects.values_list("user", "version")) == [(me.pk, 2)]


def test_a_long_ticket_shows_its_newest_messages() -> None:
    ticket = open_plain(make_inbox())
    fill(ticket, MESSAGES_SHOWN + 4)
    ticket = Ticket.objects.get()
    me = access_of(make_agent("Agent"))

    short, whole = show_ticket(me, ticket), show_ticket(me, ticket, everything=True)

    assert (len(short.messages), short.earlier) == (MESSAGES_SHOWN, 5)
    assert short.messages[-1].text == f"Message {MESSAGES_SHOWN + 3}"
    assert (len(whole.messages), whole.earlier) == (MESSAGES_SHOWN + 5, 0)
    assert whole.messages[-MESSAGES_SHOWN:] == short.messages


def test_exactly_as_many_messages_as_are_shown_leave_none_earlier() -> None:
    ticket = open_plain(make_inbox())
    fill(ticket, MESSAGES_SHOWN - 1)

    view = show_ticket(access_of(make_agent("Agent")), ticket)

    assert (len(view.messages), view.earlier) == (MESSAGES_SHOWN, 0)


@pytest.mark.parametrize("everything", [False, True])
def test_a_ticket_takes_as_many_queries_with_3_as_with_500_messages(*, everything: bool) -> None:
    short, long = open_plain(make_inbox()), open_plain(make_inbox())
    me = make_agent("Agent")
    for ticket, count in ((short, 2), (long, 499)):
        fill(place(ticket, last_activity=timezone.now() - timedelta(days=1)), count)
        attach(ticket, b"data")
        add_note(ticket, "Hm", by=me)
        show_ticket(access_of(me), ticket)

    costs = []
    for ticket in (short, long):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            show_ticket(access_of(me), ticket, everything=everything)
        costs.append(len(asked))

    assert costs[0] == costs[1] <= 14


def test_a_message_without_a_sender_has_none() -> None:
    ticket = open_plain(make_inbox())

    view = show_ticket(access_of(make_agent("Agent")), ticket)

    (message,) = view.messages
    assert (message.sender_name, message.sender_address, message.participants) == ("", "", ())
    assert (view.contact_name, view.contact_address, view.contact_id) == ("Kim Reyes", "", None)


def test_a_contact_without_an_address_is_shown_by_the_senders_name() -> None:
    ticket = make_ticket()
    ContactAddress.objects.all().delete()

    view = show_ticket(access_of(make_agent("Agent")), ticket)

    assert (view.contact_name, view.contact_address) == ("Kim Reyes", "")


@pytest.mark.parametrize(("minutes", "shown"), [(59, False), (60, True), (-90, True)])
def test_the_senders_own_date_is_shown_when_it_is_far_away(minutes: int, *, shown: bool) -> None:
    ticket = open_plain(make_inbox())
    written = timezone.now()
    new = NewMessage(Direction.INBOUND, "x", at=written + timedelta(minutes=minutes), written_at=written)
    message = append_message(ticket, new)

    views = {each.id: each for each in show_ticket(access_of(make_agent("Agent")), ticket).messages}

    assert views[message.pk].written_at == (written if shown else None)


def test_a_client_sealed_message_cannot_be_opened_here() -> None:
    ticket = open_plain(make_inbox())
    Message.objects.update(protection=Protection.CLIENT_SEALED, sanitiser_version=SANITISER_VERSION)

    (message,) = show_ticket(access_of(make_agent("Agent")), ticket).messages

    assert (message.unreadable, message.has_html, message.protection) == (True, False, "client_sealed")


def damaged_ticket(what: str) -> Ticket:
    """Return a ticket with one damaged column."""
    ticket = make_ticket(letter=Letter(files=[("scan.pdf", b"data")]))
    table, column = what.split(".")
    rows: dict[str, object] = {
        "ticket": ticket,
        "message": ticket.messages.get(),
        "participant": Participant.objects.filter(ticket=ticket, part="from").get(),
        "attachment": Attachment.objects.get(ticket=ticket),
        "address": ContactAddress.objects.get(),
    }
    damage(rows[table], column)
    return Ticket.objects.get()


@pytest.mark.parametrize(
    "what",
    [
        "ticket.subject", "message.text", "participant.name", "participant.address", "attachment.name",
        "attachment.content_type", "ticket.sender", "address.address",
    ],
)  # fmt: skip
def test_damage_is_a_sign_and_an_entry_and_hides_nothing_else(what: str) -> None:
    ticket = damaged_ticket(what)

    view = show_ticket(access_of(make_agent("Agent")), ticket)

    (message,) = view.messages
    (file,) = message.attachments
    shown = {
        "ticket.subject": view.subject,
        "message.text": message.text.strip(),
        "participant.name": message.sender_name,
        "participant.address": message.sender_address,
        "attachment.name": file.name,
        "attachment.content_type": file.content_type,
        "ticket.sender": view.contact_name,
        "address.address": view.contact_address,
    }
    assert {name for name, words in shown.items() if words == UNREADABLE} == {what}
    assert message.unreadable is (what == "message.text")
    (entry,) = entries(Action.INTEGRITY_FAILURE)
    assert (entry.subject_id, entry.outcome, entry.inbox_id) == (ticket.pk, Outcome.FAILED, ticket.inbox_id)
    assert details(entry)["column"] == what.partition(".")[2]


@pytest.mark.django_db(transaction=True)
def test_the_entry_of_damage_survives() -> None:
    ticket = open_plain(make_inbox())
    damage(ticket, "subject")
    me = access_of(make_agent("Agent"))

    with transaction.atomic():
        show_ticket(me, Ticket.objects.get())
        transaction.set_rollback(True)

    assert len(entries(Action.INTEGRITY_FAILURE)) == 1
    assert entries(Action.TICKET_VIEW) == []


def with_html(html: str) -> Message:
    """Return a message with HTML."""
    ticket = open_plain(make_inbox())
    new = NewMessage(Direction.INBOUND, "Hello", html=html, sanitiser_version=SANITISER_VERSION)
    return Message.objects.select_related("ticket").get(pk=append_message(ticket, new).pk)


def test_html_is_shown_with_an_entry() -> None:
    message = with_html("<p>Hello</p>")

    assert show_html(message.ticket, message) == "<p>Hello</p>"
    (entry,) = entries(Action.MESSAGE_BODY)
    assert (entry.subject_id, details(entry)) == (message.ticket_id, {"message": str(message.pk)})


def test_html_of_an_older_sanitiser_is_not_shown() -> None:
    message = with_html("<p>Hello</p>")
    message.sanitiser_version = SANITISER_VERSION + 1

    assert show_html(message.ticket, message) == ""


def test_damaged_html_is_a_sign_and_an_entry() -> None:
    message = with_html("<p>Hello</p>")
    damage(message, "html")

    assert show_html(message.ticket, Message.objects.get(pk=message.pk)) == UNREADABLE
    assert [details(entry)["column"] for entry in entries(Action.INTEGRITY_FAILURE)] == ["html"]


def test_the_newest_message_is_told_with_its_writer() -> None:
    ticket = open_plain(make_inbox())
    by_customer = show_newest(ticket)
    add_note(ticket, "x" * 500, by=make_agent("Agent", name="Lea Berg"))

    assert by_customer == Newest("Kim Reyes", "It does not print.")
    assert show_newest(ticket) == Newest("Lea Berg", "x" * 400)
    assert len(entries(Action.MESSAGE_BODY)) == 2


def test_without_a_message_nobody_wrote_last() -> None:
    ticket = open_plain(make_inbox())
    Message.objects.all().delete()

    assert show_newest(ticket) is None
    assert entries(Action.MESSAGE_BODY) == []
