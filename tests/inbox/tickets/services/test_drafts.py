"""A draft is one person's own, and nobody else's act touches it."""

import pytest

from accounts.models import User
from inbox.inboxes.access import access_of
from inbox.tickets.models import Draft, Ticket
from inbox.tickets.opening.reader import show_draft
from inbox.tickets.services.assign import assign
from inbox.tickets.services.bin import delete_ticket, restore_ticket
from inbox.tickets.services.drafts import NewDraft, drop_draft, save_draft
from inbox.tickets.services.note import add_note
from inbox.tickets.services.status import set_state
from inbox.tickets.states import DraftKind, State
from tests.inbox.tickets.plain import append_plain, damage, open_plain
from tests.make import make_agent, make_inbox, make_reply, make_ticket

pytestmark = pytest.mark.django_db

REPLY, NOTE, NEW = DraftKind.REPLY, DraftKind.NOTE, DraftKind.NEW


def words(ticket: Ticket | None, by: User, *kinds: DraftKind) -> str | None:
    """Return what a person was writing."""
    draft = show_draft(ticket, *(kinds or (REPLY, NOTE)), by=by)
    return draft.text if draft else None


def test_a_draft_is_kept_once_a_ticket_and_kind() -> None:
    ticket, me = open_plain(make_inbox()), make_agent()

    save_draft(ticket, NewDraft(REPLY, "Dear", base_version=1), by=me)
    save_draft(ticket, NewDraft(REPLY, "Dear Kim", base_version=2), by=me)
    save_draft(ticket, NewDraft(NOTE, "Hm"), by=me)

    assert sorted(Draft.objects.values_list("kind", "base_version")) == [("note", 0), ("reply", 2)]
    assert (words(ticket, me, REPLY), words(ticket, me, NOTE), words(ticket, me)) == ("Dear Kim", "Hm", "Hm")


def test_a_draft_belongs_to_its_writer() -> None:
    ticket, me, other = open_plain(make_inbox()), make_agent(), make_agent()

    save_draft(ticket, NewDraft(REPLY, "Mine"), by=me)
    save_draft(ticket, NewDraft(REPLY, "Theirs"), by=other)
    drop_draft(ticket, REPLY, by=other)

    assert (words(ticket, me), words(ticket, other)) == ("Mine", None)


def test_an_empty_text_drops_the_draft() -> None:
    ticket, me = open_plain(make_inbox()), make_agent()
    save_draft(ticket, NewDraft(REPLY, "Dear"), by=me)

    assert save_draft(ticket, NewDraft(REPLY, " \n"), by=me) is None
    drop_draft(ticket, REPLY, by=me)

    assert Draft.objects.count() == 0


def test_a_new_conversation_has_one_draft_and_keeps_its_fields() -> None:
    me = make_agent()

    save_draft(None, NewDraft(NEW, "", fields={"to": "kim@example.org"}), by=me)
    save_draft(None, NewDraft(NEW, "Hello", fields={"to": "kim@example.org"}), by=me)

    assert (Draft.objects.count(), words(None, me, NEW)) == (1, "Hello")
    assert save_draft(None, NewDraft(NEW, "", fields={"to": ""}), by=me) is None
    assert Draft.objects.count() == 0


def test_others_acts_leave_a_draft_alone() -> None:
    inbox = make_inbox()
    ticket, me, other = (
        make_ticket(inbox=inbox),
        make_agent("Agent", inbox=inbox),
        make_agent("Senior agent", inbox=inbox),
    )
    save_draft(ticket, NewDraft(REPLY, "Dear Kim", base_version=1), by=me)
    save_draft(ticket, NewDraft(NOTE, "Hm", base_version=1), by=me)

    append_plain(ticket)
    add_note(ticket, "Called them.", by=other)
    assign(ticket, to=other, by=access_of(other))
    set_state(ticket, State.CLOSED)
    restore_ticket(delete_ticket(ticket))
    make_reply(ticket, by=other)

    assert (words(ticket, me, REPLY), words(ticket, me, NOTE)) == ("Dear Kim", "Hm")
    assert sorted(Draft.objects.values_list("kind", "base_version")) == [("note", 1), ("reply", 1)]


def test_sending_drops_the_reply_and_leaves_the_note() -> None:
    inbox = make_inbox()
    ticket, me, other = make_ticket(inbox=inbox), make_agent("Agent", inbox=inbox), make_agent("Agent", inbox=inbox)
    for person in (me, other):
        save_draft(ticket, NewDraft(REPLY, "Dear Kim"), by=person)
    save_draft(ticket, NewDraft(NOTE, "Hm"), by=me)

    make_reply(ticket, by=me)

    assert (words(ticket, me, REPLY), words(ticket, me, NOTE), words(ticket, other)) == (None, "Hm", "Dear Kim")


def test_a_damaged_draft_is_not_offered() -> None:
    ticket, me = open_plain(make_inbox()), make_agent()
    draft = save_draft(ticket, NewDraft(REPLY, "Dear Kim"), by=me)

    damage(draft, "text")

    assert words(ticket, me) is None
