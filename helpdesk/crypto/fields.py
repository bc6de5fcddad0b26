"""Sealed columns: what is assigned is sealed when the row is saved, and opened only when the attribute is read.

A seal is bound to the row's key, its model and its column, so it opens nowhere else. Nothing but `isnull` can be asked
of a sealed column, and only saving an instance or `bulk_create` can fill it: `update()` and `bulk_update()` have no row
to bind to.
"""

import json
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any, ClassVar, Final, NoReturn, Self, cast
from uuid import UUID

from django.db import models
from django.db.models.expressions import Col
from django.db.models.lookups import IsNull

from helpdesk.crypto import envelope
from helpdesk.crypto.aead import bound
from helpdesk.crypto.keyring import KeyRef, opening_key, sealing_key

_OF_A_MIGRATION: Final = "__fake__"
"""The module that Django gives the models which migrations see."""
_as_stored: ContextVar[bool] = ContextVar("as_stored", default=False)
"""Whether attributes give what is stored instead of opening it: while Django moves values between instances."""


class Sealed:
    """A sealed value as it is stored. It shows nothing, compares as itself and goes into no pickle."""

    __slots__ = ("envelope", "pk")

    def __init__(self, stored: bytes, *, pk: UUID | None = None) -> None:
        """Hold `stored`; `pk` is the row that it belongs to, None until an instance takes it."""
        self.envelope = stored
        self.pk = pk

    def __repr__(self) -> str:
        """Show nothing."""
        return "<sealed>"

    def __reduce__(self) -> NoReturn:
        """Refuse: a pickle outlives the purpose that it was opened for."""
        raise TypeError("a row with sealed values cannot be pickled: pass its id")


class _Assigned:
    """What the caller assigned and did not save yet: theirs to read back, hidden from everything else."""

    __slots__ = ("plain",)

    def __init__(self, plain: object) -> None:
        self.plain = plain

    def __repr__(self) -> str:
        return "<assigned>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a row with sealed values cannot be pickled: pass its id")


class _ForColumn:
    """What `pre_save` hands to the statement: the proof that a value was sealed for its row."""

    __slots__ = ("stored",)

    def __init__(self, stored: bytes | None) -> None:
        self.stored = stored


class _SealedCol(Col):
    """A sealed column in a query, good for being selected and for nothing else.

    Django resolves a column to order by it, and asks what it contains and refers to when it is put into an expression;
    it does neither to a column that is only selected.
    """

    def resolve_expression(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse to order by it."""
        raise _refusal(self.target)

    @property
    def contains_aggregate(self) -> NoReturn:
        """Refuse to compute with it."""
        raise _refusal(self.target)

    def get_refs(self) -> NoReturn:
        """Refuse to aggregate it."""
        raise _refusal(self.target)


class _SealedIsNull(IsNull):
    """The one question that may be asked of a sealed column."""

    def __init__(self, lhs: Col, rhs: object) -> None:
        super().__init__(Col(lhs.alias, lhs.target, lhs.output_field), rhs)


class SealedAttribute:
    """Opens a sealed column when it is read, in the purpose of that moment; what was assigned is given back."""

    def __init__(self, field: "SealedField") -> None:
        """Serve `field`."""
        self.field = field
        self.name = field.attname

    def __get__(self, instance: "SealedModel | None", owner: type | None = None) -> object:
        """Return the plaintext, None for NULL. Raises NoPurpose, DecryptionError, KeyMissing or KeyDestroyed."""
        if instance is None:
            return self
        value = instance.__dict__.get(self.name) or self.field.held(instance)
        if value is None or _as_stored.get():
            return value
        return self.field.unseal(instance, value) if isinstance(value, Sealed) else value.plain

    def __set__(self, instance: "SealedModel", value: object) -> None:
        """Take a plaintext from a caller, or a stored value from Django. Raises TypeError on another type."""
        if isinstance(value, Sealed):
            if value.pk is None:
                value.pk = instance.__dict__.get(instance._meta.pk.attname)
        elif value is not None and not isinstance(value, _Assigned):
            if not isinstance(value, self.field.takes):
                raise TypeError(f"{self.field} takes {self.field.takes.__name__}, not {type(value).__name__}")
            value = _Assigned(value)
        instance.__dict__[self.name] = value


class SealedField(models.Field):  # type: ignore[type-arg] # Django's fields take no type parameters when they run
    """What the sealed columns share. `takes` is the type of plaintext."""

    descriptor_class = SealedAttribute
    takes: ClassVar[type] = object

    def encode(self, value: object) -> bytes:
        """Return the bytes that are sealed for `value`, which is of the type that the column takes."""
        raise NotImplementedError

    def decode(self, plain: bytes) -> object:
        """Return the value of the opened bytes."""
        raise NotImplementedError

    def held(self, instance: "SealedModel") -> Sealed | _Assigned | None:
        """Return what the instance holds, fetched when the column was deferred."""
        if self.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.attname])
        value: Sealed | _Assigned | None = instance.__dict__[self.attname]
        return value

    def seal(self, instance: "SealedModel", value: object) -> Sealed:
        """Return `value` sealed for this column of `instance`."""
        key = sealing_key(instance.seal_ref())
        pk: UUID = instance.pk
        return Sealed(envelope.seal(key.cipher, self.encode(value), context=self._context + pk.bytes), pk=pk)

    def unseal(self, instance: "SealedModel", sealed: Sealed) -> object:
        """Return the plaintext of `sealed`, which must be of this column of `instance`."""
        key = opening_key(instance.seal_ref())
        pk: UUID = instance.pk
        return self.decode(envelope.unseal(key.cipher, sealed.envelope, context=self._context + pk.bytes))

    def contribute_to_class(self, cls: type[models.Model], name: str, *args: bool, **kwargs: bool) -> None:
        """Join the model and fix once what the column's seals are bound to. No form made from the model has it."""
        super().contribute_to_class(cls, name, *args, **kwargs)
        self.editable = False
        self._context = bound(f"{cls._meta.label}.{self.attname}".encode())

    def deconstruct(self) -> tuple[str, str, Sequence[Any], dict[str, Any]]:  # Any: Django's own signature
        """Leave `editable` out: it never differs."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("editable", None)
        return name, path, args, kwargs

    def get_internal_type(self) -> str:
        """Return the kind of column: bytes."""
        return "BinaryField"

    def pre_save(self, model_instance: models.Model, *_args: object, **_kwargs: object) -> _ForColumn:
        """Seal what was assigned; from then on a purpose opens it. Raises TypeError for a copied row."""
        instance = cast("SealedModel", model_instance)  # cast: crypto.E002 keeps other models out
        value = self.held(instance)
        if isinstance(value, _Assigned):
            value = self.seal(instance, value.plain)
            instance.__dict__[self.attname] = value
        if value is None:
            return _ForColumn(None)
        if value.pk != instance.pk:
            raise TypeError(f"{self} was sealed for another row: assign it anew")
        return _ForColumn(value.envelope)

    def from_db_value(self, value: bytes | None, *_args: object) -> Sealed | None:
        """Return the stored value unopened, for instances and `values()` alike."""
        return None if value is None else Sealed(bytes(value))

    def get_db_prep_value(self, value: object, *_args: object, **_kwargs: object) -> bytes | None:
        """Return what stands in the statement. Raises TypeError for anything that was not sealed for its row.

        A migration that adds the column fills it with NULL.
        """
        if value is None and self.model.__module__ == _OF_A_MIGRATION:
            return None
        if not isinstance(value, _ForColumn):
            raise _refusal(self)
        return value.stored

    get_db_prep_save = get_db_prep_value

    def get_lookup(self, lookup_name: str) -> type[_SealedIsNull]:
        """Return `isnull`; raise TypeError for every other question."""
        if lookup_name != "isnull":
            raise _refusal(self)
        return _SealedIsNull

    def get_transform(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: nothing can be computed from a sealed column."""
        raise _refusal(self)

    def get_col(self, alias: str, output_field: "models.Field[Any, Any] | None" = None) -> _SealedCol:
        """Return the column as a query selects it."""
        return _SealedCol(alias, self, output_field)

    def value_from_object(self, *_args: object, **_kwargs: object) -> NoReturn:
        """Refuse: serializers and forms made from the model must leave a sealed column out."""
        raise _refusal(self)

    value_to_string = value_from_object


class SealedTextField(SealedField):
    """Text of any length, lone surrogates and NUL included. "" is sealed like any other text; NULL stays NULL."""

    takes = str
    _pyi_private_set_type: str
    _pyi_private_get_type: str

    def encode(self, value: object) -> bytes:
        """Return UTF-8."""
        return str(value).encode("utf-8", "surrogatepass")

    def decode(self, plain: bytes) -> str:
        """Return the text of UTF-8."""
        return plain.decode("utf-8", "surrogatepass")


class SealedBytesField(SealedField):
    """Bytes as they are."""

    takes = bytes
    empty_strings_allowed = False
    _pyi_private_set_type: bytes
    _pyi_private_get_type: bytes

    def encode(self, value: object) -> bytes:
        """Return `value`."""
        return cast("bytes", value)  # cast: the column took nothing else

    def decode(self, plain: bytes) -> bytes:
        """Return `plain`."""
        return plain


class SealedJSONField(SealedField):
    """A value of JSON. Each read gives a value of its own: to change it, assign it whole."""

    empty_strings_allowed = False
    _pyi_private_set_type: Any  # Any: JSON has no narrower type
    _pyi_private_get_type: Any  # Any: as above

    def encode(self, value: object) -> bytes:
        """Return compact JSON. Raises TypeError or ValueError if `value` is none."""
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def decode(self, plain: bytes) -> object:
        """Return the value of `plain`."""
        return json.loads(plain.decode("utf-8", "surrogatepass"))


class SealedModel(models.Model):
    """A model with sealed columns. Its primary key is a UUID made by the application, since the seal is bound to it."""

    class Meta:
        abstract = True

    def seal_ref(self) -> KeyRef:
        """Return whose key this row is sealed under. Every model answers for itself."""
        raise NotImplementedError(f"{type(self).__name__} must say whose key it is sealed under")

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: "models.QuerySet[Self] | None" = None,
    ) -> None:
        """Read the row again; what is sealed stays sealed."""
        token = _as_stored.set(True)
        try:
            super().refresh_from_db(using, fields, from_queryset)
        finally:
            _as_stored.reset(token)


def sealed_fields(model: type[models.Model]) -> tuple[SealedField, ...]:
    """Return the sealed columns of `model`."""
    return tuple(field for field in model._meta.concrete_fields if isinstance(field, SealedField))


def _refusal(field: object) -> TypeError:
    return TypeError(f"{field} is sealed: it is opened on an instance, filled by saving one, and asked only for isnull")
