"""Tickets without a mail behind them, by the service that every mail ends in: quick enough for hundreds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime

from django.db import connection, transaction

from accounts.models import User
from audit.actions import Action
from audit.models import Entry
from audit.payload import Plain, unpack
from helpdesk.core import events
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.files import write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key
from inbox.inboxes.models import Inbox, Role
from inbox.inboxes.services.bindings import BindingSpec, make_binding
from inbox.tickets.events import MessageAdded, TicketChanged, TicketOpened
from inbox.tickets.models import Attachment, Message, Ticket
from inbox.tickets.services.append import NewAttachment, NewMessage, append_message
from inbox.tickets.services.open import NewTicket, open_ticket
from inbox.tickets.states import Direction

Told = TicketOpened | MessageAdded | TicketChanged


def open_plain(inbox: Inbox, subject: str = "Printer", *, text: str = "It does not print.") -> Ticket:
    """Return a ticket with one message."""
    new = NewTicket(new_id(), inbox, subject, "Kim Reyes")
    return open_ticket(new, NewMessage(Direction.INBOUND, text))[0]


def place(ticket: Ticket, **columns: object) -> Ticket:
    """Give a ticket columns that no service of today sets, or a moment of the test's choice."""
    Ticket.objects.filter(pk=ticket.pk).update(**columns)
    ticket.refresh_from_db()
    return ticket


def append_plain(ticket: Ticket, text: str = "And another thing.", *, at: datetime | None = None) -> Message:
    """Return one more message of the ticket."""
    return append_message(ticket, NewMessage(Direction.INBOUND, text, at=at))


def attach(ticket: Ticket, data: bytes, name: str = "scan.pdf", *, content_type: str = "application/pdf") -> Attachment:
    """Return a file of one more message of the ticket."""
    ensure_key(Owner(OwnerKind.TICKET, ticket.pk))
    blob = write_blob([data], Owner(OwnerKind.TICKET, ticket.pk), kind="attachment")
    file = NewAttachment(blob.id, name, content_type, blob.size_bytes)
    message = append_message(ticket, NewMessage(Direction.INBOUND, "See the file.", attachments=[file]))
    return message.attachments.get()


def bind(user: User, role: str, *inboxes: Inbox) -> None:
    """Give `user` one more shipped role."""
    make_binding(BindingSpec(Role.objects.get(name=role), inboxes, people=(user,)), by=None)


def entries(*actions: Action) -> list[Entry]:
    """Return the entries of these actions, the oldest first."""
    return list(Entry.found.filter(action__in=actions).order_by("seq"))


def details(entry: Entry) -> dict[str, Plain]:
    """Return what was said in an entry."""
    with purpose(Purpose.SYSTEM):
        found = unpack(entry.payload)["details"]
    assert isinstance(found, dict)
    return found


def damage(row: object, column: str) -> None:
    """Flip a bit of a sealed column in the database."""
    table, pk = row._meta.db_table, row.pk  # type: ignore[attr-defined] # any model's row
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{table}" SET "{column}" = set_bit("{column}", 300, 1 - get_bit("{column}", 300)) WHERE id = %s',  # noqa: S608 - names of this test
            [pk],
        )
        assert cursor.rowcount == 1


@contextmanager
def hearing(*kinds: type[Told]) -> Iterator[list[Told]]:
    """Collect the events of these kinds that are told while it is open."""
    heard: list[Told] = []

    def hearer(event: Told) -> None:
        heard.append(event)

    for kind in kinds:
        events.subscribe(kind, hearer)
    try:
        yield heard
    finally:
        for kind in kinds:
            events._handlers[kind].remove(hearer)  # type: ignore[arg-type] # as it was subscribed


def rolled_back(act: Callable[[], object]) -> None:
    """Do `act` in a transaction that is taken back."""
    with transaction.atomic():
        act()
        transaction.set_rollback(True)
