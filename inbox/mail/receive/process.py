"""Read a stored mail: count the try, parse it in the child, and write its ticket all or nothing."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.killpoints import reached
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.files import open_blob
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.mail.mime.parsed import ParsedMail
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.judge import judge
from inbox.mail.receive.landing import Incoming, land, land_unreadable
from inbox.mail.receive.parser import ParserFailed, parse_in_child
from inbox.mail.states import KillPoint, RawState, Verdict

logger = logging.getLogger(__name__)

_FIRST_WAIT = timedelta(seconds=30)


def process_raw(raw_id: UUID) -> RawState:
    """Read one mail and return what became of it. May run twice: what is done already is left alone.

    A try that fails leaves the mail waiting for its next one; after MAIL_TRIES it is put into quarantine and a ticket
    says so. Raises nothing for what stands in a mail.
    """
    raw = RawMail.objects.filter(pk=raw_id).first()
    if raw is None or raw.state != RawState.STORED:
        return RawState(raw.state) if raw else RawState.SKIPPED
    if raw.attempts >= settings.MAIL_TRIES:
        return _quarantine(raw_id, raw.reason or "crashed")
    _count_try(raw)
    try:
        mail = _parse(raw)
    except (ParserFailed, CryptoError) as error:
        return _failed(raw_id, getattr(error, "reason", None) or "cannot_be_opened")
    return _write(raw_id, mail)


def _count_try(raw: RawMail) -> None:
    # In a commit of its own, before the try: a mail that kills its worker is counted too.
    wait = _FIRST_WAIT * 2**raw.attempts
    RawMail.objects.filter(pk=raw.pk).update(attempts=F("attempts") + 1, next_try_at=timezone.now() + wait)
    reached(KillPoint.ATTEMPT_COUNTED)


def _parse(raw: RawMail) -> ParsedMail:
    if raw.blob is None:
        raise CryptoError("the bytes of this mail were never stored")
    with purpose(Purpose.SYSTEM):
        chunks = open_blob(raw.blob, raw.seal_ref(), kind="raw")
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
        return _settle(raw, RawState.DUPLICATE, "same_content")
    judgement = judge(mail)
    for inbox in receiving_inboxes(raw, mail):
        landed = land(Incoming(raw, inbox, mail, judgement))
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
    earlier = RawMail.objects.filter(
        content_key=raw.content_key, mailbox=raw.mailbox, inbox=raw.inbox, state=RawState.DONE
    )
    return earlier.exclude(pk=raw.pk).exists()


def receiving_inboxes(raw: RawMail, mail: ParsedMail) -> list[Inbox]:
    """Return the inboxes that a mail lands in: those it was delivered to, else those it is addressed to, else its own.

    An inbox with a mailbox of its own is fed by that one alone: its copy comes there.
    """
    if raw.mailbox is None:
        return [raw.inbox]
    written = [row.address for row in (*mail.to, *mail.cc)]
    for addresses in (mail.delivered_to, written):
        found = _inboxes_of(raw, [_without_plus(address) for address in addresses])
        if found:
            return found
    return [raw.inbox]


def _inboxes_of(raw: RawMail, addresses: list[str]) -> list[Inbox]:
    rows = InboxAddress.objects.filter(address__in=addresses).select_related("inbox").order_by("inbox_id")
    inboxes = {row.inbox_id: row.inbox for row in rows}
    return [inbox for inbox in inboxes.values() if inbox.pk == raw.inbox_id or not inbox.mailboxes.exists()]


def _without_plus(address: str) -> str:
    local, at, domain = address.strip().lower().rpartition("@")
    return f"{local.partition('+')[0]}{at}{domain}"


def _settle(raw: RawMail, state: RawState, reason: str) -> RawState:
    raw.state = state
    raw.reason = reason
    raw.next_try_at = None
    raw.save(update_fields=["state", "reason", "next_try_at"])
    reached(KillPoint.PROCESS_BEFORE_COMMIT)
    transaction.on_commit(lambda: reached(KillPoint.PROCESS_COMMITTED))
    return state
