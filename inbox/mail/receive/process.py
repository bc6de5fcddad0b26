"""Read a stored mail: count the try, parse it in the child, and write its ticket all or nothing."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.killpoints import reached
from helpdesk.crypto.errors import CryptoError, StorageFull
from helpdesk.crypto.files import open_blob
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.judge import judge
from inbox.mail.receive.landing import Incoming, land, land_unreadable
from inbox.mail.receive.parser import ParserFailed, parse_in_child
from inbox.mail.states import KillPoint, RawReason, RawState, Verdict

logger = logging.getLogger(__name__)

_FIRST_WAIT = timedelta(seconds=30)
_FULL_WAIT = timedelta(seconds=60)
_TAKEN = (RawState.STORED, RawState.DONE, RawState.QUARANTINED)


def process_raw(raw_id: UUID) -> RawState:
    """Read one mail and return what became of it. May run twice: what is done already is left alone.

    A try that fails leaves the mail waiting for its next one; after MAIL_TRIES it is put into quarantine and a ticket
    says so, and so it is at once with a mail that was never fetched. A full disk is no fault of the mail and counts
    for nothing. Raises nothing for what stands in a mail.
    """
    raw = RawMail.objects.filter(pk=raw_id).first()
    if raw is None or raw.state != RawState.STORED:
        return RawState(raw.state) if raw else RawState.SKIPPED
    try:
        return _try(raw)
    except StorageFull:
        return _put_off(raw)


def _try(raw: RawMail) -> RawState:
    if raw.blob is None or raw.attempts >= settings.MAIL_TRIES:
        return _quarantine(raw.pk, raw.reason or RawReason.CRASHED)
    _count_try(raw)
    try:
        return _write(raw.pk, _parse(raw))
    except ParserFailed as error:
        return _failed(raw.pk, error.reason)
    except CryptoError:
        return _failed(raw.pk, RawReason.CANNOT_BE_OPENED)


def _count_try(raw: RawMail) -> None:
    # In a commit of its own, before the try: a mail that kills its worker is counted too.
    wait = _FIRST_WAIT * 2**raw.attempts
    RawMail.objects.filter(pk=raw.pk).update(attempts=raw.attempts + 1, next_try_at=timezone.now() + wait)
    reached(KillPoint.ATTEMPT_COUNTED)


def _put_off(raw: RawMail) -> RawState:
    logger.warning("no room to keep what a mail brings, it waits", extra={"raw": raw.pk})
    waiting = RawMail.objects.filter(pk=raw.pk, state=RawState.STORED)
    waiting.update(attempts=raw.attempts, next_try_at=timezone.now() + _FULL_WAIT)
    return RawState.STORED


def _parse(raw: RawMail) -> ParsedMail:
    with purpose(Purpose.SYSTEM):
        chunks = open_blob(raw.stored_blob, raw.seal_ref(), kind="raw")
        return parse_in_child(chunks)


def _failed(raw_id: UUID, reason: str) -> RawState:
    logger.warning("mail could not be read", extra={"raw": raw_id, "reason": str(reason)})
    RawMail.objects.filter(pk=raw_id, state=RawState.STORED).update(reason=str(reason))
    tries = RawMail.objects.values_list("attempts", flat=True).get(pk=raw_id)
    if tries >= settings.MAIL_TRIES:
        return _quarantine(raw_id, str(reason))
    return RawState.STORED


@transaction.atomic
def _write(raw_id: UUID, mail: ParsedMail) -> RawState:
    raw = _locked(raw_id)
    if raw is None:
        return RawState.DONE
    if _is_same_mail_again(raw):
        return _settle(raw, RawState.DUPLICATE, RawReason.SAME_CONTENT)
    if raw.is_import:
        raw.arrived_at = _arrival_of_import(mail)
    desk = _Desk.of(raw, mail)
    judgement = judge(mail, from_desk=desk.wrote)
    for inbox in desk.receiving:
        others = frozenset(other.pk for other in desk.receiving if other.pk != inbox.pk)
        landed = land(Incoming(raw, inbox, mail, judgement, others))
        InboundMail.objects.create(
            raw=raw,
            inbox=inbox,
            verdict=judgement.verdict,
            verdict_reason=judgement.reason,
            thread_reason=landed.reason,
            message=landed.message,
        )
    return _settle(raw, RawState.DONE, "")


@transaction.atomic
def _quarantine(raw_id: UUID, reason: str) -> RawState:
    raw = _locked(raw_id)
    if raw is None:
        return RawState.DONE
    open_quarantine(raw, reason)
    return _settle(raw, RawState.QUARANTINED, reason)


def open_quarantine(raw: RawMail, reason: str) -> None:
    """Make the ticket "mail could not be read" of a raw mail. Runs inside the caller's transaction."""
    InboundMail.objects.create(
        raw=raw,
        inbox=raw.inbox,
        verdict=Verdict.QUARANTINE,
        verdict_reason=reason,
        thread_reason="new",
        message=land_unreadable(raw, reason),
    )


def _locked(raw_id: UUID) -> RawMail | None:
    rows = RawMail.objects.select_for_update(skip_locked=True, of=("self",)).select_related("inbox", "mailbox")
    return rows.filter(pk=raw_id, state=RawState.STORED).first()


def _is_same_mail_again(raw: RawMail) -> bool:
    """The same bytes came to the same mailbox before: fetched again after a renumbering, or a copy by a rule."""
    same = RawMail.objects.filter(content_key=raw.content_key, mailbox=raw.mailbox, inbox=raw.inbox)
    return same.filter(pk__lt=raw.pk, state__in=_TAKEN).exists()


def _arrival_of_import(mail: ParsedMail) -> datetime:
    """An imported mail came at its topmost Received, else at its Date, else now (DESIGN 6.21)."""
    now = timezone.now()
    return min(mail.received or mail.date or now, now)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What a mail has to do with the desk's addresses: the inboxes that it lands in, and whether one of them wrote."""

    receiving: tuple[Inbox, ...]
    wrote: bool

    @classmethod
    def of(cls, raw: RawMail, mail: ParsedMail) -> Self:
        """Look all addresses of a mail up at once."""
        sender = _without_plus(mail.from_.address) if mail.from_ else ""
        delivered = {_without_plus(address) for address in mail.delivered_to}
        written = {_without_plus(row.address) for row in (*mail.to, *mail.cc)}
        rows = InboxAddress.objects.filter(address__in={sender, *delivered, *written}).select_related("inbox")
        inboxes = {row.address: row.inbox for row in rows.order_by("inbox_id")}
        return cls(_receiving(raw, inboxes, (delivered, written)), sender in inboxes)


def _receiving(raw: RawMail, inboxes: dict[str, Inbox], ways: Sequence[set[str]]) -> tuple[Inbox, ...]:
    """Return the inboxes that a mail lands in: those it was delivered to, else those it is addressed to, else its own.

    An inbox with a mailbox of its own is fed by that one alone: its copy comes there. A file lands where it is told.
    """
    if raw.mailbox_id is None:
        return (raw.inbox,)
    for addresses in ways:
        named = {inbox.pk: inbox for address, inbox in inboxes.items() if address in addresses}
        ours = [inbox for inbox in named.values() if inbox.pk == raw.inbox_id or not inbox.mailboxes.exists()]
        if ours:
            return tuple(ours)
    return (raw.inbox,)


def _without_plus(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _settle(raw: RawMail, state: RawState, reason: str) -> RawState:
    raw.state = state
    raw.reason = reason
    raw.next_try_at = None
    raw.save(update_fields=["state", "reason", "next_try_at", "arrived_at"])
    reached(KillPoint.PROCESS_BEFORE_COMMIT)
    transaction.on_commit(lambda: reached(KillPoint.PROCESS_COMMITTED))
    return state
