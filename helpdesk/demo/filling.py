"""Fill a bench desk with many believable tickets: sealed and indexed like real ones, written in bulk."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.blind import blind
from helpdesk.crypto.keyring import Owner, OwnerKind, make_keys
from inbox.contacts.models import Contact, ContactAddress
from inbox.contacts.services.identify import address_blind
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Message, Participant, Ticket
from inbox.tickets.services.append import preview_of
from inbox.tickets.states import Direction, Part, State

_BATCH: Final = 500
_CONTACTS: Final = 200
_EVERY: Final = timedelta(minutes=3)
_SUBJECTS: Final = (
    "Invoice shows the wrong VAT number", "Cannot sign in since this morning", "Where is my parcel?",
    "Please cancel the order", "The lamp flickers", "Refund for a returned helmet", "Question about the warranty",
    "Wrong size delivered", "New address for the contract", "Thank you, one more question",
)  # fmt: skip
_TEXT: Final = (
    "Hello,\n\nI ordered on the 3rd and have heard nothing since. Could you look into it and tell me what happens next?"
    "\nMy customer number stands below.\n\nKind regards\n{name}\nCustomer {number}\n"
)


def fill_tickets(count: int) -> Iterator[int]:
    """Write `count` tickets with one message each over all inboxes and yield how many there are after each batch.

    Three in five are closed. They lie three minutes apart, the newest now.
    """
    inboxes = list(Inbox.objects.order_by("name"))
    contacts = _contacts()
    newest = timezone.now()
    done = 0
    while done < count:
        size = min(_BATCH, count - done)
        _write_batch(range(done, done + size), inboxes, contacts, newest=newest)
        done += size
        yield done


def _contacts() -> list[tuple[Contact, str, str]]:
    names = [(f"Customer {number}", f"customer{number}@example.com") for number in range(_CONTACTS)]
    with transaction.atomic(), purpose(Purpose.SYSTEM):
        known = {bytes(row.blind): row.contact for row in ContactAddress.objects.select_related("contact")}
        return [(known.get(address_blind(at)) or _make_contact(name, at), name, at) for name, at in names]


def _make_contact(name: str, address: str) -> Contact:
    contact_id = new_id()
    make_keys([Owner(OwnerKind.CONTACT, contact_id)])
    contact = Contact.objects.create(id=contact_id, name=name)
    ContactAddress.objects.create(contact=contact, address=address, blind=address_blind(address))
    return contact


@transaction.atomic
def _write_batch(
    places: range, inboxes: list[Inbox], contacts: list[tuple[Contact, str, str]], *, newest: datetime
) -> None:
    ids = [new_id() for _ in places]
    make_keys([Owner(OwnerKind.TICKET, ticket_id) for ticket_id in ids])
    tickets, messages, participants = [], [], []
    for place, ticket_id, number in zip(places, ids, _numbers(len(ids)), strict=True):
        contact, name, address = contacts[place % len(contacts)]
        text = _TEXT.format(name=name, number=place)
        ticket = _ticket(ticket_id, number, place, text=text, at=newest - place * _EVERY)
        ticket.inbox, ticket.contact, ticket.sender = inboxes[place % len(inboxes)], contact, name
        message = _message(ticket, text, place)
        message.contact = contact
        tickets.append(ticket)
        messages.append(message)
        participants += [
            _participant(message, Part.FROM, name=name, address=address),
            _participant(message, Part.TO, name="", address="support@example.org"),
        ]
    Ticket.objects.bulk_create(tickets)
    Message.objects.bulk_create(messages)
    Participant.objects.bulk_create(participants)


def _numbers(count: int) -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('ticket_number') FROM generate_series(1, %s)", [count])
        rows = cursor.fetchall()
    return islice((int(row[0]) for row in rows), count)


def _ticket(ticket_id: UUID, number: int, place: int, *, text: str, at: datetime) -> Ticket:
    state = State.CLOSED if place % 5 < 3 else State.PENDING if place % 10 == 4 else State.OPEN
    return Ticket(
        id=ticket_id,
        number=number,
        subject=_SUBJECTS[place % len(_SUBJECTS)],
        preview=preview_of(text),
        state=state,
        opened_at=at,
        last_activity=at,
    )


def _message(ticket: Ticket, text: str, place: int) -> Message:
    header_id = f"<fill.{ticket.pk.hex}.{place}@mail.example.com>"
    return Message(
        ticket=ticket,
        direction=Direction.INBOUND,
        subject=ticket.subject,
        text=text,
        header_id=header_id,
        header_blind=blind("header_id", header_id),
        at=ticket.opened_at,
        written_at=ticket.opened_at,
    )


def _participant(message: Message, part: Part, *, name: str, address: str) -> Participant:
    return Participant(
        message=message,
        ticket=message.ticket,
        part=part,
        position=0 if part == Part.FROM else 1,
        name=name,
        address=address,
        blind=address_blind(address),
    )
