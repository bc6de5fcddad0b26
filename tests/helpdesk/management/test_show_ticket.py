"""`show_ticket`: a ticket as JSON on somebody's rights, recorded under the name of whoever typed it."""

import getpass
import hashlib
import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from audit.actions import Action
from helpdesk.core.ids import new_id
from inbox.inboxes.services.people import switch_off
from inbox.tickets.models import Attachment, Ticket
from tests.inbox.tickets.plain import entries, open_plain, place
from tests.make import Letter, make_agent, make_inbox, make_ticket

pytestmark = pytest.mark.django_db


def shown(ticket: Ticket, user: User) -> dict[str, Any]:  # Any: plain JSON
    """Return what the command prints."""
    out = StringIO()
    call_command("show_ticket", str(ticket.number), "--as", user.email.upper(), stdout=out)
    content: dict[str, Any] = json.loads(out.getvalue())  # Any: plain JSON
    return content


def test_a_ticket_is_printed_whole() -> None:
    ticket = make_ticket("Grüße", letter=Letter(files=[("scan.pdf", b"data")]))

    content = shown(ticket, make_agent("Read-only"))

    assert (content["number"], content["subject"], content["state"]) == (ticket.number, "Grüße", "open")
    (message,) = content["messages"]
    assert message["text"].strip() == "It does not print."
    (file,) = message["attachments"]
    assert (file["name"], file["size_bytes"], file["sha256"]) == ("scan.pdf", 4, hashlib.sha256(b"data").hexdigest())


def test_the_entries_name_who_typed_it_and_on_whose_rights() -> None:
    ticket, user = make_ticket(letter=Letter(files=[("scan.pdf", b"data")])), make_agent("Read-only")

    shown(ticket, user)

    found = entries(Action.TICKET_VIEW, Action.ATTACHMENT_DOWNLOAD)
    assert [entry.action for entry in found] == ["ticket.view", "attachment.download"]
    for entry in found:
        assert (entry.actor_kind, entry.actor_id, entry.actor_label) == ("cli", None, f"cli:{getpass.getuser()}")
        assert entry.acting_for == user.pk


def test_a_ticket_that_the_person_may_not_see_is_refused_and_recorded() -> None:
    ticket = open_plain(make_inbox())
    stranger = make_agent("Agent", inbox=make_inbox("Billing", address="billing@desk.example.net"))
    reader = make_agent("Read-only", inbox=ticket.inbox)

    with pytest.raises(CommandError, match="no such ticket"):
        shown(ticket, stranger)
    place(ticket, restricted=True)
    with pytest.raises(CommandError, match="no such ticket"):
        shown(ticket, reader)

    assert entries(Action.TICKET_VIEW) == []
    assert [entry.acting_for for entry in entries(Action.ACCESS_DENIED)] == [stranger.pk, reader.pk]


def test_nobody_lends_rights_who_cannot_sign_in() -> None:
    ticket = open_plain(make_inbox())
    gone = switch_off(make_agent("Agent", inbox=ticket.inbox))

    with pytest.raises(CommandError, match="nobody signs in as"):
        shown(ticket, gone)

    assert entries(Action.TICKET_VIEW) == []


def test_a_damaged_file_hides_nothing_else() -> None:
    ticket = make_ticket(letter=Letter(files=[("a.pdf", b"data"), ("b.pdf", b"more")]))
    Attachment.objects.filter(position=0).update(blob=new_id())

    (message,) = shown(ticket, make_agent("Read-only"))["messages"]

    assert [file["sha256"] for file in message["attachments"]] == [None, hashlib.sha256(b"more").hexdigest()]
    assert len(entries(Action.INTEGRITY_FAILURE)) == 1
