"""The thirteen things that django-auditlog does by itself, each with our answer."""

import ast
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from auditlog.context import set_actor
from auditlog.registry import auditlog
from auditlog.signals import accessed
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import get_commands
from django.db import connection, transaction
from django.db.models import Model
from django.test import override_settings

from accounts.models import Team, User
from audit import checks
from audit.actions import Action
from audit.errors import RecordingError
from audit.models import Entry
from audit.opening import EntryRow, find_entries
from audit.payload import REDACTED
from audit.querysets import EntryFilter
from audit.record import record
from helpdesk.core.context import Actor, ActorKind, Purpose, Request, acting_as, purpose, within_request
from helpdesk.core.ids import new_id
from inbox.contacts.models import Contact
from inbox.inboxes.models import Role
from tests.audit.entries import actor_of, make_entry, make_person

pytestmark = pytest.mark.django_db

CANARY = "Kim Canary"
SILENT = {"update", "bulk_create", "bulk_update", "_raw_delete"}
CHANGED = EntryFilter(action=Action.ROW_CHANGED)


@pytest.fixture
def registered() -> Iterator[list[type[Model]]]:
    """Let a test register a model in place of what the product registers of it."""
    models: list[type[Model]] = []
    before = {model: dict(auditlog._registry[model]) for model in auditlog.get_models()}
    yield models
    for model in models:
        auditlog.unregister(model)
        if model in before:
            auditlog.register(model, **before[model])


def _again(models: list[type[Model]], model: type[Model], **options: list[str]) -> None:
    auditlog.unregister(model)
    auditlog.register(
        model,
        include_fields=options.get("include_fields"),
        mask_fields=options.get("mask_fields"),
        m2m_fields=options.get("m2m_fields"),
    )
    models.append(model)


@pytest.fixture(autouse=True)
def _desk() -> None:
    """Let the entries of the desk's own first rows be older than the test."""
    _begun[:] = [new_id()]


_begun: list[UUID] = []


def _rows(wanted: EntryFilter | None = None) -> tuple[EntryRow, ...]:
    """Return the test's own entries, newest first: keys of rows grow with time."""
    with purpose(Purpose.VIEW):
        return tuple(row for row in find_entries(wanted or EntryFilter()).rows if row.id > _begun[0])


def _stored() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT audit_entry::text FROM audit_entry")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_1_no_name_of_a_row_stands_in_clear() -> None:
    person = make_person(CANARY)
    person.delete()

    changed = [(row.action, row.subject_kind, row.subject_id) for row in _rows() if row.subject_kind == "person"]
    assert [row[0] for row in changed] == ["row.deleted", "row.created"]
    assert CANARY not in _stored()
    assert CANARY.encode().hex() not in _stored()
    # Control: the same search finds the same word where it does stand in clear.
    with acting_as(Actor(ActorKind.CLI, label=CANARY)):
        make_entry()
    assert CANARY in _stored()


def test_1_diff_stands_in_the_sealed_payload() -> None:
    person = make_person("Kim")
    person.name = "Robin"
    with acting_as(actor_of(person)):
        person.save()

    (row,) = _rows(CHANGED)
    assert row.content.changes == {"name": ["Kim", "Robin"]}
    assert (row.subject_kind, row.subject_id, row.actor_id) == ("person", person.pk, person.pk)
    assert Entry.found.get(pk=row.id).content_type == ContentType.objects.get_for_model(User)


def test_1_created_and_deleted_rows_show_one_side() -> None:
    team = Team.objects.create(name="Night shift")
    team.delete()

    deleted, created = _rows()
    assert created.content.changes == {"name": [None, "Night shift"]}
    assert deleted.content.changes == {"name": ["Night shift", None]}


def test_1_lists_and_truths_keep_their_kind() -> None:
    role = Role.objects.create(name="Night", rights=["view"], assign_to_self=False)
    role.rights, role.assign_to_self = ["view", "reply"], True
    role.save()

    (row,) = _rows(CHANGED)
    assert row.content.changes == {"rights": [["view"], ["view", "reply"]], "assign_to_self": [False, True]}


def test_1_saving_without_a_change_writes_nothing() -> None:
    team = Team.objects.create(name="Night shift")
    team.save()

    assert len(_rows()) == 1


def test_2_field_that_is_not_listed_is_never_recorded() -> None:
    person = make_person()
    person.timezone = "Europe/Berlin"
    person.save()

    assert _rows(CHANGED) == ()


def test_2_sealed_field_may_not_be_listed(registered: list[type[Model]]) -> None:
    assert checks.check_registry(None) == []

    _again(registered, Contact, include_fields=["name"])

    assert [error.id for error in checks.check_registry(None)] == ["audit.E002"]


def test_2_model_without_a_list_is_refused_by_check_and_writer(registered: list[type[Model]]) -> None:
    _again(registered, Team)

    assert [error.id for error in checks.check_registry(None)] == ["audit.E001"]
    with pytest.raises(RecordingError, match="without a list"), transaction.atomic():
        Team.objects.create(name="Night shift")
    assert not Team.objects.exists()


def test_3_mask_leaves_nothing(registered: list[type[Model]]) -> None:
    _again(registered, Team, include_fields=["name"], mask_fields=["name"])
    Team.objects.create(name="hepatitis")

    (row,) = _rows()
    assert row.content.changes == {"name": [None, REDACTED]}
    assert checks.check_mask(None) == []


@override_settings(AUDITLOG_MASK_CALLABLE=None)
def test_3_mask_of_auditlog_s_own_is_an_error() -> None:
    assert [error.id for error in checks.check_mask(None)] == ["audit.E004"]


def _silent_calls(source: str, listed: dict[str, set[str]]) -> list[int]:
    """Return the lines that change listed columns of these models past auditlog's signals."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in SILENT):
            continue
        inner: ast.expr = node.func
        while isinstance(inner, ast.Attribute | ast.Call):
            inner = inner.value if isinstance(inner, ast.Attribute) else inner.func
        if isinstance(inner, ast.Name) and inner.id in listed and _touches(node, listed[inner.id]):
            lines.append(node.lineno)
    return lines


def _touches(call: ast.Call, columns: set[str]) -> bool:
    named = {word.arg for word in call.keywords}
    return None in named or bool(named & columns) or bool(call.args)


def test_4_no_service_changes_recorded_rows_past_the_signals() -> None:
    listed = {
        model.__name__: set(auditlog.get_model_fields(model)["include_fields"]) for model in auditlog.get_models()
    }
    found = {
        str(path): lines
        for package in ("helpdesk", "inbox", "accounts", "audit")
        for path in (Path(settings.BASE_DIR) / package).rglob("*.py")
        if (lines := _silent_calls(path.read_text(encoding="utf-8"), listed))
    }

    assert found == {}
    planted = "Team.objects.filter(pk=1).update(name='x')\nUser.objects.bulk_create([])\nTeam.objects.update(**x)"
    assert _silent_calls(planted, listed) == [1, 2, 3]
    assert _silent_calls("User.objects.filter(pk=1).update(theme='dark')", listed) == []


def test_4_silent_ways_do_write_no_entry() -> None:
    team = Team.objects.create(name="Night")
    Team.objects.filter(pk=team.pk).update(name="Day")

    assert _rows(CHANGED) == ()


def test_5_guardian_s_rows_are_written_by_one_service_alone() -> None:
    root = Path(settings.BASE_DIR)
    names = ("bulk_assign_perm", "assign_perm_to_many", "assign_perm", "bulk_remove_perm", "remove_perm")
    callers = {
        str(path.relative_to(root))
        for package in ("helpdesk", "inbox", "accounts", "audit")
        for path in (root / package).rglob("*.py")
        if any(f"{name}(" in path.read_text(encoding="utf-8") for name in names)
    }

    assert callers <= {"inbox/inboxes/services/bindings.py"}


def test_6_set_names_what_changed_and_clear_is_refused(registered: list[type[Model]]) -> None:
    _again(registered, Team, include_fields=["name"], m2m_fields=["members"])
    team, kim, robin = Team.objects.create(name="Night"), make_person(), make_person("Robin", "robin@desk.example")
    make_person("Sasha", "sasha@desk.example")
    team.members.set([kim, robin])
    team.members.set([kim])

    with pytest.raises(RecordingError, match=r"use set\(\[\]\)"), transaction.atomic():
        team.members.clear()

    removed, added = _rows(CHANGED)
    assert added.content.changes == {"members": {"add": sorted([str(kim.pk), str(robin.pk)])}}
    assert removed.content.changes == {"members": {"delete": [str(robin.pk)]}}
    assert list(team.members.all()) == [kim]


def test_6_relation_that_gains_nothing_writes_nothing(registered: list[type[Model]]) -> None:
    team = Team.objects.create(name="Night")

    assert Entry.objects.log_m2m_changes(User.objects.filter(pk=new_id()), team, "add", "members") is None


def test_7_no_middleware_of_auditlog_believes_a_header() -> None:
    assert checks.check_mask(None) == []
    with override_settings(MIDDLEWARE=[*settings.MIDDLEWARE, "auditlog.middleware.AuditlogMiddleware"]):
        assert [error.id for error in checks.check_mask(None)] == ["audit.E005"]


@pytest.mark.parametrize("network", ["not-an-ip", "6.6.6.6, 7.7.7.7", "x" * 5000, "\0\ud800"])
def test_8_no_text_of_a_client_breaks_an_entry(network: str) -> None:
    with within_request(Request(new_id(), network=network, agent=network)):
        make_entry()

    (row,) = _rows()
    assert (row.content.network, row.content.agent) == (network, network)


def test_8_request_id_is_our_own_kind() -> None:
    names = {field.name for field in Entry._meta.get_fields()}

    assert names & {"cid", "remote_addr", "remote_port", "object_repr", "changes", "actor_email"} == set()
    assert Entry._meta.get_field("request_id").get_internal_type() == "UUIDField"


def test_9_sign_in_has_its_actor_and_no_hash_is_recorded() -> None:
    person = make_person()
    person.set_password("correct horse battery staple")
    person.save()
    with acting_as(actor_of(person)):
        record(Action.SIGN_IN, on=person.as_subject())
        record(Action.PASSWORD_CHANGED, on=person.as_subject())

    rows = _rows(EntryFilter(person_id=person.pk))
    assert [row.action for row in rows] == ["person.password_changed", "session.sign_in"]
    assert not any("password" in row.content.changes for row in _rows())


@pytest.mark.parametrize("name", ["password", "last_login"])
def test_9_secret_may_not_be_listed(registered: list[type[Model]], name: str) -> None:
    _again(registered, User, include_fields=["email", name])

    assert [error.id for error in checks.check_registry(None)] == ["audit.E003"]


def test_11_deleted_person_and_type_leave_the_log_as_it_was() -> None:
    person = make_person()
    with acting_as(actor_of(person)):
        person.name = "Robin"
        person.save()
    before = set(_stored().splitlines())

    User.objects.filter(pk=person.pk).delete()
    ContentType.objects.filter(model="user").delete()
    ContentType.objects.clear_cache()

    assert before < set(_stored().splitlines())
    assert Entry.found.filter(actor_id=person.pk).exists()


def test_12_inner_actor_gives_way_to_the_outer_again() -> None:
    kim, robin = make_person(), make_person("Robin", "robin@desk.example")
    with acting_as(actor_of(kim)):
        make_entry()
        with acting_as(actor_of(robin)), set_actor(None):
            make_entry()
        make_entry()

    assert [entry.actor_id for entry in Entry.found.filter(action=Action.KEYS_ROTATED).oldest_first()] == [
        kim.pk,
        robin.pk,
        kim.pk,
    ]


def test_13_commands_that_empty_or_rewrite_the_log_are_ours() -> None:
    assert {name: get_commands()[name] for name in ("auditlogflush", "auditlogmigratejson")} == {
        "auditlogflush": "helpdesk",
        "auditlogmigratejson": "helpdesk",
    }


def test_views_are_not_recorded_by_auditlog_s_signal() -> None:
    person = make_person()

    with pytest.raises(RecordingError, match="record"):
        accessed.send(User, instance=person)


def test_row_without_a_kind_of_its_own_is_named_by_its_type(registered: list[type[Model]]) -> None:
    _again(registered, ContentType, include_fields=["model"])
    ContentType.objects.create(app_label="nowhere", model="thing")

    (row,) = _rows()
    assert (row.subject_kind, row.subject_id) == ("row", None)
