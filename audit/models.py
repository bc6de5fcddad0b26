"""The log itself: one insert-only row for each act. The database stamps and guards it (migration 0002)."""

import itertools
import os
import uuid
from collections.abc import Mapping
from typing import ClassVar, Final, Protocol, runtime_checkable
from uuid import UUID

from auditlog.models import AbstractLogEntry
from auditlog.registry import auditlog
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actions import Action, Outcome, SubjectKind
from audit.errors import RecordingError
from audit.payload import VERSION, Plain, pack
from audit.querysets import EntryQuerySet
from audit.subjects import Subject
from helpdesk.core.context import Actor, NoPurpose, current_actor, current_purpose, current_request
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedBytesField, SealedModel
from helpdesk.crypto.keyring import DESK, KeyId, KeyRef, Owner, OwnerKind, ensure_key
from helpdesk.crypto.models import DataKey

ASIDE: Final = "aside"
"""The second connection of the app role, in autocommit: what is written there outlives a rollback."""


@runtime_checkable
class _Recorded(Protocol):
    def as_subject(self) -> Subject: ...


class _Process:
    """Which process writes, and its how-many-eth entry this is: a missing number shows an entry taken away."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.boot_id = uuid.uuid4()
        self.numbers = itertools.count(1)


_process: Final = _Process()
os.register_at_fork(after_in_child=_process.begin)


class Xid8Field(models.BigIntegerField):  # type: ignore[type-arg] # not subscriptable at run time
    """A 64-bit transaction number. PostgreSQL compares it with text of digits, not with its own integers."""

    def db_type(self, connection: BaseDatabaseWrapper) -> str:  # noqa: ARG002 - Django's signature
        """Return PostgreSQL's name of the type."""
        return "xid8"

    def get_db_prep_value(self, value: object, *_how: object, **_more: object) -> object:
        """Return the number as text."""
        return None if value is None else str(value)

    def from_db_value(self, value: str | None, *_place: object) -> int | None:
        """Return the number."""
        return None if value is None else int(value)


class EntryManager(models.Manager["Entry"]):
    """Writes entries: for `record()`, and for auditlog's registry, whose own manager would store them in clear."""

    def write(
        self,
        action: Action,
        *,
        on: Subject,
        outcome: Outcome = Outcome.DONE,
        content: Mapping[str, Plain],
        content_type_id: int | None = None,
    ) -> "Entry":
        """Return the entry of an act, written in the manager's connection with who, why and whence of the context."""
        actor, request = current_actor(), current_request()
        whence: dict[str, Plain] = {}
        if request is not None:
            whence = {"network": request.network, "agent": request.agent, "session": request.session}
        entry = self.model(
            boot_id=_process.boot_id,
            seq=next(_process.numbers),
            action=action,
            outcome=outcome,
            content_type_id=content_type_id,
            actor_id=actor.id,
            actor_kind=actor.kind,
            actor_label=actor.label,
            acting_for=actor.acting_for,
            subject_kind=on.kind,
            subject_id=on.id,
            inbox_id=on.inbox_id,
            ticket_id=on.timeline_id,
            request_id=request.request_id if request else None,
            purpose=_purpose(),
            flags=sorted(on.flags),
            sealed_under=self._key_for(actor),
            payload=pack({**whence, **content}),
        )
        entry.save(force_insert=True, using=self.db)
        return entry

    def _key_for(self, actor: Actor) -> UUID:
        owner = DESK if actor.id is None else Owner(OwnerKind.USER, actor.id)
        if self.db != ASIDE:
            return ensure_key(owner)
        # A key made in a transaction that rolls back would be lost, and the entry with it.
        kept = DataKey.objects.using(ASIDE).filter(owner_kind=owner.kind, owner_id=owner.id, destroyed_at=None)
        return kept.values_list("pk", flat=True).first() or ensure_key(DESK)

    def log_create(
        self,
        instance: models.Model,
        *,
        action: int,
        changes: Mapping[str, tuple[Plain, Plain]] | None,
        force_log: bool = False,
    ) -> "Entry":
        """Return the entry of a row of auditlog's registry that was saved or deleted. Raises RecordingError."""
        if force_log or changes is None:
            raise RecordingError("views are recorded by record(), not by auditlog's `accessed`")
        if not auditlog.get_model_fields(type(instance))["include_fields"]:
            raise RecordingError(f"{instance._meta.label} is registered without a list of its fields")
        act = _ROW_ACTIONS[action]
        return self._write_row(act, instance, {name: _pair(act, *pair) for name, pair in changes.items()})

    def log_m2m_changes(  # noqa: PLR0917 - auditlog's signature
        self, changed_queryset: models.QuerySet[models.Model], instance: models.Model, operation: str, field_name: str
    ) -> "Entry | None":
        """Return the entry of rows added to or taken from a relation, named by their keys; None for no rows."""
        if not changed_queryset.query.where:
            raise RecordingError(f"clear() names every row of the table: use set([]) on {field_name}")
        keys = sorted(str(key) for key in changed_queryset.values_list("pk", flat=True))
        if not keys:
            return None
        return self._write_row(Action.ROW_CHANGED, instance, {field_name: {operation: keys}})

    def _write_row(self, action: Action, instance: models.Model, changes: Mapping[str, Plain]) -> "Entry":
        return self.write(
            action,
            on=_subject_of(instance),
            content={"changes": dict(changes)},
            content_type_id=ContentType.objects.get_for_model(instance).pk,
        )


_KINDS: Final = {kind.value: kind for kind in SubjectKind}
_ROW_ACTIONS: Final[Mapping[int, Action]] = {
    AbstractLogEntry.Action.CREATE: Action.ROW_CREATED,
    AbstractLogEntry.Action.UPDATE: Action.ROW_CHANGED,
    AbstractLogEntry.Action.DELETE: Action.ROW_DELETED,
}


def _pair(action: Action, old: Plain, new: Plain) -> list[Plain]:
    # For the side that does not exist auditlog gives a column's default.
    return [None if action == Action.ROW_CREATED else old, None if action == Action.ROW_DELETED else new]


def _subject_of(instance: models.Model) -> Subject:
    if isinstance(instance, _Recorded):
        return instance.as_subject()
    kind = _KINDS.get(str(instance._meta.model_name), SubjectKind.ROW)
    key = instance.pk if isinstance(instance.pk, UUID) else None
    return Subject(kind, key, getattr(instance, "inbox_id", None))


def _purpose() -> str:
    try:
        return current_purpose()
    except NoPurpose:
        return ""


class Entry(SealedModel, AbstractLogEntry):
    """One line of the log. Its keys lead nowhere by constraint: no row of the desk can take an entry with it."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    txid = Xid8Field(_("transaction"), default=0, editable=False)
    occurred_at = models.DateTimeField(_("when"), default=timezone.now, editable=False)
    boot_id = models.UUIDField(editable=False)
    seq = models.BigIntegerField(editable=False)
    action = models.CharField(_("what"), max_length=40)  # type: ignore[assignment] # auditlog keeps a number
    outcome = models.CharField(_("outcome"), max_length=10, default=Outcome.DONE)
    content_type = models.ForeignKey(  # type: ignore[assignment] # redeclared over AbstractLogEntry's, which would cascade
        ContentType, models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        db_index=False,
        related_name="+",
        verbose_name=_("who"),
    )
    actor_kind = models.CharField(max_length=10)
    actor_label = models.CharField(max_length=100, blank=True)
    acting_for = models.UUIDField(null=True)
    subject_kind = models.CharField(max_length=20)
    subject_id = models.UUIDField(null=True)
    ticket_id = models.UUIDField(null=True)
    inbox_id = models.UUIDField(null=True)
    request_id = models.UUIDField(null=True)
    purpose = models.CharField(max_length=10, blank=True)
    flags = ArrayField(models.CharField(max_length=20), default=list, blank=True)
    event_version = models.SmallIntegerField(default=VERSION)
    sealed_under = models.UUIDField(editable=False)
    payload = SealedBytesField()

    # What auditlog would fill with clear text does not exist here.
    object_pk = object_id = object_repr = serialized_data = changes_text = changes = None  # type: ignore[assignment] # Django takes None for "not here"
    cid = remote_addr = remote_port = timestamp = additional_data = actor_email = None  # type: ignore[assignment] # as above

    objects: ClassVar[EntryManager] = EntryManager()  # type: ignore[assignment] # auditlog's own writes clear text
    found = EntryQuerySet["Entry"].as_manager()

    class Meta:
        default_permissions = ()
        get_latest_by = "occurred_at"
        verbose_name = _("log entry")
        verbose_name_plural = _("log entries")
        indexes = [
            models.Index(fields=["txid", "id"], name="entry_order"),
            models.Index(fields=["action", "txid", "id"], name="entry_action"),
            models.Index(fields=["actor", "txid", "id"], name="entry_actor", condition=Q(actor__isnull=False)),
            models.Index(
                fields=["acting_for", "txid", "id"], name="entry_acting_for", condition=Q(acting_for__isnull=False)
            ),
            models.Index(fields=["ticket_id", "txid", "id"], name="entry_ticket", condition=Q(ticket_id__isnull=False)),
            models.Index(fields=["inbox_id", "txid", "id"], name="entry_inbox", condition=Q(inbox_id__isnull=False)),
            models.Index(fields=["outcome", "txid", "id"], name="entry_outcome", condition=~Q(outcome=Outcome.DONE)),
            models.Index(fields=["occurred_at"], name="entry_time"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def seal_ref(self) -> KeyRef:
        """Return the key that the payload was sealed under when it was written."""
        return KeyId(self.sealed_under)
