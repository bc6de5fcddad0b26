"""Sealed columns: what is stored, what opens it, and everything that is refused."""

import copy
import json
import pickle
import uuid
from collections.abc import Callable

import pytest
from django.core import serializers
from django.db import connection, transaction
from django.db.migrations.state import ModelState, ProjectState
from django.db.models import Count, Exists, F, Max, OuterRef, Q, UUIDField, Value
from django.db.models.functions import Concat, Length, Lower
from django.forms import modelform_factory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from helpdesk.core.context import NoPurpose, Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.errors import DecryptionError, KeyDestroyed, KeyMissing
from helpdesk.crypto.fields import (
    Sealed,
    SealedAttribute,
    SealedField,
    SealedModel,
    SealedTextField,
    sealed_fields,
)
from helpdesk.crypto.keyring import Owner, OwnerKind, destroy_key, make_key
from tests.helpdesk.crypto.rows import Row, stored

NEEDLE = "the parcel has not arrived"


def make_row(ticket: uuid.UUID, **values: object) -> Row:
    return Row.objects.create(**{"ticket": ticket, "subject": NEEDLE, **values})


def test_the_database_never_sees_the_plaintext(rows: uuid.UUID, opened: None) -> None:
    row = make_row(rows, body="long " * 500, facts={"needle": NEEDLE}, blob=NEEDLE.encode())

    with connection.cursor() as cursor:
        cursor.execute("SELECT sealed_row::text FROM sealed_row")
        text = cursor.fetchone()[0]

    assert NEEDLE not in text
    assert NEEDLE.encode().hex() not in text
    assert Row.objects.get(pk=row.pk).subject == NEEDLE


def test_every_kind_of_column_comes_back(rows: uuid.UUID, opened: None) -> None:
    values = {
        "subject": "Grüße \x00 \ud800",
        "body": "",
        "note": None,
        "facts": {"a": [1, None, "ü\ud800"]},
        "blob": b"\x00\xff",
    }
    row = make_row(rows, **values)

    again = Row.objects.get(pk=row.pk)

    assert {name: getattr(again, name) for name in values} == values


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    text=st.text(max_size=1200),
    data=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5),
    blob=st.binary(max_size=1200),
)
def test_any_value_comes_back(rows: uuid.UUID, opened: None, text: str, data: object, blob: bytes) -> None:
    row = make_row(rows, subject=text, note=text, facts={"data": data}, blob=blob)

    again = Row.objects.get(pk=row.pk)

    assert (again.subject, again.note, again.facts, again.blob) == (text, text, {"data": data}, blob)


def test_null_stays_null_and_empty_text_is_sealed(rows: uuid.UUID) -> None:
    row = make_row(rows, body="", note=None)

    assert stored(row, "note") is None
    assert len(stored(row, "body") or b"") == 62
    assert Row.objects.get(pk=row.pk).note is None


def test_reading_demands_a_purpose_each_time(rows: uuid.UUID) -> None:
    row = Row.objects.get(pk=make_row(rows).pk)

    with pytest.raises(NoPurpose):
        _ = row.subject
    with purpose(Purpose.VIEW):
        assert row.subject == NEEDLE
    with pytest.raises(NoPurpose):
        _ = row.subject


def test_what_was_assigned_is_the_callers_own_until_it_is_saved(rows: uuid.UUID) -> None:
    row = Row(ticket=rows, subject=NEEDLE)
    assert row.subject == NEEDLE

    row.save()

    with pytest.raises(NoPurpose):
        _ = row.subject
    with purpose(Purpose.VIEW):
        assert row.subject == NEEDLE


def test_saving_again_seals_only_what_was_assigned(rows: uuid.UUID, opened: None) -> None:
    row = Row.objects.get(pk=make_row(rows, body="first").pk)
    subject, body = stored(row, "subject"), stored(row, "body")

    row.body = "second"
    row.save()

    assert stored(row, "subject") == subject
    assert stored(row, "body") != body
    assert Row.objects.get(pk=row.pk).body == "second"


def test_update_fields_leaves_the_others_alone(rows: uuid.UUID, opened: None) -> None:
    row = Row.objects.get(pk=make_row(rows, body="first", note="kept").pk)

    row.body, row.note, row.state = "second", "never saved", "closed"
    row.save(update_fields=["body", "state"])

    again = Row.objects.get(pk=row.pk)
    assert (again.body, again.note, again.state) == ("second", "kept", "closed")


def test_a_column_can_be_emptied(rows: uuid.UUID) -> None:
    row = make_row(rows, note="something")

    row.note = None
    row.save(update_fields=["note"])

    assert stored(row, "note") is None


def test_bulk_create_seals(rows: uuid.UUID, opened: None) -> None:
    made = Row.objects.bulk_create(Row(ticket=rows, subject=f"subject {n}") for n in range(3))

    assert sorted(row.subject for row in Row.objects.all()) == ["subject 0", "subject 1", "subject 2"]
    assert {len(stored(row, "subject") or b"") for row in made} == {62}


def test_refresh_and_deferred_columns_need_a_purpose_only_to_be_read(rows: uuid.UUID) -> None:
    pk = make_row(rows, body="text").pk
    row = Row.objects.defer("body").get(pk=pk)
    Row.objects.filter(pk=pk).update(state="closed")

    row.refresh_from_db()

    assert row.state == "closed"
    deferred = Row.objects.only("ticket").get(pk=pk)
    with pytest.raises(NoPurpose):
        _ = deferred.subject
    with purpose(Purpose.VIEW):
        assert (deferred.subject, deferred.body, row.body) == (NEEDLE, "text", "text")


def test_a_deferred_column_can_be_saved(rows: uuid.UUID, opened: None) -> None:
    row = Row.objects.only("ticket").get(pk=make_row(rows).pk)

    row.save(update_fields=["subject"])

    assert Row.objects.get(pk=row.pk).subject == NEEDLE


def test_update_or_create_and_get_or_create_seal(rows: uuid.UUID, opened: None) -> None:
    pk = new_id()

    Row.objects.get_or_create(pk=pk, defaults={"ticket": rows, "subject": "one"})
    Row.objects.update_or_create(pk=pk, defaults={"subject": "two"})

    assert Row.objects.get().subject == "two"


def test_values_are_opaque(rows: uuid.UUID, opened: None) -> None:
    make_row(rows)

    sealed = Row.objects.values_list("subject", flat=True).get()

    assert isinstance(sealed, Sealed)
    assert (repr(sealed), str(sealed), f"{sealed}") == ("<sealed>", "<sealed>", "<sealed>")
    with pytest.raises(TypeError):
        json.dumps(sealed)


def test_nothing_shows_in_a_repr(rows: uuid.UUID) -> None:
    fresh = Row(ticket=rows, subject=NEEDLE)

    assert NEEDLE not in repr(fresh) + repr(vars(fresh))
    assert NEEDLE not in repr(vars(make_row(rows)))


@pytest.mark.parametrize("saved", [False, True])
def test_no_pickle(rows: uuid.UUID, opened: None, saved: bool) -> None:  # noqa: FBT001 - a parameter of the test
    row = make_row(rows) if saved else Row(ticket=rows, subject=NEEDLE)

    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(row)
    with pytest.raises(TypeError, match="cannot be pickled"):
        copy.deepcopy(vars(row)["subject"])


def test_serializers_refuse(rows: uuid.UUID, opened: None) -> None:
    row = make_row(rows)

    with pytest.raises(TypeError, match="is sealed"):
        serializers.serialize("json", [row])
    assert '"state": "open"' in serializers.serialize("json", [row], fields=["state"])


def test_no_form_made_from_the_model_has_a_sealed_field() -> None:
    form = modelform_factory(Row, fields="__all__")

    assert set(form.base_fields) == {"id", "ticket", "state"}


REFUSED: dict[str, Callable[[], object]] = {
    "filter": lambda: Row.objects.filter(subject="x"),
    "filter none": lambda: Row.objects.filter(subject=None),
    "filter in": lambda: Row.objects.filter(subject__in=["x"]),
    "filter contains": lambda: Row.objects.filter(subject__contains="x"),
    "filter transform": lambda: Row.objects.filter(subject__length__gt=1),
    "filter expression": lambda: list(Row.objects.filter(Q(state=F("subject")))),
    "filter of a function": lambda: list(Row.objects.filter(state=Lower("subject"))),
    "exclude": lambda: Row.objects.exclude(subject="x"),
    "get": lambda: Row.objects.get(subject="x"),
    "order_by": lambda: list(Row.objects.order_by("subject")),
    "order_by descending": lambda: list(Row.objects.order_by("-subject")),
    "annotate": lambda: Row.objects.annotate(copy=F("subject")),
    "annotate function": lambda: Row.objects.annotate(size=Length("subject")),
    "annotate concat": lambda: Row.objects.annotate(both=Concat("subject", Value("x"))),
    "alias": lambda: Row.objects.alias(copy=F("subject")),
    "aggregate": lambda: Row.objects.aggregate(Max("subject")),
    "update": lambda: Row.objects.update(subject="x"),
    "update bytes": lambda: Row.objects.update(blob=b"x"),
    "update null": lambda: Row.objects.update(note=None),
    "update expression": lambda: Row.objects.update(subject=F("body")),
    "update value": lambda: Row.objects.update(subject=Value("x")),
    "update sealed": lambda: Row.objects.update(subject=Row.objects.values_list("body", flat=True)[0]),
    "bulk_update": lambda: Row.objects.bulk_update(Row.objects.all(), ["subject"]),
    "bulk_update null": lambda: Row.objects.bulk_update(Row.objects.all(), ["note"]),
    "save an expression": lambda: Row(ticket=new_id(), subject=F("body")),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_query_cannot_use_a_sealed_column(rows: uuid.UUID, opened: None, name: str) -> None:
    row = make_row(rows)
    before = stored(row, "subject")

    with pytest.raises(TypeError, match=r"is sealed|takes str"), transaction.atomic():
        REFUSED[name]()

    assert stored(row, "subject") == before


def test_a_migration_may_add_a_nullable_column() -> None:
    state = ProjectState()
    columns = [("id", UUIDField(primary_key=True)), ("note", SealedTextField(null=True))]
    state.add_model(ModelState("crypto", "later", columns))
    later = state.apps.get_model("crypto", "later")._meta.get_field("note")

    assert later.get_db_prep_save(None, connection) is None
    for column, value in ((later, "words"), (Row._meta.get_field("note"), None)):
        with pytest.raises(TypeError, match="is sealed"):
            column.get_db_prep_save(value, connection)


def test_queries_around_a_sealed_column_work(rows: uuid.UUID, opened: None) -> None:
    row = make_row(rows, note="here")
    make_row(rows)
    whole = Row.objects.filter(note__isnull=False)

    assert [found.pk for found in whole] == [row.pk]
    assert Row.objects.filter(note__isnull=True).exclude(pk=row.pk).count() == 1
    assert Row.objects.filter(Exists(Row.objects.filter(pk=OuterRef("pk"), note__isnull=False))).get() == row
    assert Row.objects.annotate(number=Count("pk")).order_by("-pk").distinct().count() == 2
    assert len(whole.union(Row.objects.all())) == 2
    assert len(Row.objects.values("subject").annotate(number=Count("pk"))) == 2
    assert Row.objects.update(state="closed") == 2
    assert Row.objects.bulk_update(Row.objects.all(), ["state"]) == 2


@pytest.mark.parametrize(("column", "value"), [("subject", b"x"), ("subject", 1), ("blob", "x"), ("note", {})])
def test_a_column_takes_its_own_type_alone(column: str, value: object) -> None:
    with pytest.raises(TypeError, match="takes"):
        Row(**{column: value})


@pytest.mark.parametrize("value", [{1, 2}, float("nan"), object()])
def test_json_refuses_what_is_none(rows: uuid.UUID, value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        make_row(rows, facts=value)


def test_each_read_of_json_is_a_value_of_its_own(rows: uuid.UUID, opened: None) -> None:
    row = Row.objects.get(pk=make_row(rows, facts={"a": 1}).pk)

    row.facts["a"] = 2

    assert row.facts == {"a": 1}


def move(source: Row, column: str, *, into: Row, as_column: str) -> Row:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE sealed_row SET {as_column} = %s WHERE id = %s", [stored(source, column), into.pk])  # noqa: S608 - columns' names
    return Row.objects.get(pk=into.pk)


def test_a_seal_opens_in_its_own_place_alone(rows: uuid.UUID, opened: None) -> None:
    elsewhere = new_id()
    make_key(Owner(OwnerKind.TICKET, elsewhere))
    one, two, other = make_row(rows), make_row(rows), make_row(elsewhere)

    assert move(one, "subject", into=one, as_column="subject").subject == NEEDLE
    for source, column, into in [(one, "body", one), (one, "subject", two), (one, "subject", other)]:
        with pytest.raises(DecryptionError):
            _ = move(source, column, into=into, as_column="subject").subject


def test_a_row_moved_to_another_ticket_does_not_open(rows: uuid.UUID, opened: None) -> None:
    elsewhere = new_id()
    make_key(Owner(OwnerKind.TICKET, elsewhere))
    row = make_row(rows)

    Row.objects.filter(pk=row.pk).update(ticket=elsewhere)

    with pytest.raises(DecryptionError):
        _ = Row.objects.get(pk=row.pk).subject


def test_every_changed_byte_is_refused(rows: uuid.UUID, opened: None) -> None:
    row = make_row(rows)
    whole = stored(row, "subject") or b""

    for at in range(len(whole)):
        changed = bytearray(whole)
        changed[at] ^= 0x40
        row.__dict__["subject"] = Sealed(bytes(changed), pk=row.pk)
        with pytest.raises(DecryptionError):
            _ = row.subject
    row.__dict__["subject"] = Sealed(whole, pk=row.pk)
    assert row.subject == NEEDLE


def test_a_copied_row_is_not_saved_with_the_seals_of_the_old_one(rows: uuid.UUID, opened: None) -> None:
    row = Row.objects.get(pk=make_row(rows).pk)

    row.pk = new_id()

    with pytest.raises(TypeError, match="another row"), transaction.atomic():
        row.save(force_insert=True)
    row.subject, row.body, row.facts, row.blob = "new", "", {}, b""
    row.save(force_insert=True)
    assert sorted(found.subject for found in Row.objects.all()) == ["new", NEEDLE]


def test_without_its_key_a_row_is_neither_saved_nor_read(rows: uuid.UUID, opened: None) -> None:
    row = make_row(rows)

    with pytest.raises(KeyMissing), transaction.atomic():
        make_row(new_id())
    destroy_key(Owner(OwnerKind.TICKET, rows))

    with pytest.raises(KeyDestroyed):
        _ = Row.objects.get(pk=row.pk).subject
    assert Row.objects.count() == 1


def test_sealed_fields_lists_the_columns() -> None:
    assert [field.name for field in sealed_fields(Row)] == ["subject", "body", "note", "facts", "blob"]


def test_a_migration_names_only_what_differs() -> None:
    assert Row._meta.get_field("note").deconstruct() == (
        "note",
        "helpdesk.crypto.fields.SealedTextField",
        [],
        {"null": True},
    )


def test_the_bases_leave_the_rest_to_those_that_inherit() -> None:
    with pytest.raises(NotImplementedError):
        SealedField().encode("x")
    with pytest.raises(NotImplementedError):
        SealedField().decode(b"x")
    with pytest.raises(NotImplementedError):
        SealedModel.seal_ref(Row())
    assert isinstance(Row.__dict__["subject"], SealedAttribute)
    assert getattr(Row, "subject") is Row.__dict__["subject"]  # noqa: B009 - the type checker knows another descriptor
