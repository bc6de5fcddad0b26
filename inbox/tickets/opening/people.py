"""Our own people and damaged fields, as every opening shows them."""

from collections.abc import Iterable
from typing import Final, Protocol
from uuid import UUID

from django.db.models import F, Model

from accounts.models import User
from audit.actions import Action, Outcome
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.ready import AnyOf, Ready, Slot
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.fields import SealedModel
from inbox.tickets.rows import Person

UNREADABLE = "\N{REPLACEMENT CHARACTER}"
_PEOPLE: Final = Ready(lambda: User.objects.filter(AnyOf(F("pk"), Slot("ids"))).only("name", "email"))


class Recorded(Protocol):
    """Something that an entry can be about."""

    def as_subject(self) -> Subject:
        """Return what the entry names."""


def people_of(ids: Iterable[UUID | None]) -> dict[UUID | None, Person]:
    """Return the persons behind these keys, in one query; None and unknown keys are left out."""
    wanted = {pk for pk in ids if pk is not None}
    rows = _PEOPLE.rows(ids=list(wanted)) if wanted else ()
    return {row.pk: person(row.pk, row.name, row.email) for row in rows}


def person(pk: UUID, name: str, email: str) -> Person:
    """Return one of our own people as colleagues see them."""
    return Person(pk, name or email, _initials(name or email))


def readable(on: Recorded, row: SealedModel, column: str) -> str:
    """Return a sealed text of `row` ("" for NULL), a replacement sign when it is damaged: recorded `on` its owner.

    Fail closed and go on: one damaged row must not hide the others.
    """
    try:
        return str(getattr(row, column) or "")
    except CryptoError:
        record_damage(on, row, column)
        return UNREADABLE


def record_damage(on: Recorded, row: Model, column: str) -> None:
    """Record that something sealed cannot be opened; the entry stays whatever becomes of the act."""
    record(
        Action.INTEGRITY_FAILURE,
        on=on.as_subject(),
        outcome=Outcome.FAILED,
        survives_rollback=True,
        row=row.pk,
        column=column,
    )


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()
