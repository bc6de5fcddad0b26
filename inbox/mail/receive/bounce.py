"""Keep what machines report of our mail: at the mail that it is about; what is about none, in a place of its own."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import F, QuerySet
from django.db.models.functions import Greatest

from audit.actions import Action, Outcome
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.events import emit
from helpdesk.crypto.blind import blind
from helpdesk.crypto.keyring import Owner, OwnerKind, ensure_key
from inbox.contacts.services.identify import address_blind
from inbox.contacts.services.reach import came_back
from inbox.inboxes.models import Inbox
from inbox.mail import tokens
from inbox.mail.events import OutboundChanged
from inbox.mail.mime.machine import answers_by_itself
from inbox.mail.mime.parsed import Notice, ParsedMail
from inbox.mail.mime.status import is_unknown_address
from inbox.mail.models import Bounce, OutboundMail, RawMail
from inbox.mail.receive.thread import Reason
from inbox.mail.send.smtp import ascii_domain
from inbox.mail.states import BounceAction, OutKind, RawReason
from inbox.tickets.services.locking import lock, save_change

_MOST_NOTICES: Final = 50
_MOST_STRAY: Final = 5
"""Recipients kept of a report that cites no mail of ours: anybody may send such, with any number of them."""
_MOST_FOREIGN: Final = 5
"""Recipients kept of one mail of ours that it was not sent to: addresses that it was passed on to."""
_OUR_FAULT: Final = ("5.1.7", "5.1.8", "5.2.3", "5.3.4", "5.6.", "5.7.")
"""Reasons that lie with the sender, the mail or its size and say nothing of the address (RFC 3463)."""


@dataclass(frozen=True, slots=True)
class Report:
    """A machine's answer on its way into one inbox."""

    raw: RawMail
    inbox: Inbox
    mail: ParsedMail


@dataclass(frozen=True, slots=True)
class _Told:
    """A notice with the address that it is about ("" for none); `ours` when this mail of ours went there."""

    notice: Notice
    address: str
    ours: bool


def keep_report(report: Report) -> Reason | None:
    """Keep a machine's report on mail of ours, and return why it becomes no message; None when it is to become one.

    A report counts only when it cites a token or a Message-ID of ours: both are secrets of the mail that it is about.
    Runs in the caller's transaction.
    """
    bounce = report.mail.bounce
    if report.raw.reason == RawReason.FOR_MAIL:
        return None
    if bounce is None:
        return _answer_to_system_mail(report.mail)
    outbound = _cited(report.mail)
    if outbound is not None:
        _keep_cited(outbound, report)
        return Reason.REPORT
    if not bounce.certain:
        return None  # perhaps a person's words: nothing of those may be hidden away
    for told in _told(bounce.notices[:_MOST_STRAY], recipients={}):
        _keep_stray(told, report)
    return Reason.STRAY_REPORT


def _answer_to_system_mail(mail: ParsedMail) -> Reason | None:
    """A mailbox that answers a notice or an alarm of the desk by itself opens no ticket."""
    if not answers_by_itself(mail.machine):
        return None
    keys = [blind("header_id", header_id) for header_id in (*mail.in_reply_to, *mail.references)]
    ours = OutboundMail.objects.filter(header_blind__in=keys, kind=OutKind.SYSTEM)
    return Reason.SYSTEM_MAIL if keys and ours.exists() else None


def _cited(mail: ParsedMail) -> OutboundMail | None:
    """Return the mail of ours that a report is about, locked: by the address that it came to, by marks, by ids."""
    bounce = mail.bounce
    if bounce is None:
        return None
    rows = OutboundMail.objects.select_for_update(of=("self",)).select_related("message__ticket", "inbox")
    came_to = [*mail.delivered_to, *(row.address for row in mail.to)]
    marked = [mail_id for mark in bounce.claims if (mail_id := tokens.mail_of_mark(mark))]
    for mail_id in [*tokens.mails_of_bounce([*came_to, *bounce.claims]), *marked]:
        row = rows.filter(pk=mail_id).first()
        if row is not None:
            return row
    keys = {blind("header_id", header_id): place for place, header_id in enumerate(bounce.cited)}
    found = list(rows.filter(header_blind__in=keys)) if keys else []
    return min(found, key=lambda row: keys[bytes(row.header_blind)], default=None)


def _told(notices: Sequence[Notice], *, recipients: Mapping[str, str]) -> Iterator[_Told]:
    """Yield each notice with its address: as we wrote it where the mail went there. `recipients` are by their key."""
    for notice in notices:
        named = [address for address in (notice.wrote_to, notice.recipient) if address]
        known = next((recipients[_key(address)] for address in named if _key(address) in recipients), "")
        if not named and len(recipients) == 1:
            known = next(iter(recipients.values()))
        yield _Told(notice, known or next(iter(named), ""), bool(known))


def _key(address: str) -> str:
    local, _, domain = address.strip().casefold().rpartition("@")
    return f"{local}@{ascii_domain(domain)}"


def _recipients(outbound: OutboundMail) -> dict[str, str]:
    with purpose(Purpose.SYSTEM):
        envelope = outbound.envelope
    pairs = [pair for part in ("to", "cc", "bcc") for pair in envelope[part]]
    return {_key(address): address for _, address in pairs}


def _keep_cited(outbound: OutboundMail, report: Report) -> None:
    bounce = report.mail.bounce
    notices = bounce.notices[:_MOST_NOTICES] if bounce else ()
    foreign = Bounce.objects.filter(outbound=outbound, ours=False).count()
    grave = False
    for told in _told(notices, recipients=_recipients(outbound)):
        foreign += int(not told.ours)
        if not told.ours and foreign > _MOST_FOREIGN:
            continue
        row = _row(told, report)
        row.outbound, row.data_key, row.inbox = outbound, outbound.data_key, outbound.inbox or report.inbox
        if _keep(row, Bounce.objects.filter(outbound=outbound)):
            _count(told, at=row.at)
            grave = grave or row.action in {BounceAction.FAILED, BounceAction.COMPLAINT}
    _announce(outbound, at=report.raw.arrived_at, grave=grave)


def _keep_stray(told: _Told, report: Report) -> None:
    row = _row(told, report)
    row.data_key = ensure_key(Owner(OwnerKind.RAW_MAIL, report.raw.pk))
    _keep(row, Bounce.objects.filter(outbound=None, inbox=report.inbox))


def _row(told: _Told, report: Report) -> Bounce:
    notice = told.notice
    return Bounce(
        raw=report.raw,
        inbox=report.inbox,
        action=notice.action,
        status=notice.status,
        ours=told.ours,
        recipient=told.address,
        recipient_blind=address_blind(told.address),
        words=notice.words,
        at=report.raw.arrived_at,
    )


def _keep(row: Bounce, alike: QuerySet[Bounce]) -> bool:
    """Write the row and return True; where `alike` holds the same news already, they only count once more."""
    known = alike.filter(recipient_blind=row.recipient_blind, action=row.action)
    if known.update(times=F("times") + 1, at=Greatest("at", row.at)):
        return False
    Bounce.objects.bulk_create([row], ignore_conflicts=True)
    how = Outcome.FAILED if row.action == BounceAction.FAILED else Outcome.DONE
    record(Action.MAIL_BOUNCED, on=row.as_subject(), outcome=how, report=row.action, status=row.status)
    return True


def _count(told: _Told, *, at: datetime) -> None:
    """Count a mail that did not reach somebody it was sent to, where the reason lies with the address."""
    status = told.notice.status
    if told.ours and told.notice.action == BounceAction.FAILED and not status.startswith(_OUR_FAULT):
        came_back(told.address, hard=is_unknown_address(status), at=at)


def _announce(outbound: OutboundMail, *, at: datetime, grave: bool) -> None:
    """Bring a ticket whose mail came back up in its lists; less grave news show when it is opened."""
    if outbound.message is None:
        return
    ticket = lock(outbound.message.ticket)
    if grave and ticket.deleted_at is None:
        ticket.last_activity = max(ticket.last_activity, at)
        save_change(ticket, "last_activity")
    emit(OutboundChanged(outbound.pk, ticket.pk, ticket.number, ticket.inbox_id, ticket.version))
