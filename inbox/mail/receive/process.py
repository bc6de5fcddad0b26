"""Read a stored mail: count the try, parse it in the child, and write its ticket all or nothing."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.killpoints import reached
from helpdesk.crypto.errors import CryptoError, StorageFull
from helpdesk.crypto.files import open_blob
from helpdesk.crypto.keyring import preload
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.acknowledge import acknowledge_once
from inbox.mail.receive.judge import judge
from inbox.mail.receive.landing import Incoming, land, land_unreadable
from inbox.mail.receive.parser import ParserFailed, parse_in_child
from inbox.mail.receive.same import KNOWN, known_in, sent_from
from inbox.mail.states import KillPoint, RawReason, RawState, Verdict

logger = logging.getLogger(__name__)

_SETTLE: Final = """
UPDATE mail_rawmail SET state = %s, reason = %s, next_try_at = NULL, arrived_at = %s
WHERE id = %s AND state = 'stored'"""
_FIRST_WAIT = timedelta(seconds=30)
_FULL_WAIT = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Turn:
    """A mail whose turn it is. `counted` says that this try is counted already; `desk` are our inboxes by address."""

    raw: RawMail
    counted: bool
    desk: Mapping[str, UUID]


def process_raw(raw_id: UUID) -> RawState:
    """Read one mail and return what became of it. May run twice: what is done already is left alone.

    Raises nothing for what stands in a mail.
    """
    for turn in begin([raw_id]):
        return read(turn)
    state = RawMail.objects.filter(pk=raw_id).values_list("state", flat=True).first()
    return RawState(state) if state else RawState.SKIPPED


def begin(raw_ids: Sequence[UUID]) -> list[Turn]:
    """Return those of the mails that wait to be read, their first try counted in one commit.

    A mail that was tried before is counted alone, right before its try: should it kill its worker again and again, it
    takes no other mail along into quarantine.
    """
    waiting = RawMail.objects.filter(pk__in=raw_ids, state=RawState.STORED).order_by("pk")
    rows = list(waiting.prefetch_related("inbox"))
    fresh = [raw.pk for raw in rows if raw.attempts == 0 and raw.blob is not None]
    preload(raw.seal_ref() for raw in rows if raw.blob is not None)
    if fresh:
        RawMail.objects.filter(pk__in=fresh).update(attempts=1, next_try_at=timezone.now() + _FIRST_WAIT)
        reached(KillPoint.ATTEMPT_COUNTED)
    desk = dict(InboxAddress.objects.values_list("address", "inbox_id")) if rows else {}
    return [Turn(raw, raw.attempts == 0, desk) for raw in rows]


def read(turn: Turn) -> RawState:
    """Read a mail and return what became of it.

    A try that fails leaves the mail waiting for its next one; after MAIL_TRIES it is put into quarantine and a ticket
    says so, and so it is at once with a mail that was never fetched. A full disk is no fault of the mail and counts
    for nothing.
    """
    try:
        return _try(turn)
    except StorageFull:
        return _put_off(turn.raw)


def _try(turn: Turn) -> RawState:
    raw = turn.raw
    if raw.blob is None or raw.attempts >= settings.MAIL_TRIES:
        return _quarantine(raw, raw.reason or RawReason.CRASHED)
    if not turn.counted:
        _count_try(raw)
    try:
        return _write(turn, _parse(raw))
    except ParserFailed as error:
        return _failed(raw, error.reason)
    except CryptoError:
        return _failed(raw, RawReason.CANNOT_BE_OPENED)


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


def _failed(raw: RawMail, reason: str) -> RawState:
    logger.warning("mail could not be read", extra={"raw": raw.pk, "reason": str(reason)})
    RawMail.objects.filter(pk=raw.pk, state=RawState.STORED).update(reason=str(reason))
    tries = RawMail.objects.values_list("attempts", flat=True).get(pk=raw.pk)
    if tries >= settings.MAIL_TRIES:
        return _quarantine(raw, str(reason))
    return RawState.STORED


@transaction.atomic
def _write(turn: Turn, mail: ParsedMail) -> RawState:
    raw = turn.raw
    if raw.is_import:
        raw.arrived_at = _arrival_of_import(mail)
    if not _settle(raw, RawState.DONE, ""):
        return RawState.DONE
    wrote, receiving = _places(raw, mail, turn.desk)
    judgement = judge(mail, from_desk=wrote)
    sender = sent_from(mail) if wrote else None
    rows = []
    known: RawReason | None = None
    for inbox in receiving:
        known = known_in(inbox, mail, raw)
        if known in KNOWN:
            continue
        others = frozenset({*(other.pk for other in receiving), *filter(None, [sender])} - {inbox.pk})
        landed = land(Incoming(raw, inbox, mail, judgement, others))
        row = InboundMail.objects.create(
            raw=raw,
            inbox=inbox,
            verdict=judgement.verdict,
            verdict_reason=judgement.reason,
            thread_reason=landed.reason,
            message=landed.message,
        )
        rows.append(row)
    acknowledge_once(rows, mail)
    if known is not None:
        _note_known(raw, known, is_landed=bool(rows))
    reached(KillPoint.PROCESS_BEFORE_COMMIT)
    return RawState.DONE if rows else RawState.DUPLICATE


def _note_known(raw: RawMail, known: RawReason, *, is_landed: bool) -> None:
    """Keep what an inbox had of this Message-ID before; a mail that no inbox had to take is a duplicate."""
    state = RawState.DONE if is_landed else RawState.DUPLICATE
    RawMail.objects.filter(pk=raw.pk).update(state=state, reason=known)


@transaction.atomic
def _quarantine(raw: RawMail, reason: str) -> RawState:
    if _settle(raw, RawState.QUARANTINED, reason):
        InboundMail.objects.create(
            raw=raw,
            inbox=raw.inbox,
            verdict=Verdict.QUARANTINE,
            verdict_reason=reason,
            thread_reason="new",
            message=land_unreadable(raw, reason),
        )
        reached(KillPoint.PROCESS_BEFORE_COMMIT)
    return RawState.QUARANTINED


def _settle(raw: RawMail, state: RawState, reason: str) -> bool:
    """Say what becomes of the mail if this transaction commits; False when somebody else was quicker.

    It comes first: the row is locked by it, so that two readers of one mail never both write.
    """
    with connection.cursor() as cursor:
        cursor.execute(_SETTLE, [state.value, reason, raw.arrived_at, raw.pk])
        mine = bool(cursor.rowcount)
    transaction.on_commit(lambda: reached(KillPoint.PROCESS_COMMITTED))
    return mine


def _arrival_of_import(mail: ParsedMail) -> datetime:
    """An imported mail came at its topmost Received, else at its Date, else now."""
    now = timezone.now()
    return min(mail.received or mail.date or now, now)


def _places(raw: RawMail, mail: ParsedMail, desk: Mapping[str, UUID]) -> tuple[bool, tuple[Inbox, ...]]:
    """Return whether one of our inboxes wrote the mail, and the inboxes that it lands in."""
    wrote = mail.from_ is not None and _inbox_at(mail.from_.address, desk) is not None
    written = [row.address for row in (*mail.to, *mail.cc)]
    named = [{_inbox_at(address, desk) for address in addresses} for addresses in (mail.delivered_to, written)]
    return wrote, _receiving(raw, [{key for key in keys if key is not None} for keys in named])


def _receiving(raw: RawMail, named: Sequence[set[UUID]]) -> tuple[Inbox, ...]:
    """Return the inboxes that a mail lands in: those it was delivered to, else those it is addressed to, else its own.

    An inbox with a mailbox of its own is fed by that one alone: its copy comes there. A file lands where it is told.
    """
    if raw.mailbox_id is None or not set().union(*named) - {raw.inbox_id}:
        return (raw.inbox,)
    for keys in named:
        ours = Inbox.objects.filter(Q(pk=raw.inbox_id) | Q(mailboxes=None), pk__in=keys).order_by("pk")
        if ours:
            return tuple(ours)
    return (raw.inbox,)


def _inbox_at(address: str, desk: Mapping[str, UUID]) -> UUID | None:
    """Return the inbox at an address, with or without what stands behind a plus; None for an address of others."""
    whole = address.strip().lower()
    local, at, domain = whole.rpartition("@")
    return desk.get(whole) or desk.get(f"{local.partition('+')[0]}{at}{domain}")
