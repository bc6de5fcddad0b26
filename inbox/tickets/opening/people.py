"""Our own people and damaged fields, as every opening shows them."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.crypto.errors import CryptoError
from inbox.tickets.models import Message, Ticket
from inbox.tickets.rows import Person

UNREADABLE = "\N{REPLACEMENT CHARACTER}"


def people_of(ids: Iterable[UUID | None]) -> dict[UUID | None, Person]:
    """Return the persons behind these keys, in one query; None and unknown keys are left out."""
    rows = User.objects.filter(pk__in={pk for pk in ids if pk is not None}).values_list("pk", "name", "email")
    return {pk: person(pk, name, email) for pk, name, email in rows}


def person(pk: UUID, name: str, email: str) -> Person:
    """Return one of our own people as colleagues see them."""
    return Person(pk, name or email, _initials(name or email))


def readable(ticket: Ticket, row: Ticket | Message, column: str) -> str:
    """Return a sealed column of `row`, or a replacement sign when it is damaged: the damage is recorded.

    Fail closed and go on: one damaged row must not hide the others.
    """
    try:
        return str(getattr(row, column))
    except CryptoError:
        record(Action.INTEGRITY_FAILURE, on=ticket.as_subject(), survives_rollback=True, row=row.pk, column=column)
        return UNREADABLE


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[:2]).upper()
