"""Questions about entries. Their order is `(txid, id)`, newest first."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

from django.db import connections, models
from django.db.models import Func, Q, Value
from django.db.models.lookups import GreaterThan, LessThan

from audit.actions import Action, Outcome
from audit.errors import WrongFilter

T = TypeVar("T", bound=models.Model, covariant=True)


class _FinishedAt(Func):
    function = "pg_visible_in_snapshot"
    template = "%(function)s(%(expressions)s::pg_snapshot)"
    output_field = models.BooleanField()


class _Row(Func):
    """Values compared as one, so that the index of the order is read from the place on, however long a transaction."""

    template = "(%(expressions)s)"
    output_field = models.TextField()


_PLACE: Final = _Row("txid", "id")


@dataclass(frozen=True, slots=True)
class EntryCursor:
    """The place of one entry in the order."""

    txid: int
    id: UUID

    def encode(self) -> str:
        """Return the place as it stands in an address."""
        return f"{self.txid}-{self.id.hex}"

    def as_row(self) -> Func:
        """Return the place as the database compares it."""
        return _Row(Value(str(self.txid)), Value(self.id))

    @classmethod
    def decode(cls, text: str) -> "EntryCursor":
        """Return the place that `text` names. Raises WrongFilter."""
        txid, _, key = text.partition("-")
        if not (txid.isascii() and txid.isdigit() and len(txid) <= 19 and len(key) == 32):
            raise WrongFilter("not a place in the log")
        try:
            return cls(int(txid), UUID(hex=key))
        except ValueError as error:
            raise WrongFilter("not a place in the log") from error


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """What to look for; None and empty mean any.

    `since` is included, `until` is not. `inbox_ids` is what the reader may see: None the whole log, else only entries
    of these inboxes, and none when it is empty.
    """

    person_id: UUID | None = None
    action: Action | None = None
    outcome: Outcome | None = None
    ticket_id: UUID | None = None
    inbox_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    inbox_ids: frozenset[UUID] | None = None


class EntryQuerySet(models.QuerySet[T]):
    """Entries of the log."""

    def matching(self, wanted: EntryFilter) -> "EntryQuerySet[T]":
        """Keep what the filter asks for and its reader may see."""
        exact = {
            "action": wanted.action,
            "outcome": wanted.outcome,
            "ticket_id": wanted.ticket_id,
            "inbox_id": wanted.inbox_id,
            "occurred_at__gte": wanted.since,
            "occurred_at__lt": wanted.until,
        }
        found = self.filter(**{name: value for name, value in exact.items() if value is not None})
        if wanted.person_id is not None:
            found = found.by(wanted.person_id)
        return found.in_inboxes(wanted.inbox_ids)

    def by(self, person_id: UUID) -> "EntryQuerySet[T]":
        """Keep what a person did, or a command with that person's rights."""
        return self.filter(Q(actor_id=person_id) | Q(acting_for=person_id))

    def in_inboxes(self, inbox_ids: Collection[UUID] | None) -> "EntryQuerySet[T]":
        """Keep entries of these inboxes; all when None."""
        return self if inbox_ids is None else self.filter(inbox_id__in=inbox_ids)

    def newest_first(self) -> "EntryQuerySet[T]":
        """Order by `(txid, id)`, backwards."""
        return self.order_by("-txid", "-id")

    def oldest_first(self) -> "EntryQuerySet[T]":
        """Order by `(txid, id)`."""
        return self.order_by("txid", "id")

    def older_than(self, place: EntryCursor) -> "EntryQuerySet[T]":
        """Keep what stands before `place` in the order."""
        return self.filter(LessThan(_PLACE, place.as_row()))

    def newer_than(self, place: EntryCursor) -> "EntryQuerySet[T]":
        """Keep what stands behind `place` in the order."""
        return self.filter(GreaterThan(_PLACE, place.as_row()))

    def committed_at(self, moment: str) -> "EntryQuerySet[T]":
        """Keep what was committed at the moment that `snapshot()` gave, whatever is written since."""
        return self.filter(_FinishedAt("txid", Value(moment)))


def snapshot() -> str:
    """Return which transactions are finished now, in PostgreSQL's text form of `pg_snapshot`."""
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_current_snapshot()::text")
        (moment,) = cursor.fetchone()
    return str(moment)
