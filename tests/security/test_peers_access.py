"""How access was broken at peers, tried here: second doors, foreign ids, fields that no form has."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final
from uuid import uuid4

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import models
from django.test import Client

from accounts.models import User
from inbox.contacts.models import Contact
from inbox.mail.send.recipients import suggest
from inbox.tickets.models import Attachment, Message, Ticket
from tests.make import Letter, make_mail, message_of, receive
from tests.security.desk import Desk, Words, make_desk, make_side
from tests.security.rows import TABLE, Row
from tests.security.test_url_table import ask, taken_back
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db

OPEN_TO_ALL: Final = {"health:health", "door:sign_in", "door:sign_out"}


def test_peer_01_a_foreign_contact_is_not_bound_to_a_ticket() -> None:
    desk = make_desk(there=Words(name="Hidden Person", address="hidden@example.org"), roles=("Agent",))
    client, foreign = desk.client("Agent"), Contact.objects.get(tickets=desk.there.ticket)
    form = {"inbox": "{inbox}", "to": "new@example.org", "subject": "Hello", "text": "Hi", "once": "{once}"}
    extra = {name: str(foreign.pk) for name in ("contact", "contact_id", "customer_id", "customer")}

    client.post("/new", {name: desk.here.fill(value) for name, value in form.items()} | extra)

    assert Ticket.objects.filter(inbox=desk.here.inbox).count() == 2
    assert list(foreign.tickets.all()) == [desk.there.ticket]


def test_peer_01_writing_to_an_address_tells_no_name_that_another_inbox_knows() -> None:
    desk = make_desk(there=Words(name="Hidden Person", address="hidden@example.org"), roles=("Agent",))
    client = desk.client("Agent")
    form = {"inbox": "{inbox}", "to": "hidden@example.org", "subject": "Hello", "text": "Hi", "once": "{once}"}

    answer = client.post("/new", {name: desk.here.fill(value) for name, value in form.items()}, follow=True)

    assert "hidden@example.org" in answer.content.decode()
    assert "Hidden Person" not in answer.content.decode()
    assert "Hidden Person" not in client.get("/").content.decode()


def test_peer_06_no_scripts_address_answers_to_nobody() -> None:
    side = make_side("Here")
    rows = [
        row for row in TABLE if row.method == "GET" and row.name not in OPEN_TO_ALL | {"door:code", "door:recovery"}
    ]

    for header in ({"HX-Request": "true"}, {"Accept": "application/json"}, {"Sec-Fetch-Dest": "empty"}):
        answers = {row.name: Client(headers=header).get(side.fill(row.path)) for row in rows}
        assert {name: answer.status_code for name, answer in answers.items() if answer.status_code != 401} == {}
        assert {answer.content for answer in answers.values()} == {b""}


def test_peer_10_a_stranger_who_cites_a_mail_gets_no_answer(opened: None) -> None:
    desk = make_desk(roles=())
    ticket = desk.here.ticket
    known = Message.objects.filter(ticket=ticket).earliest("at")
    letter = Letter(
        sender="Mallory <mallory@evil.example>",
        to=desk.here.names["address"],
        headers={"In-Reply-To": f"<{known.header_id}>", "References": f"<{known.header_id}>"},
    )

    message = message_of(receive(make_mail("Re: Printer", "What was the answer?\n", letter), inbox=desk.here.inbox))

    addresses = {recipient.address for recipient in suggest(ticket).to}
    assert addresses == {"kim@example.org"}
    assert message.ticket != ticket or message.unverified_sender


def test_peer_14_15_no_address_of_a_file_opens_it_without_a_session() -> None:
    desk = make_desk(roles=("Agent",))
    client = desk.client("Agent")

    for query in ("", "?token=x", "?signature=1&expires=9999999999", "?access_token=", "?id=1"):
        for address in ("/files/{file}", "/m/{message}/cid/{picture}", "/m/{message}/raw", "/m/{message}/body"):
            answer = Client().get(desk.here.fill(address) + query)
            assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/login/")
        assert client.get(f"/files/{uuid4()}{query}").status_code == 404
        assert client.get(desk.here.fill("/files/{file}") + query).status_code == 200


def _fields_of(*labels: str) -> Iterable["models.Field[object, object]"]:
    for label in labels:
        yield from (field for field in apps.get_model(label)._meta.get_fields() if isinstance(field, models.Field))


def hostile_fields(desk: Desk) -> dict[str, str]:
    """Return every column of our models as a form would name it, with a value that would hurt."""
    fields = _fields_of("tickets.Ticket", "tickets.Message", "tickets.Draft", "accounts.User", "mail.OutboundMail")
    found: dict[str, str] = {}
    for field in fields:
        value = "1" if isinstance(field, models.BooleanField | models.IntegerField) else "evil@evil.example"
        if isinstance(field, models.ForeignKey):
            value = desk.there.names["inbox"] if field.name == "inbox" else str(desk.people["Team lead"].pk)
        found |= {field.name: value, f"{field.name}_id": value}
    return found | {"bcc": "evil@evil.example", "is_admin": "1", "auto_bcc": "evil@evil.example"}


TABLES: Final = ("tickets.Ticket", "tickets.Message", "tickets.Participant", "tickets.Draft", "tickets.Attachment",
                 "accounts.User", "mail.OutboundMail", "mail.Mailbox", "inboxes.Inbox", "inboxes.Binding")  # fmt: skip
_ALWAYS_NEW: Final = {"updated_at", "saved_at", "last_activity", "at", "created_at", "send_after", "last_login"}


def _snapshot() -> dict[tuple[str, str], dict[str, object]]:
    rows: dict[tuple[str, str], dict[str, object]] = {}
    for label in TABLES:
        model = apps.get_model(label)
        sealed = {field.name for field in model._meta.concrete_fields if "Sealed" in type(field).__name__}
        columns = [field.attname for field in model._meta.concrete_fields if field.name not in sealed | _ALWAYS_NEW]
        for row in model._base_manager.values(*columns):
            rows[label, str(row["id"])] = row
    return rows


def effect_of(desk: Desk, row: Row, extra: dict[str, str]) -> tuple[set[tuple[str, str, str]], list[str]]:
    """Return the columns that a form changed with their new values, and the tables in which it made rows."""
    client = desk.client("Team lead")
    before = _snapshot()
    form = {**extra, **(row.form or {})}
    with taken_back():
        ask(client, Row(row.name, row.path, row.here, row.there, form, method="POST"), desk.here, **_me(desk))
        after = _snapshot()
    changed = {
        (label, column, "a moment" if isinstance(value, datetime) else str(value))
        for (label, key), columns in after.items()
        for column, value in columns.items()
        if (label, key) in before and before[label, key][column] != value
    }
    return changed, sorted(label for label, key in after if (label, key) not in before)


def _me(desk: Desk) -> dict[str, str]:
    return {"me": str(desk.people["Team lead"].pk)}


FORMS: Final = [row for row in TABLE if row.method == "POST" and row.name.split(":")[0] in {"tickets", "mail", "door"}
                and row.name not in {"tickets:undo", "door:sign_out"}]  # fmt: skip


def test_peer_16_no_form_takes_a_field_that_it_does_not_show() -> None:
    desk = make_desk(roles=("Team lead",))
    extra = hostile_fields(desk)

    for row in FORMS:
        mine = {name: value for name, value in extra.items() if name not in (row.form or {})}
        # These the forms do show: other answers of the same page.
        mine = {
            name: value for name, value in mine.items() if name not in {"cc", "files", "once", "version", "single_keys"}
        }
        assert effect_of(desk, row, mine) == effect_of(desk, row, {}), row


def test_peer_16_a_field_that_a_form_does_take_is_seen() -> None:
    desk = make_desk(roles=("Team lead",))
    row = next(row for row in FORMS if row.name == "tickets:state")

    plain = effect_of(desk, row, {})
    other = effect_of(desk, Row(row.name, row.path, row.here, row.there, {**(row.form or {}), "state": "pending"}), {})

    assert ("tickets.Ticket", "state", "closed") in plain[0]
    assert ("tickets.Ticket", "state", "pending") in other[0]


def test_peer_34_35_65_a_reply_takes_no_file_of_another_ticket() -> None:
    desk = make_desk(roles=("Agent",))
    foreign = desk.there.names["file"]
    before = Attachment.objects.get(pk=foreign)
    form = {"text": "See.", "version": "{version}", "once": "{once}"}
    extra = dict.fromkeys(("kept", "files", "file", "attachment", "attachments", "attachment_ids", "draft"), foreign)

    client = desk.client("Agent")
    client.post(desk.here.fill("/t/{number}/reply"), {n: desk.here.fill(v) for n, v in form.items()} | extra)

    newest = Message.objects.filter(ticket=desk.here.ticket).latest("at")
    # A picture of the mail being answered goes along; no file of another ticket does.
    taken = newest.attachments.all()
    assert all(file.inline for file in taken)
    assert before.blob not in {file.blob for file in taken}
    assert Attachment.objects.get(pk=foreign).message_id == before.message_id
    assert Attachment.objects.get(pk=foreign).ticket_id == desk.there.ticket.pk


def test_peer_44_a_picture_is_shown_in_its_own_mail_alone() -> None:
    desk = make_desk(roles=("Agent",))
    client, here, there = desk.client("Agent"), desk.here.names, desk.there.names

    assert client.get(f"/m/{here['message']}/cid/{here['picture']}").status_code == 200
    for message, picture in ((here["message"], there["picture"]), (there["message"], here["picture"]),
                             (here["message"], here["file"])):  # fmt: skip
        assert client.get(f"/m/{message}/cid/{picture}").status_code == 404


def test_peer_44_an_upload_that_is_no_message_yet_is_its_uploaders() -> None:
    desk = make_desk(roles=("Agent",))
    Attachment.objects.filter(pk=desk.here.names["file"]).update(message=None, uploaded_by=make_person())

    assert desk.client("Agent").get(desk.here.fill("/files/{file}")).status_code == 404
    Attachment.objects.filter(pk=desk.here.names["file"]).update(uploaded_by=desk.people["Agent"])
    assert desk.client("Agent").get(desk.here.fill("/files/{file}")).status_code == 200


def test_peer_48_each_of_several_files_is_checked(settings: object) -> None:
    settings.POSTERN_UPLOAD_BYTES = 1000  # type: ignore[attr-defined] # pytest-django's settings
    desk = make_desk(roles=("Agent",))
    files = [SimpleUploadedFile("a.txt", b"a"), SimpleUploadedFile("b.txt", b"b" * 5000)]
    form = {
        name: desk.here.fill(value) for name, value in {"text": "x", "version": "{version}", "once": "{once}"}.items()
    }
    count = Message.objects.count()

    answer = desk.client("Agent").post(desk.here.fill("/t/{number}/reply"), form | {"files": files})

    assert answer.status_code == 413
    assert Message.objects.count() == count


COLUMNS_ASKED_FOR: Final = (
    "order_by=inbox__mailboxes__secret", "o=-password", "filter=inbox__mailboxes__secret__startswith=a",
    "inbox__mailboxes__imap_user=desk", "sort=subject&dir=desc", "folder=__class__", "assignee__password=x",
)  # fmt: skip


def test_peer_56_no_list_sorts_or_filters_by_a_column_of_the_askers_choice() -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead")
    part = {"HX-Request": "true"}

    for query in COLUMNS_ASKED_FOR:
        assert client.get(f"/?{query}", headers=part).content == client.get("/", headers=part).content
        assert client.get(f"/audit/?{query}").status_code in {200, 422}


def test_peer_64_no_answer_holds_a_hash_or_a_secret() -> None:
    desk = make_desk(roles=("Security admin",))
    client = desk.client("Security admin")
    user = User.objects.get(pk=desk.here.names["user"])

    for row in (row for row in TABLE if row.method == "GET"):
        answer = client.get(desk.here.fill(row.path))
        body = b"".join(answer) if answer.streaming else answer.content
        assert user.password.encode() not in body, row
        assert b"open sesame" not in body, row


def test_peer_68_nothing_changes_by_following_a_link() -> None:
    desk = make_desk(roles=("Team lead",))
    client = desk.client("Team lead")

    answers = {
        row.name: client.get(desk.here.fill(row.path)).status_code for row in FORMS if row.name.startswith("tickets:")
    }

    pages_with_a_form = {"tickets:new", "tickets:forward", "tickets:party"}
    assert {name for name, status in answers.items() if status != 405} == pages_with_a_form


def test_the_desk_lets_a_person_who_is_nobody_special_in_nowhere() -> None:
    desk = make_desk(roles=())
    client = client_of(make_person())

    assert {client.get(side.fill("/t/{number}")).status_code for side in (desk.here, desk.there)} == {404}
