"""Replies, notes, drafts, new conversations and the undo of a send: one press one mail, and no word is lost."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from audit.actions import Action
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.mail.models import OutboundMail
from inbox.mail.states import OutState
from inbox.tickets.models import Attachment, Draft, Message, Ticket
from inbox.tickets.opening.reader import show_draft
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.note import add_note
from inbox.tickets.services.status import set_state
from inbox.tickets.states import Direction, DraftKind, State
from tests.inbox.tickets.plain import entries, open_plain
from tests.make import Letter, make_agent, make_inbox, make_mailbox, make_ticket
from tests.signed_in import client_of, make_person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("opened")]

JSON = {"Accept": "application/json"}


def writing_inbox() -> Inbox:
    """Return an inbox that can send."""
    inbox = make_inbox()
    if not inbox.mailboxes.exists():
        make_mailbox(inbox)
    return inbox


def written() -> tuple[int, int, int, list[tuple[str, int]]]:
    """Return what writing could change."""
    rows = Ticket.objects.order_by("number").values_list("state", "version")
    return Message.objects.count(), OutboundMail.objects.count(), Attachment.objects.count(), list(rows)


def form(version: int = 1, text: str = "Dear Kim", **more: object) -> dict[str, object]:
    """Return the fields of a reply."""
    return {"text": text, "version": version, "once": str(uuid4()), **more}


def test_a_reply_waits_in_the_outbox_and_offers_its_undo() -> None:
    inbox = writing_inbox()
    ticket, me = make_ticket(inbox=inbox), make_agent("Agent", inbox=inbox)

    answer = client_of(me).post(f"/t/{ticket.number}/reply", form(after="stay"), headers=JSON).json()

    outbound = OutboundMail.objects.get()
    assert (outbound.state, outbound.author, outbound.envelope["to"]) == (
        OutState.QUEUED,
        me,
        [["Kim Reyes", "kim@example.org"]],
    )
    assert answer == {
        "said": f"Reply to #{ticket.number} is on its way",
        "version": 2,
        "undo": {"url": f"/undo/{outbound.pk}", "fields": {}},
        "seconds": 10,
        "text": "",
    }
    assert Ticket.objects.get().state == State.OPEN
    assert len(entries(Action.TICKET_REPLY)) == 1


def test_a_reply_may_close_the_ticket() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)

    answer = client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/reply", form(after="closed"))

    assert (answer.status_code, answer.headers["Location"]) == (302, f"/t/{ticket.number}")
    assert Ticket.objects.get().state == State.CLOSED


def test_a_form_posted_twice_sends_once() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)
    client, fields = client_of(make_agent("Agent", inbox=inbox)), form()

    first, second = (client.post(f"/t/{ticket.number}/reply", fields, headers=JSON).json() for _ in range(2))

    assert first == second
    assert written()[:2] == (2, 1)


def test_anothers_form_key_is_refused() -> None:
    inbox = writing_inbox()
    ticket, fields = make_ticket(inbox=inbox), form()
    client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/reply", fields)
    before = written()

    answer = client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/reply", fields, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (409, "once_taken")
    assert written() == before


def test_a_reply_to_a_ticket_that_moved_on_shows_what_is_new_and_sends_nothing() -> None:
    inbox = writing_inbox()
    ticket, other = make_ticket(inbox=inbox), make_agent("Agent", inbox=inbox, name="Ann Ott")
    me = make_agent("Agent", inbox=inbox)
    save_draft(ticket, NewDraft(DraftKind.REPLY, "Dear Kim", base_version=1), by=me)
    add_note(ticket, "I called them <b>yesterday</b>.", by=other)
    before, client = written(), client_of(me)

    answer = client.post(f"/t/{ticket.number}/reply", form(1))

    page = answer.content.decode()
    assert answer.status_code == 409
    assert 'data-version="2"' in page
    assert "Ann Ott wrote while you were typing." in page
    assert "I called them &lt;b&gt;yesterday&lt;/b&gt;." in page
    assert written() == before
    assert Draft.objects.get().text == "Dear Kim"
    assert len(entries(Action.MESSAGE_BODY)) == 1
    assert client.post(f"/t/{ticket.number}/reply", form(2)).status_code == 302


def test_a_change_without_words_is_a_conflict_too() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)
    set_state(ticket, State.PENDING)

    answer = client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/reply", form(1))

    assert (answer.status_code, OutboundMail.objects.count()) == (409, 0)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"text": " \n"}, "empty_text"), ({"once": "nonsense"}, "bad_once"), ({"version": "x"}, "bad_form"),
        ({"cc": ["nobody"]}, "wrong_address"), ({"cc": ["a@b"]}, "wrong_address"),
    ],
)  # fmt: skip
def test_a_reply_that_does_not_fit_writes_nothing(fields: dict[str, object], error: str) -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)
    client = client_of(make_agent("Agent", inbox=inbox))
    before = written()

    answer = client.post(f"/t/{ticket.number}/reply", {**form(), **fields}, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (422, error)
    assert written() == before
    assert client.post(f"/t/{ticket.number}/reply", form()).status_code == 302


def test_ticked_copies_and_files_go_along() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox, letter=Letter(cc="ann@example.org"))
    file = SimpleUploadedFile("ä scan.pdf", b"data", content_type="application/pdf")

    client_of(make_agent("Agent", inbox=inbox)).post(
        f"/t/{ticket.number}/reply", form(cc=["ann@example.org"], files=[file])
    )

    assert OutboundMail.objects.get().envelope["cc"] == [["", "ann@example.org"]]
    attachment = Attachment.objects.get()
    assert (attachment.name, attachment.size_bytes) == ("ä scan.pdf", 4)


def test_an_inbox_without_a_way_out_says_so() -> None:
    ticket = make_ticket()
    before = written()

    answer = client_of(make_agent("Agent", inbox=ticket.inbox)).post(f"/t/{ticket.number}/reply", form(), headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (422, "no_sender")
    assert written() == before


def test_whoever_may_reply_but_not_edit_cannot_close_by_it() -> None:
    inbox, me = writing_inbox(), make_person()
    role = Role.objects.create(name="Writer", rights=["view", "reply"])
    make_binding(BindingSpec(role, (inbox,), people=(me,)), by=None)
    ticket, client = make_ticket(inbox=inbox), client_of(me)
    before = written()

    assert client.post(f"/t/{ticket.number}/reply", form(after="closed")).status_code == 403

    assert written() == before
    assert client.post(f"/t/{ticket.number}/reply", form(after="stay")).status_code == 302


def test_undo_takes_the_mail_back_and_gives_the_words() -> None:
    inbox = writing_inbox()
    ticket, me = make_ticket(inbox=inbox), make_agent("Agent", inbox=inbox)
    client = client_of(me)
    sent = client.post(f"/t/{ticket.number}/reply", form(text="Dear Kim,\n\nNo.", after="closed"), headers=JSON).json()

    back = client.post(sent["undo"]["url"], headers=JSON).json()

    assert (back["said"], back["text"], back["version"]) == ("Not sent. Your text is back.", "Dear Kim,\n\nNo.", 3)
    assert OutboundMail.objects.get().state == OutState.CANCELLED
    assert Ticket.objects.get().state == State.OPEN
    assert [message.direction for message in Message.objects.all()] == [Direction.INBOUND]
    draft = show_draft(ticket, DraftKind.REPLY, by=me)
    assert draft is not None
    assert (draft.text, draft.base_version) == ("Dear Kim,\n\nNo.", 3)
    assert client.post(f"/t/{ticket.number}/reply", form(3)).status_code == 302


def test_undo_comes_too_late() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)
    client = client_of(make_agent("Agent", inbox=inbox))
    sent = client.post(f"/t/{ticket.number}/reply", form(), headers=JSON).json()
    OutboundMail.objects.update(send_after=timezone.now() - timedelta(seconds=1))
    before = written()

    answer = client.post(sent["undo"]["url"], headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (409, "too_late_to_undo")
    assert written() == before


def test_undo_of_a_mail_elsewhere_is_absent() -> None:
    inbox, other = writing_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    ticket = make_ticket(inbox=inbox)
    sent = client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/reply", form(), headers=JSON).json()
    stranger = client_of(make_agent("Senior agent", inbox=other))

    answers = [stranger.post(url, headers=JSON) for url in (sent["undo"]["url"], f"/undo/{uuid4()}")]

    assert [(each.status_code, each.json()["error"]) for each in answers] == [(404, "mail_not_found")] * 2
    assert OutboundMail.objects.get().state == OutState.QUEUED


def test_a_note_goes_through_whatever_happened_meanwhile() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)
    set_state(ticket, State.PENDING)
    client, once = client_of(make_agent("Agent", inbox=inbox)), str(uuid4())

    answers = [
        client.post(f"/t/{ticket.number}/note", {"text": "Hm", "version": 1, "once": once}, headers=JSON)
        for _ in range(2)
    ]

    assert answers[0].json()["said"] == f"Note added to #{ticket.number}"
    assert answers[0].json()["version"] == 3
    assert answers[1].status_code == 204
    assert len(entries(Action.TICKET_NOTE)) == 1


def test_an_empty_note_is_refused() -> None:
    inbox = make_inbox()
    ticket = open_plain(inbox)

    answer = client_of(make_agent("Agent", inbox=inbox)).post(f"/t/{ticket.number}/note", {"text": " "}, headers=JSON)

    assert (answer.status_code, answer.json()["error"]) == (422, "empty_text")
    assert written()[0] == 1


def keep(client: Client, ticket: Ticket, **fields: str) -> int:
    """Send a draft and return the status."""
    return client.post(f"/t/{ticket.number}/draft", {"kind": "reply", "version": "1", **fields}).status_code


def test_a_draft_is_kept_per_person_and_survives_others() -> None:
    inbox = writing_inbox()
    ticket = make_ticket(inbox=inbox)
    me, other = make_agent("Agent", inbox=inbox), make_agent("Agent", inbox=inbox)

    assert keep(client_of(me), ticket, text="Mine") == 204
    assert keep(client_of(other), ticket, text="Theirs") == 204
    client_of(other).post(f"/t/{ticket.number}/reply", form())

    assert [(draft.user, draft.text, draft.base_version) for draft in Draft.objects.all()] == [(me, "Mine", 1)]


def test_an_empty_draft_drops_it() -> None:
    inbox = make_inbox()
    ticket, client = open_plain(inbox), client_of(make_agent("Agent", inbox=inbox))

    assert (keep(client, ticket, text="Mine"), keep(client, ticket, text="")) == (204, 204)
    assert Draft.objects.count() == 0


@pytest.mark.parametrize("fields", [{"kind": "new"}, {"kind": ""}, {"kind": "x"}, {"version": "x"}])
def test_a_draft_that_does_not_fit_is_refused(fields: dict[str, str]) -> None:
    inbox = make_inbox()
    ticket, client = open_plain(inbox), client_of(make_agent("Agent", inbox=inbox))

    assert keep(client, ticket, text="Mine", **fields) == 422
    assert Draft.objects.count() == 0


def conversation(inbox_id: UUID, **more: object) -> dict[str, object]:
    """Return the fields of a new conversation."""
    fields = {"inbox": str(inbox_id), "to": "Kim Reyes <kim@example.org>", "subject": "Your order", "text": "Dear Kim"}
    return {**fields, "once": str(uuid4()), **more}


def test_a_conversation_begins_with_a_mail_of_ours() -> None:
    inbox = writing_inbox()
    me = make_agent("Agent", inbox=inbox)
    client, fields = client_of(me), conversation(inbox.pk, cc="ann@example.org; Bo <bo@example.org>")

    answers = [client.post("/new", fields) for _ in range(2)]

    ticket = Ticket.objects.get()
    assert [(each.status_code, each.headers["Location"]) for each in answers] == [(302, f"/t/{ticket.number}")] * 2
    assert (ticket.subject, ticket.sender, ticket.assignee) == ("Your order", "Kim Reyes", me)
    envelope = OutboundMail.objects.get().envelope
    assert (envelope["to"], envelope["cc"]) == (
        [["Kim Reyes", "kim@example.org"]],
        [["", "ann@example.org"], ["Bo", "bo@example.org"]],
    )


@pytest.mark.parametrize(
    "fields",
    [
        {"to": ""}, {"to": "nobody"}, {"to": "a@example.org, b@example.org"}, {"subject": ""}, {"text": ""},
        {"subject": "x" * 251}, {"cc": "x"}, {"cc": ",".join(f"a{n}@example.org" for n in range(51))},
        {"inbox": str(uuid4())}, {"once": "nonsense"},
    ],
)  # fmt: skip
def test_a_conversation_that_does_not_fit_writes_nothing(fields: dict[str, str]) -> None:
    inbox = writing_inbox()
    client = client_of(make_agent("Agent", inbox=inbox))
    before = written()

    answer = client.post("/new", conversation(inbox.pk, **fields))

    assert answer.status_code == 422
    assert written() == before


def test_a_conversation_begins_only_where_one_may_reply() -> None:
    inbox, other = writing_inbox(), make_inbox("Billing", address="billing@desk.example.net")
    agent, reader = (client_of(make_agent(role, inbox=inbox)) for role in ("Agent", "Read-only"))
    before = written()

    assert agent.post("/new", conversation(other.pk)).status_code == 422
    assert reader.post("/new", conversation(inbox.pk)).status_code == 422

    assert written() == before
    assert b"You cannot write from any inbox" in reader.get("/new").content
    assert b"Billing" not in agent.get("/new").content
