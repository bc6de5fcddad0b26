"""Open a ticket for one person: its newest messages, one entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.db.models.expressions import RawSQL

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.html import SANITISER_VERSION
from helpdesk.core.ids import new_id
from helpdesk.core.ready import AnyOf, Ready, Slot
from inbox.contacts.models import ContactAddress
from inbox.inboxes.permissions import Access
from inbox.tickets.models import Attachment, Draft, Message, Participant, Ticket
from inbox.tickets.opening.extras import open_extras
from inbox.tickets.opening.files import attachment_view
from inbox.tickets.opening.people import UNREADABLE, people_of, readable
from inbox.tickets.rows import (
    AttachmentView,
    DraftView,
    MessageView,
    ParticipantView,
    Person,
    TicketView,
)
from inbox.tickets.states import Direction, DraftKind, Part, Protection, State

MESSAGES_SHOWN = 30
_TOTAL: Final = RawSQL("SELECT count(*) FROM tickets_message c WHERE c.ticket_id = tickets_message.ticket_id", [])
"""Asked once beside the messages, so that a long ticket takes no question more than a short one."""
_MESSAGES: Final = Ready(
    lambda: Message.objects.filter(ticket=Slot("ticket")).annotate(total=_TOTAL).order_by("-at", "-id")
)
_NEWEST: Final = Ready(
    lambda: Message.objects.filter(ticket=Slot("ticket")).annotate(total=_TOTAL).order_by("-at", "-id")[:MESSAGES_SHOWN]
)
_PARTICIPANTS: Final = Ready(lambda: Participant.objects.filter(AnyOf(F("message"), Slot("messages"))))
_FILES: Final = Ready(lambda: Attachment.objects.filter(AnyOf(F("message"), Slot("messages"))))
_ADDRESS: Final = Ready(lambda: ContactAddress.objects.filter(contact=Slot("contact"))[:1])
_DRAFTS: Final = Ready(
    lambda: Draft.objects.filter(AnyOf(F("kind"), Slot("kinds")), user=Slot("user"), ticket=Slot("ticket")).order_by(
        "-saved_at"
    )[:1]
)
_SEEN: Final = """
INSERT INTO tickets_ticketseen (id, ticket_id, user_id, version) VALUES (%s, %s, %s, %s)
ON CONFLICT (ticket_id, user_id) DO UPDATE SET version = EXCLUDED.version"""
_LINE_PX = 22
_PREVIEW = 400
_ON_THE_WAY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Newest:
    """The newest message of a ticket: who wrote it, and how it begins."""

    who: str
    preview: str


@dataclass(frozen=True, slots=True)
class _Around:
    """What stands around the messages of a ticket, loaded for all of them at once."""

    people: dict[UUID | None, Person]
    participants: dict[UUID, list[ParticipantView]]
    files: dict[UUID, list[AttachmentView]]


@transaction.atomic
def show_ticket(
    access: Access, ticket: Ticket, *, everything: bool = False, action: Action = Action.TICKET_VIEW
) -> TicketView:
    """Open a ticket for one person: its newest messages, all of them with `everything`. Writes ONE entry, of `action`.

    The number of queries does not grow with the messages. The ticket counts as seen by that person.
    """
    record(action, on=ticket.as_subject(), number=ticket.number)
    _mark_seen(access, ticket)
    newest = (_MESSAGES if everything else _NEWEST).rows(ticket=ticket.pk)
    earlier = vars(newest[0])["total"] - len(newest) if newest else 0
    with purpose(Purpose.VIEW):
        return _view(ticket, _message_views(ticket, newest[::-1]), earlier)


@transaction.atomic
def show_html(ticket: Ticket, message: Message) -> str:
    """Return the safe HTML of one message for its frame, "" when it has none; one message.body entry."""
    record(Action.MESSAGE_BODY, on=ticket.as_subject(), message=message.pk)
    if message.sanitiser_version != SANITISER_VERSION:
        return ""
    with purpose(Purpose.VIEW):
        return readable(ticket, message, "html")


@transaction.atomic
def show_message(ticket: Ticket, message: Message) -> MessageView:
    """Open one message, as for a page that is about it alone; one message.body entry."""
    record(Action.MESSAGE_BODY, on=ticket.as_subject(), message=message.pk)
    with purpose(Purpose.VIEW):
        return _message_views(ticket, [message])[0]


@transaction.atomic
def show_newest(ticket: Ticket) -> Newest | None:
    """Return who wrote last on a ticket and the beginning of it, None when nobody did; one message.body entry."""
    message = Message.objects.filter(ticket=ticket).order_by("-at", "-id").first()
    if message is None:
        return None
    record(Action.MESSAGE_BODY, on=ticket.as_subject(), message=message.pk)
    person = people_of([message.author_id]).get(message.author_id)
    with purpose(Purpose.VIEW):
        who = person.name if person else readable(ticket, ticket, "sender")
        return Newest(who, readable(ticket, message, "text")[:_PREVIEW])


def show_draft(ticket: Ticket | None, *kinds: DraftKind, by: User) -> DraftView | None:
    """Return what `by` was writing last, of these kinds; None when there is nothing. It is their own text: no entry."""
    draft = _newest_draft(ticket, kinds, by)
    if draft is None:
        return None
    with purpose(Purpose.VIEW):
        text = readable(by, draft, "text")
        fields = {} if text == UNREADABLE else {str(name): str(value) for name, value in draft.fields.items()}
    return None if text == UNREADABLE else DraftView(draft.kind, text, draft.base_version, draft.saved_at, fields)


def _newest_draft(ticket: Ticket | None, kinds: Sequence[DraftKind], by: User) -> Draft | None:
    if ticket is None:
        return Draft.objects.filter(user=by, ticket=None, kind__in=kinds).order_by("-saved_at").first()
    return _DRAFTS.first(user=by.pk, ticket=ticket.pk, kinds=[kind.value for kind in kinds])


def _view(ticket: Ticket, messages: tuple[MessageView, ...], earlier: int) -> TicketView:
    people = people_of([ticket.assignee_id])
    contact_name, contact_address = _contact(ticket)
    return TicketView(
        id=ticket.pk,
        number=ticket.number,
        subject=readable(ticket, ticket, "subject"),
        inbox_id=ticket.inbox_id,
        inbox_name=ticket.inbox.name,
        state=State(ticket.state),
        assignee=people.get(ticket.assignee_id),
        contact_id=ticket.contact_id,
        contact_name=contact_name,
        contact_address=contact_address,
        version=ticket.version,
        opened_at=ticket.opened_at,
        age_at=ticket.last_activity,
        restricted=ticket.restricted,
        deleted=ticket.deleted_at is not None,
        spam=ticket.spam_at is not None,
        messages=messages,
        earlier=earlier,
    )


def _contact(ticket: Ticket) -> tuple[str, str]:
    """Return name and address of whom the ticket is about, the name as this ticket's own mail gave it.

    The contact's own name may have come by another inbox, which the reader may not see.
    """
    name = readable(ticket, ticket, "sender")
    address = _ADDRESS.first(contact=ticket.contact_id) if ticket.contact_id else None
    return name, readable(ticket, address, "address") if address else ""


def _mark_seen(access: Access, ticket: Ticket) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_SEEN, [new_id(), ticket.pk, access.user_id, ticket.version])


def _message_views(ticket: Ticket, messages: Sequence[Message]) -> tuple[MessageView, ...]:
    around = _around(ticket, messages)
    return tuple(_message_view(ticket, message, around) for message in messages)


def _around(ticket: Ticket, messages: Sequence[Message]) -> _Around:
    ids = [message.pk for message in messages]
    participants: dict[UUID, list[ParticipantView]] = {pk: [] for pk in ids}
    files: dict[UUID, list[AttachmentView]] = {pk: [] for pk in ids}
    for row in _PARTICIPANTS.rows(messages=ids):
        name, address = readable(ticket, row, "name"), readable(ticket, row, "address")
        participants[row.message_id].append(ParticipantView(Part(row.part), name, address))
    for file in _FILES.rows(messages=ids):
        if file.message_id is not None:
            files[file.message_id].append(attachment_view(ticket, file))
    return _Around(people_of(message.author_id for message in messages), participants, files)


def _message_view(ticket: Ticket, message: Message, around: _Around) -> MessageView:
    text = readable(ticket, message, "text")
    extras = open_extras(ticket, message)
    participants = tuple(around.participants[message.pk])
    sender = next((row for row in participants if row.part == Part.FROM), None)
    client_sealed = message.protection == Protection.CLIENT_SEALED
    return MessageView(
        id=message.pk,
        direction=Direction(message.direction),
        author=around.people.get(message.author_id),
        sender_name=sender.name if sender else extras.sender_name,
        sender_address=sender.address if sender else "",
        at=message.at,
        written_at=_worth_showing(message),
        text=text,
        fold_at=message.fold_at,
        has_html=message.sanitiser_version == SANITISER_VERSION and not client_sealed,
        html_height=min(1200, 60 + _LINE_PX * (text.count("\n") + len(text) // 90)),
        remote_images=message.remote_images,
        participants=participants,
        attachments=tuple(around.files[message.pk]),
        doubts=tuple(message.doubts),
        unverified_sender=message.unverified_sender,
        machine=message.machine,
        other_party=message.other_party,
        answers_id=message.answers_id,
        unreadable=client_sealed or text == UNREADABLE,
        protection=Protection(message.protection),
        extras=extras,
    )


def _worth_showing(message: Message) -> datetime | None:
    """Return the sender's own date when it differs from the arrival by more than a delivery takes, else None."""
    if message.written_at is None or abs(message.at - message.written_at) < _ON_THE_WAY:
        return None
    return message.written_at
