"""A seal opens in its own column of its own row under its own owner's key, for every sealed column that the desk has.

The columns come from the registry of models, so a new one is tried without a word here.
"""

import uuid
from itertools import product

import pytest
from django.apps import apps
from django.db import models

from helpdesk.core.ids import new_id
from helpdesk.crypto.errors import DecryptionError
from helpdesk.crypto.fields import SealedField, SealedModel, sealed_fields
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key, make_key

MODELS = sorted((model for model in apps.get_models() if issubclass(model, SealedModel)), key=lambda m: m._meta.label)
COLUMNS = [(model, field) for model in MODELS for field in sealed_fields(model)]
SAMPLES = {str: "Ada Lovelace", bytes: b"Ada Lovelace", object: {"name": "Ada Lovelace"}}

Column = tuple[type[SealedModel], SealedField]


def make_row(model: type[SealedModel], *, key: uuid.UUID, pk: uuid.UUID | None = None) -> SealedModel:
    """Return an unsaved row whose every id is `key`, the id of a DataKey and of an owner, so that it can be sealed."""
    row = model()
    row.pk = pk or row.pk
    for field in model._meta.concrete_fields:
        target = field.target_field if isinstance(field, models.ForeignKey) else field
        if isinstance(target, models.UUIDField) and not field.primary_key:
            setattr(row, field.attname, key)
    ref = row.seal_ref()
    if isinstance(ref, Owner):
        ensure_key(ref)
    return row


def opens(field: SealedField, row: SealedModel, *, sealed_by: SealedField, of: SealedModel) -> bool:
    try:
        return field.unseal(row, sealed_by.seal(of, SAMPLES[sealed_by.takes])) == SAMPLES[sealed_by.takes]
    except DecryptionError:
        return False


@pytest.fixture
def key(db: None, opened: None) -> uuid.UUID:
    """The id of a key that exists."""
    return make_key(Owner(OwnerKind.USER, new_id()))


def name(column: Column) -> str:
    return f"{column[0]._meta.label}.{column[1].name}"


def test_the_registry_is_not_empty() -> None:
    assert {"tickets.Ticket.subject", "tickets.Message.text", "mail.Mailbox.secret"} <= {name(c) for c in COLUMNS}


@pytest.mark.parametrize("column", COLUMNS, ids=name)
def test_a_seal_opens_in_no_other_row_and_under_no_other_key(key: uuid.UUID, column: Column) -> None:
    model, field = column
    row, neighbour = make_row(model, key=key), make_row(model, key=key)
    elsewhere = make_row(model, key=make_key(Owner(OwnerKind.USER, new_id())), pk=row.pk)

    assert opens(field, row, sealed_by=field, of=row)
    assert not opens(field, neighbour, sealed_by=field, of=row)
    assert opens(field, elsewhere, sealed_by=field, of=row) is (elsewhere.seal_ref() == row.seal_ref())


def test_a_seal_opens_in_no_other_column_of_any_model(key: uuid.UUID) -> None:
    pk = new_id()
    rows = {model: make_row(model, key=key, pk=pk) for model in MODELS}

    opened = {
        (name(here), name(there))
        for here, there in product(COLUMNS, COLUMNS)
        if opens(here[1], rows[here[0]], sealed_by=there[1], of=rows[there[0]])
    }

    assert opened == {(name(column), name(column)) for column in COLUMNS}


@pytest.mark.parametrize("column", COLUMNS, ids=name)
def test_a_changed_seal_does_not_open(key: uuid.UUID, column: Column) -> None:
    model, field = column
    row = make_row(model, key=key)
    sealed = field.seal(row, SAMPLES[field.takes])
    whole = sealed.envelope

    for at in range(len(whole)):
        sealed.envelope = whole[:at] + bytes([whole[at] ^ 0x10]) + whole[at + 1 :]
        with pytest.raises(DecryptionError):
            field.unseal(row, sealed)
    sealed.envelope = whole
    assert field.unseal(row, sealed) == SAMPLES[field.takes]
