"""Acknowledge a mail: once, to a person, and never in a circle (RFC 3834)."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import NAMESPACE_OID, uuid5

from django.utils import timezone

from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.errors import NoSender, WrongAddress
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import Acknowledged, Acknowledgement, OutboundMail, RawMail
from inbox.mail.send.limits import Counted, counted, is_stopped, room_for
from inbox.mail.send.outbox import Outgoing, Sender, enqueue, sender_of
from inbox.mail.send.quote import written
from inbox.mail.send.recipients import Recipient, checked, is_own, own_addresses
from inbox.mail.send.wording import worded, wording_for
from inbox.mail.states import AckReason, OutKind, Verdict
from inbox.tickets.models import Message

AGE: Final = timedelta(hours=24)
"""An older mail is not acknowledged any more, nor is an older acknowledgement sent."""
_NO_PERSON: Final = re.compile(
    r"no-?_?reply|do-?_?not-?_?reply|^owner-|-(?:owner|request|bounces?)$|^(?:majordomo|listserv|mailman|root|daemon)$",
    re.IGNORECASE,
)
"""Whose mail is read by nobody or by a list's program (RFC 3834 2), beside those that mark their mail."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail that became a message. `opened` says that it began its ticket."""

    raw: RawMail
    mail: ParsedMail
    verdict: Verdict
    message: Message
    opened: bool


def acknowledge(arrived: Arrived) -> AckReason:
    """Write the acknowledgement of a mail into the outbox, or return why there is none.

    Runs inside the transaction that reads the mail; its inbox acknowledges. Nothing of the mail stands in it: no name,
    no subject, no word and no file.
    """
    reason = _unfit(arrived)
    if reason is not None:
        return reason
    ticket = arrived.message.ticket
    to = _person(arrived.mail)
    if to is None:
        return AckReason.NO_PERSON
    words = wording_for(ticket.inbox, languages=arrived.mail.languages, at=timezone.now())
    if words is None:
        return AckReason.NO_TEXT
    try:
        sender = sender_of(ticket.inbox)
    except NoSender:
        return AckReason.NO_WAY_OUT
    whom = counted(to.address)
    full = room_for(whom, ticket=ticket)
    if full is None:
        _count(arrived, _write(arrived, words, to=to, sender=sender), whom)
    return full or AckReason.WRITTEN


def is_wanted(row: OutboundMail) -> bool:
    """Return whether a mail may still leave: an acknowledgement may have been switched off, stopped or outlived."""
    if row.kind != OutKind.ACKNOWLEDGEMENT:
        return True
    if row.inbox is None or not row.inbox.acknowledges or row.created_at < timezone.now() - AGE or is_stopped():
        return False
    written = Acknowledged.objects.select_related("ticket").filter(outbound=row).first()
    return written is not None and written.ticket.is_live and not _leads_home(row)


def _unfit(arrived: Arrived) -> AckReason | None:
    raw, mail = arrived.raw, arrived.mail
    checks = (
        (AckReason.NOT_NEW, not arrived.opened),
        (AckReason.HISTORY, raw.history or raw.is_import or raw.reconciled),
        (AckReason.MACHINE, arrived.verdict != Verdict.KEEP or bool(mail.machine)),
        (AckReason.OLD, raw.arrived_at < timezone.now() - AGE),
        (AckReason.DOUBTED, bool(mail.sender_doubt) or mail.auth.dmarc.lower() == "fail"),
    )
    return next((reason for reason, holds in checks if holds), None)


def _person(mail: ParsedMail) -> Recipient | None:
    """Return who gets the acknowledgement, without a name: that is the sender's own text. None for nobody."""
    if mail.from_ is None or _NO_PERSON.search(mail.from_.address.rpartition("@")[0]):
        return None
    try:
        return next(iter(checked([Recipient("", mail.from_.address)], own=own_addresses())), None)
    except WrongAddress:
        return None


def _write(arrived: Arrived, words: Acknowledgement, *, to: Recipient, sender: Sender) -> OutboundMail:
    ticket, answered = arrived.message.ticket, arrived.mail.header_id
    wording = worded(words.subject, words.text, number=ticket.number)
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    outgoing = Outgoing(
        OutKind.ACKNOWLEDGEMENT,
        uuid5(NAMESPACE_OID, arrived.raw.pk.hex),  # unique in the outbox: no mail is ever acknowledged twice
        sender,
        wording.subject,
        written(wording.text, ticket.inbox, answers=None, mark=mark),
        [to],
        in_reply_to=answered,
        references=[answered] if answered else [],
    )
    return enqueue(ticket, None, outgoing, by=None)


def _count(arrived: Arrived, row: OutboundMail, whom: Counted) -> None:
    ticket = arrived.message.ticket
    Acknowledged.objects.create(ticket=ticket, raw=arrived.raw, outbound=row, sender=whom.sender, domain=whom.domain)
    record(Action.MAIL_ACKNOWLEDGED, on=ticket.as_subject(), mail=row.pk)


def _leads_home(row: OutboundMail) -> bool:
    """Tell of a recipient that became an address of this desk since."""
    with purpose(Purpose.SYSTEM):
        recipients = [address for _name, address in row.envelope["to"]]
    own = own_addresses()
    return any(is_own(address, own) for address in recipients)
