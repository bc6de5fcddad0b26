"""Begin a conversation with a mail of ours."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.ids import new_id
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key
from inbox.contacts.services.identify import identify
from inbox.inboxes.models import Inbox
from inbox.mail import tokens
from inbox.mail.models import OutboundMail
from inbox.mail.send.files import Upload, seal_uploads
from inbox.mail.send.outbox import Outgoing, announced, enqueue, made_before, new_participants, require_text, sender_of
from inbox.mail.send.quote import written
from inbox.mail.send.recipients import Recipient, checked, own_addresses, require_somebody
from inbox.mail.states import OutKind
from inbox.tickets.services.append import NewMessage
from inbox.tickets.services.drafts import drop_draft
from inbox.tickets.services.open import NewTicket, open_ticket
from inbox.tickets.states import Direction, DraftKind


@dataclass(frozen=True, slots=True)
class NewConversation:
    """A mail that begins a conversation."""

    to: Recipient
    subject: str
    text: str
    once: UUID
    cc: Sequence[Recipient] = field(default_factory=tuple)
    files: Sequence[Upload] = field(default_factory=tuple)


def start_conversation(inbox: Inbox, new: NewConversation, *, by: User) -> OutboundMail:
    """Open a ticket with a mail of ours. Needs REPLY on the inbox.

    The same `once` again, also at the same moment, returns the mail that it made. Raises EmptyText, NoRecipient,
    WrongAddress, NoSender and StorageFull; nothing is written then.
    """
    made = made_before(new.once, by=by)
    if made is not None:
        return made
    try:
        return _start(inbox, new, by=by)
    except IntegrityError:
        made = made_before(new.once, by=by)
        if made is None:
            raise
        return made


@transaction.atomic
def _start(inbox: Inbox, new: NewConversation, *, by: User) -> OutboundMail:
    require_text(new.text)
    sender = sender_of(inbox)
    own = own_addresses()
    to, cc = checked([new.to], own=own), checked(new.cc, own=own)
    require_somebody(to)
    ticket_id = new_id()
    ensure_key(Owner(OwnerKind.TICKET, ticket_id))
    first = NewMessage(
        Direction.OUTBOUND,
        new.text.strip(),
        subject=new.subject,
        author=by,
        participants=new_participants(inbox, sender, to=to, cc=cc),
        attachments=seal_uploads(ticket_id, new.files),
    )
    contact = identify(to[0].address, to[0].name)
    shown = to[0].name or to[0].address
    ticket, message = open_ticket(NewTicket(ticket_id, inbox, new.subject, shown, contact, assignee=by), first)
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    body = written(new.text, inbox, answers=None, mark=mark)
    outbound = enqueue(ticket, message, Outgoing(OutKind.NEW, new.once, sender, new.subject, body, to, cc), by=by)
    drop_draft(None, DraftKind.NEW, by=by)
    record(Action.TICKET_REPLY, on=ticket.as_subject(), message=message.pk, mail=outbound.pk)
    return announced(ticket, message, outbound)
