"""The log's pages: who may read what, the filter, the timeline, and the export over HTTP."""

import csv
import io
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from audit.actions import Action, Flag, Outcome, SubjectKind
from audit.export import COLUMNS
from audit.models import Entry
from audit.opening import Content, PayloadState, find_entries
from audit.querysets import EntryFilter
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import Actor, ActorKind, Purpose, acting_as, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import Owner, OwnerKind, make_key
from helpdesk.web.audit.forms import FilterForm
from helpdesk.web.audit.words import ACTIONS, FLAGS, SUBJECTS, action_words, detail_words, flag_words, subject_words
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.permissions import Access
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.inboxes.services.inboxes import create_inbox
from inbox.tickets.models import Ticket
from tests.audit.entries import move_clock
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
"""An export holds what is committed, so what it shall hold must be."""


def _bind(person: User, role: str, *inboxes: Inbox) -> None:
    spec = BindingSpec(
        role=Role.objects.get(name=role), people=(person,), inboxes=inboxes, all_inboxes=not inboxes, reason=""
    )
    make_binding(spec, by=None)


def _make_ticket(number: int, inbox: Inbox) -> Ticket:
    ticket = Ticket(number=number, inbox=inbox, subject="s", sender="s", preview="p")
    make_key(Owner(OwnerKind.TICKET, ticket.pk))
    ticket.save(force_insert=True)
    return ticket


@pytest.fixture
def officer() -> User:
    person = make_person("officer@desk.example", "Olga Officer")
    _bind(person, "Compliance officer")
    return person


@pytest.fixture
def billing() -> Inbox:
    return create_inbox("Billing")


@pytest.fixture
def support() -> Inbox:
    return create_inbox("Support")


def _entries(action: Action) -> list[Entry]:
    return list(Entry.found.filter(action=action).oldest_first())


@pytest.mark.parametrize(("name", "method"), [("log", "get"), ("export", "get"), ("export", "post")])
def test_pages_are_not_there_without_the_right_and_the_try_is_recorded(name: str, method: str) -> None:
    person = make_person()
    _bind(person, "Agent")

    response = getattr(client_of(person), method)(reverse(f"audit:{name}"))

    assert response.status_code == 404
    (denied,) = _entries(Action.ACCESS_DENIED)
    assert (denied.actor_id, denied.outcome, denied.subject_kind) == (person.pk, "denied", "audit")
    assert _entries(Action.AUDIT_VIEW) == _entries(Action.AUDIT_EXPORT) == []


def test_reading_does_not_give_exporting() -> None:
    person = make_person()
    _bind(person, "Security admin")
    client = client_of(person)

    assert client.get(reverse("audit:log")).status_code == 200
    assert b"Export" not in client.get(reverse("audit:log")).content
    assert client.post(reverse("audit:export"), {"format": "csv"}).status_code == 404


def test_log_shows_entries_in_words_and_records_the_reading(officer: User, billing: Inbox) -> None:
    agent = make_person("kim@desk.example", "Kim Agent")
    ticket = _make_ticket(41, billing)
    with acting_as(agent.as_actor()):
        record(Action.TICKET_ASSIGNED, on=Subject(SubjectKind.TICKET, ticket.pk, billing.pk), to=agent.pk, moved=True)
        record(Action.SIGN_IN_FAILED, on=agent.as_subject(), outcome=Outcome.FAILED)

    response = client_of(officer).get(reverse("audit:log"), {"who": str(agent.pk)})

    lines = response.context["entries"]
    assert [(line.actor, line.action_words, line.outcome) for line in lines] == [
        ("Kim Agent", "tried to sign in", "failed"),
        ("Kim Agent", "assigned a ticket", "done"),
    ]
    assert (lines[1].ticket_number, lines[1].inbox_name) == (41, "Billing")
    assert list(lines[1].details) == [("moved", "yes"), ("to", "Kim Agent")]
    assert lines[0].subject_words == "person Kim Agent"
    assert "#41" in response.content.decode()
    (viewed,) = _entries(Action.AUDIT_VIEW)
    assert viewed.actor_id == officer.pk


def test_log_names_commands_the_system_and_who_is_gone(officer: User) -> None:
    gone = new_id()
    with acting_as(Actor(ActorKind.CLI, label="cli:root", acting_for=gone)):
        record(Action.AUDIT_EXPORT, on=Subject(SubjectKind.AUDIT))
    with acting_as(Actor(ActorKind.SYSTEM)):
        record(Action.KEYS_ROTATED, on=Subject(SubjectKind.DESK))
    person = make_person("gone@desk.example")
    with acting_as(person.as_actor()):
        record(Action.SIGN_OUT, on=Subject(SubjectKind.DESK))
    User.objects.filter(pk=person.pk).delete()

    lines = client_of(officer).get(reverse("audit:log")).context["entries"]

    shown = {line.action_words: (line.actor, line.acting_for) for line in lines}
    assert shown["exported the log"] == ("cli:root", "a removed person")
    assert shown["renewed keys"] == ("system", "")
    assert shown["signed out"] == ("a removed person", "")


def test_narrowed_reader_sees_only_the_own_inboxes(billing: Inbox, support: Inbox) -> None:
    lead = make_person("lead@desk.example", "Lea Lead")
    _bind(lead, "Team lead", billing)
    mine, other = _make_ticket(1, billing), _make_ticket(2, support)
    for ticket in (mine, other):
        record(Action.TICKET_NOTE, on=ticket.as_subject())
    client = client_of(lead)

    response = client.get(reverse("audit:log"))

    assert {line.inbox_name or line.subject_words for line in response.context["entries"]} <= {
        "Billing",
        "inbox Billing",
    }
    assert 1 in [line.ticket_number for line in response.context["entries"]]
    assert "Only entries of Billing." in response.content.decode()
    assert client.get(reverse("audit:log"), {"inbox": str(support.pk)}).status_code == 422
    assert client.get(reverse("audit:log"), {"ticket": "2"}).context["entries"] == []
    assert client.get(reverse("audit:timeline", args=[1])).status_code == 200
    hidden, absent = client.get(reverse("audit:timeline", args=[2])), client.get(reverse("audit:timeline", args=[99]))
    assert hidden.status_code == absent.status_code == 404
    assert len(_entries(Action.ACCESS_DENIED)) == 2


def test_timeline_holds_what_was_done_on_one_ticket(officer: User, billing: Inbox) -> None:
    ticket = _make_ticket(7, billing)
    record(Action.TICKET_OPENED, on=ticket.as_subject())
    record(Action.ATTACHMENT_DOWNLOAD, on=Subject(SubjectKind.ATTACHMENT, new_id(), billing.pk, ticket_id=ticket.pk))
    record(Action.TICKET_OPENED, on=_make_ticket(8, billing).as_subject())

    response = client_of(officer).get(reverse("audit:timeline", args=[7]))

    assert [line.action_words for line in response.context["entries"]] == [
        "downloaded an attachment",
        "a ticket was opened",
    ]
    assert not response.context["may_open"]


def test_pages_go_on_where_the_last_one_ended(officer: User) -> None:
    for _ in range(60):
        record(Action.KEYS_ROTATED, on=Subject(SubjectKind.DESK))
    client = client_of(officer)
    first = client.get(reverse("audit:log"), {"action": "keys.rotated"})

    second = client.get(reverse("audit:log"), {"action": "keys.rotated", "after": first.context["next_cursor"]})

    ids = [line.id for line in (*first.context["entries"], *second.context["entries"])]
    assert (len(ids), len(set(ids))) == (60, 60)
    assert (second.context["next_cursor"], second.context["newer_first_page"]) == ("", True)
    assert client.get(reverse("audit:log"), {"after": "nowhere"}).status_code == 422


@pytest.mark.parametrize(
    "query",
    [
        {"who": "x"},
        {"action": "nothing.known"},
        {"since": "2026-13-01"},
        {"ticket": "-1"},
        {"since": "2026-10-26", "until": "2026-10-25"},
    ],
)
def test_filter_that_cannot_be_read_shows_nothing(officer: User, query: dict[str, str]) -> None:
    response = client_of(officer).get(reverse("audit:log"), query)

    assert response.status_code == 422
    assert response.context["entries"] == ()
    assert _entries(Action.AUDIT_VIEW) == []


def test_a_day_is_the_day_of_who_asks(officer: User) -> None:
    officer.timezone = "Europe/Berlin"
    query = {"since": "2026-10-25", "until": "2026-10-25"}

    form = FilterForm(query, person=officer, access=Access(officer.pk, audit_inboxes=None))

    assert form.is_valid()
    wanted = form.as_filter()
    assert wanted.since is not None
    assert wanted.until is not None
    assert wanted.since.astimezone(UTC) == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert form.fields["since"].label == "From day (Europe/Berlin)"
    assert wanted.until.astimezone(UTC) == datetime(2026, 10, 25, 23, tzinfo=UTC)


@committed
def test_filter_of_every_field_finds_one_entry(officer: User, billing: Inbox) -> None:
    ticket = _make_ticket(7, billing)
    with acting_as(officer.as_actor()):
        move_clock(
            Entry.found.get(pk=record(Action.TICKET_VIEW, on=ticket.as_subject(), outcome=Outcome.DENIED)),
            datetime(2026, 3, 1, 12, tzinfo=UTC),
        )
    query = {
        "who": str(officer.pk),
        "action": "ticket.view",
        "outcome": "denied",
        "ticket": "7",
        "inbox": str(billing.pk),
        "since": "2026-03-01",
        "until": "2026-03-01",
    }

    response = client_of(officer).get(reverse("audit:log"), query)

    assert [line.ticket_number for line in response.context["entries"]] == [7]
    assert "ticket=7" in response.context["query"]


def test_log_asks_the_database_as_often_for_one_entry_as_for_three(officer: User, billing: Inbox) -> None:
    client = client_of(officer)
    asked: list[int] = []
    shown: list[int] = []
    for number in range(4):
        with acting_as(make_person(f"{number}@desk.example").as_actor()):
            record(Action.TICKET_NOTE, on=_make_ticket(number + 1, billing).as_subject())
        with CaptureQueriesContext(connections["default"]) as queries:
            response = client.get(reverse("audit:log"), {"action": "ticket.note"})
        shown.append(len(response.context["entries"]))
        asked.append(len(queries))

    assert shown == [1, 2, 3, 4]
    assert asked[1] == asked[3] <= 20


@committed
def test_export_streams_a_file_and_keeps_its_manifest(officer: User, billing: Inbox) -> None:
    ticket = _make_ticket(7, billing)
    with acting_as(officer.as_actor()):
        record(Action.TICKET_NOTE, on=ticket.as_subject())
    client = client_of(officer)

    response = client.post(reverse("audit:export"), {"format": "csv", "ticket": "7", "byte_order_mark": "on"})

    data = b"".join(response.streaming_content)  # type: ignore[attr-defined] # a stream of our own
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert data.startswith(b"\xef\xbb\xbf")
    assert tuple(rows[0]) == COLUMNS
    assert [(row["actor"], row["ticket"], row["inbox"]) for row in rows] == [("Olga Officer", "#7", "Billing")]
    assert response.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert response.headers["Content-Disposition"].startswith('attachment; filename="postern-log-')
    assert "no-store" in response.headers["Cache-Control"]
    (told,) = _entries(Action.AUDIT_EXPORT)
    assert told.actor_id == officer.pk
    manifest = client.get(reverse("audit:export"), {"manifest": response.headers["Postern-Export"]})
    shown = json.loads(manifest.content)
    assert (shown["export_id"], shown["count"], shown["first_id"]) == (str(told.pk), 1, rows[0]["id"])
    assert response.headers["Postern-Export-Count"] == "1"


@committed
def test_export_in_json_lines_has_exact_text(officer: User) -> None:
    record(Action.SIGN_IN_FAILED, on=Subject(SubjectKind.DESK), address="=1+1")

    response = client_of(officer).post(reverse("audit:export"), {"format": "jsonl", "action": "session.sign_in_failed"})

    (line,) = b"".join(response.streaming_content).splitlines()  # type: ignore[attr-defined] # a stream of our own
    assert json.loads(line)["details"] == {"address": "=1+1"}


def test_export_form_is_filled_from_the_log_and_names_the_last_manifest(officer: User) -> None:
    client = client_of(officer)
    before = client.get(reverse("audit:export"), {"action": "ticket.view"})
    client.post(reverse("audit:export"), {"format": "csv"})
    after = client.get(reverse("audit:export"))

    assert '<option value="ticket.view" selected>' in before.content.decode()
    assert "manifest=" not in before.content.decode()
    assert f"manifest={_entries(Action.AUDIT_EXPORT)[0].pk}" in after.content.decode()


def test_export_form_with_errors_exports_nothing(officer: User) -> None:
    response = client_of(officer).post(reverse("audit:export"), {"format": "xls"})

    assert response.status_code == 422
    assert _entries(Action.AUDIT_EXPORT) == []


def test_form_sent_twice_exports_once(officer: User) -> None:
    client = client_of(officer)
    form = {"format": "csv", "once": str(new_id())}

    first, second = client.post(reverse("audit:export"), form), client.post(reverse("audit:export"), form)

    assert (first.status_code, second.status_code) == (200, 204)
    assert len(_entries(Action.AUDIT_EXPORT)) == 1


@pytest.mark.parametrize("manifest", ["x", str(UUID(int=7))])
def test_manifest_of_nobody_s_export_is_not_there(officer: User, manifest: str) -> None:
    assert client_of(officer).get(reverse("audit:export"), {"manifest": manifest}).status_code == 404


def test_manifest_of_somebody_else_s_export_is_not_there(officer: User) -> None:
    other = make_person("other@desk.example")
    _bind(other, "Compliance officer")
    client_of(other).post(reverse("audit:export"), {"format": "csv"})
    (told,) = _entries(Action.AUDIT_EXPORT)

    assert client_of(other).get(reverse("audit:export"), {"manifest": str(told.pk)}).status_code == 200
    assert client_of(officer).get(reverse("audit:export"), {"manifest": str(told.pk)}).status_code == 404


@committed
def test_narrowed_export_holds_only_the_own_inboxes(billing: Inbox, support: Inbox) -> None:
    person = make_person()
    _bind(person, "Compliance officer", billing)
    for number, inbox in enumerate((billing, support), start=1):
        record(Action.TICKET_NOTE, on=_make_ticket(number, inbox).as_subject())

    response = client_of(person).post(reverse("audit:export"), {"format": "jsonl"})

    lines = b"".join(response.streaming_content).splitlines()  # type: ignore[attr-defined] # a stream of our own
    assert {json.loads(line)["inbox"] for line in lines} == {"Billing"}
    assert "#1" in [json.loads(line)["ticket"] for line in lines]


def test_visitor_is_sent_to_the_door() -> None:
    assert Client().get(reverse("audit:log")).status_code in {302, 303}


def test_everything_recorded_has_its_words() -> None:
    assert set(ACTIONS) == set(Action)
    assert set(SUBJECTS) == set(SubjectKind)
    assert set(FLAGS) == set(Flag)
    assert flag_words(["restricted", "later.flag"]) == ("restricted", "later.flag")
    assert action_words("later.act") == "later.act"
    assert subject_words("later", "") == "later"


def test_details_are_told_in_words() -> None:
    key = new_id()
    content = Content(
        PayloadState.OPEN,
        agent="Browser/1",
        details={"numbers": [1, 2], "none": None, "off": False, "filter": {"who": str(key)}, "empty": []},
        changes={"name": [None, "Kim"], "members": {"add": [str(key)]}},
    )

    assert detail_words(content, {key: "Kim"}) == (
        ("numbers", "1, 2"),
        ("off", "no"),
        ("filter", "who: Kim"),
        ("name", "– → Kim"),
        ("members", "add: Kim"),
        ("program", "Browser/1"),
    )
    assert detail_words(Content(PayloadState.ERASED), {}) == (("payload", "erased with its person"),)
    assert detail_words(Content(PayloadState.DAMAGED), {})[0][0] == "payload"


def test_access_is_loaded_for_the_tests_as_for_the_pages(officer: User) -> None:
    with purpose(Purpose.VIEW):
        assert find_entries(EntryFilter(inbox_ids=access_of(officer).audit_inboxes)).rows
