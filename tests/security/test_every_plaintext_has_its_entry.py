"""Who is shown a customer's words stands in the log once, and nobody else does: looked for in every answer.

Unique words stand in everything that a customer writes or is. Every address of the table is asked for by every role;
an answer that holds such a word must have written exactly the entry of that address, any other answer none.
"""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final
from uuid import UUID

import pytest
from django.core.management import call_command
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.test import Client
from django.urls import path

from accounts.models import User
from audit.models import Entry
from audit.payload import unpack
from helpdesk.core.context import Purpose, purpose
from inbox.tickets.models import Attachment, Ticket
from inbox.tickets.opening import files, reader
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.note import add_note
from inbox.tickets.states import DraftKind
from tests.security.desk import ROLES, Desk, Side, Words, make_desk
from tests.security.rows import TABLE
from tests.security.test_url_table import ask, own_the_mail, taken_back

pytestmark = pytest.mark.django_db

Judge = Callable[[str, HttpResponseBase, set[UUID]], None]
OPENINGS: Final = {
    "ticket.list", "ticket.view", "ticket.print", "message.body", "message.raw", "attachment.download", "draft.view",
    "contact.view", "audit.view", "audit.export", "mail.cancelled", "mail.view", "mail.bounces",
}  # fmt: skip
"""Entries that say that somebody was shown something."""
OWED: Final = {
    "GET tickets:ticket": ("ticket.list", "ticket.view"),
    "PART tickets:ticket": ("ticket.view",),
    "GET tickets:list": ("ticket.list",),
    "PART tickets:list": ("ticket.list",),
    "GET tickets:rows": ("ticket.list",),
    "GET tickets:print": ("ticket.print",),
    "CONFLICT tickets:reply": ("message.body",),
    "DATA tickets:undo": ("mail.cancelled",),
    "GET tickets:forward": ("message.body",),
    "GET tickets:party": ("message.body",),
    "GET mail:body": ("message.body",),
    "GET mail:cid": ("attachment.download",),
    "GET mail:file": ("attachment.download",),
    "GET mail:raw": ("message.raw",),
    "GET mail:words": ("mail.view",),
    "GET mail:reports": ("mail.bounces",),
}
"""What each address owes when it shows a customer's words, or its file. No other address may show any."""
LOG: Final = {"GET audit:log": "audit.view", "GET audit:timeline": "audit.view", "POST audit:export": "audit.export"}
"""Reading the log is recorded whenever it is read."""


def words_of(name: str) -> Words:
    """Return words that occur nowhere else."""
    word = f"Kanarie{name}"
    return Words(
        subject=f"{word}subject",
        text=f"{word}text",
        html=f"<p>{word}html</p>",
        name=f"{word}name",
        address=f"{word.lower()}address@example.org",
        file_name=f"{word}file.bin",
        file=f"{word}bytes".encode(),
        reply=f"{word}reply",
    )


def make_canary_desk(*roles: str) -> Desk:
    """Return a desk full of canaries: notes and drafts hold them too."""
    desk = make_desk(here=words_of("here"), there=words_of("there"), roles=roles or ROLES)
    for side, name in ((desk.here, "here"), (desk.there, "there")):
        add_note(side.ticket, f"Kanarie{name}note", by=User.objects.get(email=f"author.{name}@staff.example.com"))
    for user in desk.people.values():
        save_draft(desk.here.ticket, NewDraft(DraftKind.REPLY, "Kanarieheredraft"), by=user)
    return desk


def canaries_in(body: bytes) -> set[str]:
    """Return the sides whose words an answer holds."""
    return {word.decode() for word in re.findall(b"kanarie(here|there)", body.lower())}


def known_entries() -> set[UUID]:
    """Return the keys of all entries."""
    return set(Entry.objects.values_list("pk", flat=True))


def new_entries(before: set[UUID]) -> list[Entry]:
    """Return the entries written since, oldest first, but the refusals."""
    return [entry for entry in Entry.objects.exclude(pk__in=before).order_by("id") if entry.action in OPENINGS]


def numbers_listed(entries: Sequence[Entry]) -> set[int]:
    """Return the ticket numbers that ticket.list entries name."""
    with purpose(Purpose.SYSTEM):
        contents = [unpack(bytes(entry.payload)) for entry in entries if entry.action == "ticket.list"]
    return {number for content in contents for number in json.loads(json.dumps(content))["details"]["numbers"]}


def body_of(response: HttpResponseBase) -> bytes:
    """Return the whole body."""
    parts = response.streaming_content if response.streaming else [response.content]  # type: ignore[attr-defined] # one of both
    return b"".join(parts)


def owed_by(label: str, response: HttpResponseBase, shown: set[str]) -> Counter[str]:
    """Return which entries an answer owes."""
    if label in LOG and response.status_code == 200:
        return Counter([LOG[label]])
    if shown or (label == "GET mail:cid" and response.status_code == 200):
        return Counter(OWED.get(label, ("no page of this address may show it",)))
    return Counter(["mail.cancelled"]) if label == "POST tickets:undo" and response.status_code == 302 else Counter()


def faults_of(desk: Desk, label: str, response: HttpResponseBase, before: set[UUID]) -> list[str]:
    """Return what is wrong between an answer and the entries that it wrote."""
    body = body_of(response)
    shown, entries = canaries_in(body), new_entries(before)
    written = Counter(entry.action for entry in entries)
    owed = owed_by(label, response, shown)
    faults = [] if written == owed else [f"{label}: {response.status_code} wrote {dict(written)}, owes {dict(owed)}"]
    if written["ticket.list"] and numbers_listed(entries) != numbers_of(desk, shown):
        faults.append(f"{label}: listed {numbers_listed(entries)}, showed {numbers_of(desk, shown)}")
    if "there" in shown:
        faults.append(f"{label}: showed another inbox")
    return faults


def numbers_of(desk: Desk, shown: set[str]) -> set[int]:
    """Return the numbers of the tickets of these sides."""
    return {side.ticket.number for side, name in ((desk.here, "here"), (desk.there, "there")) if name in shown}


def visits(client: Client, side: Side, **names: str) -> Iterator[tuple[str, HttpResponseBase]]:
    """Give the answer to every row, and those that only a script gets."""
    # What names nothing of an inbox answers the same for both sides.
    for row in TABLE if side.inbox.name == "Here" else [row for row in TABLE if row.has_there]:
        yield str(row), ask(client, row, side, **names)
    part = {"HX-Request": "true"}
    yield "PART tickets:ticket", client.get(side.fill("/t/{number}"), headers=part)
    yield "PART tickets:list", client.get("/?folder=open", headers=part)
    yield "GET tickets:list", client.get("/?folder=unassigned")
    yield "GET tickets:rows", client.get(side.fill("/rows?numbers={number},999999"))
    old = {"text": "x", "once": side.fill("{once}"), "version": "1"}
    yield "CONFLICT tickets:reply", client.post(side.fill("/t/{number}/reply"), old)
    own_the_mail(client, side)
    yield "DATA tickets:undo", client.post(side.fill("/undo/{waiting}"), headers={"Accept": "application/json"})


def each_visit(client: Client, side: Side, judge: Judge, *, me: str) -> None:
    """Let `judge` see each answer and the entries of before it, always on an untouched desk."""
    steps = visits(client, side, me=me)
    more = True
    while more:
        with taken_back():
            before = known_entries()
            step = next(steps, None)
            more = step is not None
            if step is not None:
                judge(*step, before)


def walk(desk: Desk, role: str) -> list[str]:
    """Return every fault that the role's answers show."""
    client, faults = desk.client(role), list[str]()

    def judge(label: str, response: HttpResponseBase, before: set[UUID]) -> None:
        faults.extend(faults_of(desk, label, response, before))

    for side in (desk.here, desk.there):
        each_visit(client, side, judge, me=str(desk.people[role].pk))
    return faults


@pytest.mark.parametrize("role", ROLES)
def test_every_plaintext_has_its_one_entry(role: str) -> None:
    assert walk(make_canary_desk(role), role) == []


def test_the_canaries_are_shown_where_they_are_expected() -> None:
    desk = make_canary_desk("Team lead")
    client, shown = desk.client("Team lead"), set[str]()

    def judge(label: str, response: HttpResponseBase, _before: set[UUID]) -> None:
        if canaries_in(body_of(response)):
            shown.add(label)

    each_visit(client, desk.here, judge, me=str(desk.people["Team lead"].pk))
    page = client.get(desk.here.fill("/t/{number}")).content.decode()

    assert shown == set(OWED) - {"GET mail:cid"}
    assert set(re.findall(r"Kanariehere(\w+)", page)) >= {"subject", "name", "file", "note", "draft"}


def _silent(request: HttpRequest) -> HttpResponse:
    with purpose(Purpose.VIEW):
        return HttpResponse(str(Ticket.objects.order_by("number")[0].subject) + request.path)


class PlantedUrls:
    """A URL conf with one page that opens a ticket and tells nobody."""

    urlpatterns = [path("silent", _silent)]


def test_a_page_that_opens_without_recording_is_found(settings: object) -> None:
    desk = make_canary_desk("Agent")
    client = desk.client("Agent")
    settings.ROOT_URLCONF = PlantedUrls  # type: ignore[attr-defined] # pytest-django's settings
    before = known_entries()

    faults = faults_of(desk, "GET tickets:silent", client.get("/silent"), before)

    assert faults == ["GET tickets:silent: 200 wrote {}, owes {'no page of this address may show it': 1}"]


@pytest.mark.parametrize(
    ("module", "address", "label"),
    [
        (reader, "/t/{number}/print", "GET tickets:print"),
        (reader, "/m/{message}/body", "GET mail:body"),
        (files, "/files/{file}", "GET mail:file"),
    ],
)
def test_an_opening_whose_record_is_taken_out_is_found(
    monkeypatch: pytest.MonkeyPatch, module: object, address: str, label: str
) -> None:
    desk = make_canary_desk("Senior agent")
    client = desk.client("Senior agent")
    before = known_entries()
    assert faults_of(desk, label, client.get(desk.here.fill(address)), before) == []

    monkeypatch.setattr(module, "record", lambda *_what, **_more: None)
    before = known_entries()
    assert len(faults_of(desk, label, client.get(desk.here.fill(address)), before)) == 1


def test_a_ticket_shown_again_within_the_hour_is_not_listed_again(
    django_capture_on_commit_callbacks: object,
) -> None:
    desk = make_canary_desk("Agent")
    client, again = desk.client("Agent"), desk.client("Agent")

    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator] # pytest-django's context manager
        first = client.get("/")
    second = client.get("/")
    elsewhere = again.get("/")

    lists = Entry.objects.filter(action="ticket.list")
    assert all(canaries_in(page.content) == {"here"} for page in (first, second, elsewhere))
    assert lists.count() == 2


def test_the_command_line_owes_the_same_entries(capsys: pytest.CaptureFixture[str]) -> None:
    desk = make_canary_desk("Agent")
    before = known_entries()

    call_command("show_ticket", desk.here.ticket.number, "--as", desk.people["Agent"].email)

    entries = new_entries(before)
    assert canaries_in(capsys.readouterr().out.encode()) == {"here"}
    files = Attachment.objects.filter(message__ticket=desk.here.ticket).count()
    assert files >= 2
    assert Counter(entry.action for entry in entries) == {"ticket.view": 1, "attachment.download": files}
    assert {(entry.actor_kind, entry.acting_for) for entry in entries} == {("cli", desk.people["Agent"].pk)}
