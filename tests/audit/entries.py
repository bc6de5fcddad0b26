"""Entries and people for the tests of the log."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from django.db import connections, transaction

from accounts.models import User
from audit.actions import Action, SubjectKind
from audit.models import Entry
from audit.subjects import Subject
from helpdesk.core.context import Actor, ActorKind
from helpdesk.core.ids import new_id

DESK = Subject(SubjectKind.DESK)


def make_person(name: str = "Kim", email: str = "kim@desk.example") -> User:
    """Return a person who can act."""
    return User.objects.create_user(email=email, password=None, name=name)


def actor_of(person: User) -> Actor:
    """Return the actor that a person's requests have."""
    return Actor(ActorKind.PERSON, person.pk)


def make_entry(action: Action = Action.KEYS_ROTATED, **details: str) -> Entry:
    """Return an entry as the database stamped it."""
    return Entry.found.get(pk=Entry.objects.write(action, on=DESK, content={"details": details}).pk)


def ticket_subject(inbox_id: UUID | None = None, ticket_id: UUID | None = None) -> Subject:
    """Return a ticket that no row stands behind."""
    return Subject(SubjectKind.TICKET, ticket_id or new_id(), inbox_id)


@contextmanager
def triggers_off() -> Iterator[None]:
    """Take the guard off for the owner, in a transaction that is committed."""
    with transaction.atomic("owner"), connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        yield
        cursor.execute("ALTER TABLE audit_entry ENABLE TRIGGER USER")


def move_clock(entry: Entry, moment: datetime) -> None:
    """Let an entry have happened at `moment`: as the owner, with the guard off."""
    with triggers_off(), connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET occurred_at = %s WHERE id = %s", [moment, entry.pk])
