"""Send a mail that came back once more, to another address: the same words and files as a new mail."""

from dataclasses import replace
from uuid import UUID

from django.db import transaction

from accounts.models import User
from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.mail.errors import NothingToResend, SameAddress
from inbox.mail.models import Bounce, OutboundMail
from inbox.mail.send.files import copy_files
from inbox.mail.send.outbox import (
    Outgoing,
    Sender,
    announced,
    bring_up,
    enqueue,
    made_before,
    new_participants,
    sender_of,
)
from inbox.mail.send.quote import Body
from inbox.mail.send.recipients import Recipient, checked, own_addresses, require_somebody
from inbox.mail.states import BounceAction, OutKind
from inbox.tickets.models import Attachment, Message
from inbox.tickets.services.append import NewAttachment, NewMessage, write_message
from inbox.tickets.services.locking import lock, require_outside_bin
from inbox.tickets.states import Direction


@transaction.atomic
def send_elsewhere(bounce: Bounce, to: Recipient, *, once: UUID, by: User) -> OutboundMail:
    """Put the mail that came back into the outbox again, to `to` alone. Needs REPLY.

    It is a message of its own, so that answers to it and a bounce of it find it. The same `once` again returns the mail
    that it made. Raises NothingToResend for a report that is no failure of a ticket's mail, SameAddress, IllegalMove
    for a ticket in the bin, NoRecipient, WrongAddress, NoSender and StorageFull; nothing is written then.
    """
    outbound, message = _came_back(bounce)
    ticket = lock(message.ticket)
    made = made_before(once, by=by)  # under the lock: a double click comes at the same moment
    if made is not None:
        return made
    require_outside_bin(ticket)
    to = _another(bounce, to)
    sender = sender_of(ticket.inbox)
    sent = write_message(ticket, _again(message, to, sender, by=by))
    new = enqueue(ticket, sent, _outgoing(outbound, to, sender, once=once), by=by)
    bring_up(ticket, sent)
    record(Action.MAIL_READDRESSED, on=ticket.as_subject(), message=sent.pk, mail=new.pk, instead_of=outbound.pk)
    return announced(ticket, sent, new)


def _came_back(bounce: Bounce) -> tuple[OutboundMail, Message]:
    outbound = bounce.outbound
    if bounce.action != BounceAction.FAILED or outbound is None or outbound.message is None:
        raise NothingToResend("this report is no failure of a mail of a ticket")
    return outbound, outbound.message


def _another(bounce: Bounce, to: Recipient) -> Recipient:
    right = checked([to], own=own_addresses())
    require_somebody(right)
    with purpose(Purpose.SYSTEM):
        if right[0].address.casefold() == str(bounce.recipient).casefold():
            raise SameAddress("the mail came back from this address")
    return right[0]


def _again(message: Message, to: Recipient, sender: Sender, *, by: User) -> NewMessage:
    with purpose(Purpose.SYSTEM):
        text, html, subject = str(message.text), str(message.html or ""), str(message.subject)
        files = [_same_place(file) for file in Attachment.objects.filter(message=message)]
    return NewMessage(
        Direction.OUTBOUND,
        text,
        html=html,
        subject=subject,
        sanitiser_version=message.sanitiser_version,
        other_party=message.other_party,
        author=by,
        answers_id=message.answers_id,
        participants=new_participants(message.ticket.inbox, sender, to=[to], cc=[]),
        attachments=files,
    )


def _same_place(file: Attachment) -> NewAttachment:
    """Return a copy of a file that stands in the text where the original stands."""
    return replace(copy_files([file])[0], content_id=str(file.content_id), inline=file.inline)


def _outgoing(outbound: OutboundMail, to: Recipient, sender: Sender, *, once: UUID) -> Outgoing:
    # Taken back, the mail that began a conversation takes the conversation along: this one must not.
    kind = OutKind.REPLY if outbound.kind == OutKind.NEW else OutKind(outbound.kind)
    with purpose(Purpose.SYSTEM):
        envelope = outbound.envelope
        return Outgoing(
            kind,
            once,
            sender,
            str(outbound.subject),
            Body(str(outbound.text), str(outbound.html)),
            [to],
            in_reply_to=str(envelope["in_reply_to"]),
            references=list(envelope["references"]),
        )
