"""The pages of talk with another party, as a person uses them and as one who may not."""

from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from audit.actions import Action
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import OutboundMail
from inbox.mail.send.forward import NewForward, files_to_choose, forward
from inbox.mail.send.recipients import Recipient
from inbox.mail.states import OutKind, OutState
from inbox.tickets.models import Attachment, Draft, Message, Ticket
from inbox.tickets.services.note import add_note
from inbox.tickets.states import DraftKind
from tests.make import Letter, make_agent, make_mailbox, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def ticket() -> Ticket:
    """A ticket of Kim's with two files."""
    ticket = make_ticket("Pump", letter=Letter(files=[("plan.pdf", b"p"), ("list.csv", b"l")]))
    make_mailbox(ticket.inbox)
    return ticket


@pytest.fixture
def desk(ticket: Ticket) -> Client:
    """The browser of an agent."""
    return client_of(make_agent("Senior agent", inbox=ticket.inbox))


def address(ticket: Ticket) -> str:
    """Return where a forward is written."""
    return reverse("tickets:forward", args=[ticket.number])


def filled(**more: object) -> dict[str, object]:
    """Return a filled form."""
    return {"to": "Werk <werk@partner.example.com>", "subject": "Fwd: Pump", "once": str(uuid4())} | more


def test_the_page_shows_the_mail_and_all_its_files_ticked(desk: Client, ticket: Ticket) -> None:
    page = desk.get(address(ticket)).content.decode()

    assert 'value="Fwd: Pump"' in page
    assert "It does not print." in page
    assert page.count(" checked") == 2
    assert Entry.objects.filter(action=Action.MESSAGE_BODY).count() == 1


def test_only_the_ticked_files_and_those_added_go_along(desk: Client, ticket: Ticket) -> None:
    plan = files_to_choose(ticket.messages.get())[0]
    added = [SimpleUploadedFile("one.txt", b"1"), SimpleUploadedFile("empty.txt", b"")]
    form = filled(text="Costs?", cc="jo@partner.example.com", chosen=str(plan.pk), attached=added)

    answer = desk.post(address(ticket), form)

    row = OutboundMail.objects.get()
    assert (answer.status_code, row.kind) == (302, OutKind.FORWARD)
    assert answer["Location"] == f"/t/{ticket.number}#m-{row.message_id}"
    with purpose(Purpose.SYSTEM):
        names = [file.name for file in Attachment.objects.filter(message=row.message_id)]
        assert row.envelope["to"] == [["Werk", "werk@partner.example.com"]]
        assert row.envelope["cc"] == [["", "jo@partner.example.com"]]
    assert names == ["plan.pdf", "one.txt", "empty.txt"]


def test_a_double_click_forwards_once(desk: Client, ticket: Ticket) -> None:
    form = filled()

    for _ in range(2):
        assert desk.post(address(ticket), form).status_code == 302

    assert OutboundMail.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"to": ""}, "This field is required"),
        ({"to": "nobody"}, "nobody is no e-mail address."),
        ({"to": "hilfe@desk.example.net"}, "There is nobody to send to"),
        ({"subject": ""}, "This field is required"),
    ],
)
def test_what_does_not_fit_is_said_and_the_words_stay(
    desk: Client, ticket: Ticket, fields: dict[str, object], words: str
) -> None:
    answer = desk.post(address(ticket), filled(text="My words") | fields)

    page = answer.content.decode()
    assert (answer.status_code, words in page, "My words" in page) == (422, True, True)
    assert page.count(" checked") == 0  # as the person left them
    assert not OutboundMail.objects.exists()


def test_a_note_and_a_message_of_another_ticket_are_refused(desk: Client, ticket: Ticket) -> None:
    note = add_note(ticket, "NOTIZ", by=make_agent())
    other = make_ticket("Other", sender="jo@example.org").messages.get()

    answers = [desk.post(address(ticket), filled(m=str(each))).status_code for each in (note.pk, other.pk, "x")]

    assert answers == [422, 404, 404]
    assert not OutboundMail.objects.exists()


def test_a_party_is_answered_on_a_page_that_names_it_alone(desk: Client, ticket: Ticket) -> None:
    lea = make_agent(inbox=ticket.inbox)
    new = NewForward([Recipient("Werk", "werk@partner.example.com")], "Fwd: Pump", "Costs?", uuid4())
    sent = forward(ticket.messages.get(), new, by=lea).message_id
    page = reverse("tickets:party", args=[ticket.number, sent])

    shown = desk.get(page).content.decode()
    answer = desk.post(page, {"text": "And?", "once": str(uuid4())})

    assert "werk@partner.example.com" in shown
    assert "kim@example.org" not in shown
    assert answer.status_code == 302
    row = OutboundMail.objects.get(kind=OutKind.PARTY)
    with purpose(Purpose.SYSTEM):
        assert row.envelope["to"] == [["Werk", "werk@partner.example.com"]]
        assert row.envelope["cc"] == []


def test_a_message_of_the_customer_is_answered_below_the_conversation(desk: Client, ticket: Ticket) -> None:
    question = ticket.messages.get()

    answer = desk.post(reverse("tickets:party", args=[ticket.number, question.pk]), {"text": "a", "once": str(uuid4())})

    assert answer.status_code == 422
    assert not OutboundMail.objects.exists()


def test_the_ticket_marks_the_other_party(desk: Client, ticket: Ticket) -> None:
    page = reverse("tickets:ticket", args=[ticket.number])
    assert "Other party" not in desk.get(page).content.decode()
    desk.post(address(ticket), filled(text="Costs?"))

    shown = desk.get(page).content.decode()

    sent = Message.objects.get(other_party=True)
    assert "Other party" in shown
    assert reverse("tickets:party", args=[ticket.number, sent.pk]) in shown
    assert f"{address(ticket)}?m={sent.pk}" in shown


def test_whoever_only_reads_is_offered_no_forward(ticket: Ticket) -> None:
    reader = client_of(make_agent("Read-only", inbox=ticket.inbox))

    page = reader.get(reverse("tickets:ticket", args=[ticket.number]))

    assert "/forward" not in page.content.decode()
    assert reader.get(address(ticket)).status_code == 403


def test_a_forward_taken_back_waits_in_its_own_form(desk: Client, ticket: Ticket) -> None:
    desk.post(address(ticket), filled(text="Costs?"))
    row = OutboundMail.objects.get()
    page = reverse("tickets:ticket", args=[ticket.number])
    assert "Do not send" in desk.get(page).content.decode()

    answer = desk.post(
        reverse("tickets:undo", args=[row.pk]), {"once": str(uuid4())}, headers={"Accept": "application/json"}
    )

    assert answer.json()["text"] == ""
    row.refresh_from_db()
    assert row.state == OutState.CANCELLED
    assert "Costs?" not in desk.get(page).content.decode()
    again = desk.get(address(ticket)).content.decode()
    assert "Costs?" in again
    assert "Werk &lt;werk@partner.example.com&gt;" in again


def test_a_draft_of_a_forward_never_stands_in_the_box_for_the_customer(desk: Client, ticket: Ticket) -> None:
    message = str(ticket.messages.get().pk)
    form = {"kind": "forward", "text": "Costs?", "to": "werk@partner.example.com", "m": message, "version": "1"}

    assert desk.post(reverse("tickets:draft", args=[ticket.number]), form).status_code == 204

    assert Draft.objects.get().kind == DraftKind.FORWARD
    assert "Costs?" not in desk.get(reverse("tickets:ticket", args=[ticket.number])).content.decode()
    shown = desk.get(address(ticket)).content.decode()
    assert "Costs?" in shown
    assert "werk@partner.example.com" in shown
    assert desk.post(reverse("tickets:draft", args=[ticket.number]), form | {"text": "", "to": ""}).status_code == 204
    assert not Draft.objects.exists()
