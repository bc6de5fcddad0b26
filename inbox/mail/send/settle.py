"""Where a try to deliver leaves its mail: the verdict over an outcome, and the row that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from audit.actions import Action
from audit.actions import Outcome as How
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.events import emit
from helpdesk.core.killpoints import reached
from inbox.contacts.services.reach import came_back
from inbox.mail.events import OutboundChanged
from inbox.mail.mime.status import best_status, is_unknown_address
from inbox.mail.models import OutboundMail
from inbox.mail.send.sent_copy import want_copy
from inbox.mail.send.smtp import Outcome, OutcomeKind
from inbox.mail.states import KillPoint, OutKind, OutReason, OutState
from inbox.tickets.models import Ticket

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 720, 1440))
"""Between tries of a deferred mail. After the last one it is refused (RFC 5321 4.5.4.1 asks for days)."""
SECOND_TRY: Final = timedelta(minutes=15)
"""Longer than `deliver.CLAIM`: a first try that is only slow has told its end by then."""


@dataclass(frozen=True, slots=True)
class Settled:
    """Where a try leaves its row. `outstanding` are the addresses that have not got it while others have.

    `refused` holds the server's words for each address that never will, `turned_away` those of this try.
    """

    state: OutState
    reason: str = ""
    send_after: datetime | None = None
    words: str | None = None
    outstanding: tuple[str, ...] = ()
    refused: Mapping[str, str] = field(default_factory=dict)
    turned_away: Mapping[str, str] = field(default_factory=dict)


def verdict(row: OutboundMail, outcome: Outcome) -> Settled:
    """Return where `outcome` leaves the mail."""
    if outcome.kind is OutcomeKind.UNCERTAIN:
        return uncertain(row)
    before = _refused_before(row)
    away = {each.recipient: each.words for each in outcome.turned_away if not each.again}
    if outcome.kind is OutcomeKind.SENT or before is not None:
        return replace(_partly(row, outcome, before or {}), turned_away=away)
    if outcome.kind is OutcomeKind.REFUSED:
        return Settled(OutState.REFUSED, OutReason.REFUSED, words=outcome.words, turned_away=away)
    if row.attempts > len(WAITS):
        return Settled(OutState.REFUSED, OutReason.GAVE_UP, words=outcome.words)
    return Settled(OutState.DEFERRED, outcome.step.value, send_after=_next_try(row), words=outcome.words)


def uncertain(row: OutboundMail) -> Settled:
    """Tried again by itself once at most, with the same Message-ID; then a person decides.

    An acknowledgement is never tried again: rather none arrives than two.
    """
    if row.kind == OutKind.ACKNOWLEDGEMENT:
        return Settled(OutState.UNCERTAIN, OutReason.LOST_ONCE)
    if row.lost_once:
        return Settled(OutState.UNCERTAIN, OutReason.LOST_TWICE)
    return Settled(OutState.UNCERTAIN, OutReason.LOST, send_after=timezone.now() + SECOND_TRY)


def without_mailbox(row: OutboundMail) -> Settled:
    """A customer's mail is refused at once and a person told; the desk's own waits for a mailbox to be set up."""
    if row.kind == OutKind.SYSTEM and row.attempts <= len(WAITS):
        return Settled(OutState.DEFERRED, OutReason.NO_MAILBOX, send_after=_next_try(row))
    return Settled(OutState.REFUSED, OutReason.NO_MAILBOX)


@transaction.atomic
def settle(row: OutboundMail, settled: Settled) -> OutState:
    """Keep the end of the try that claimed `row`, and return where the row stands.

    A claim that went stale meanwhile counts as lost; only the news that the mail was taken still changes it then.
    """
    tried = row.attempts
    row = (
        OutboundMail.objects.select_for_update(of=("self",)).select_related("message__ticket", "mailbox").get(pk=row.pk)
    )
    late = row.state == OutState.UNCERTAIN and settled.state == OutState.SENT
    if row.attempts != tried or not (row.state == OutState.SENDING or late):
        return OutState(row.state)
    fields = _change(row, settled)
    row.save(update_fields=fields)
    _record(row)
    _count_refusals(row, settled)
    if settled.state == OutState.SENT or settled.outstanding:
        want_copy(row)
    if row.message is not None:
        _announce(row, row.message.ticket)
    transaction.on_commit(lambda: reached(KillPoint.DELIVERY_SETTLED))
    return settled.state


def _refused_before(row: OutboundMail) -> dict[str, str] | None:
    """Return what was said of those refused in earlier tries, None when nobody has got the mail yet."""
    with purpose(Purpose.SYSTEM):
        outstanding = row.outstanding
    return None if outstanding is None else dict(outstanding["refused"])


def _partly(row: OutboundMail, outcome: Outcome, refused_before: Mapping[str, str]) -> Settled:
    """Some have the mail now: the others are tried again, or named."""
    later, never = _left(row, outcome)
    refused = {**refused_before, **never}
    words = "; ".join(f"{address}: {said}" for address, said in {**refused, **later}.items())
    if later and row.attempts <= len(WAITS):
        return Settled(
            OutState.DEFERRED, OutReason.PARTLY_LATER, _next_try(row), words, outstanding=tuple(later), refused=refused
        )
    if words:
        return Settled(OutState.SENT, OutReason.PARTLY, words=words, outstanding=(*refused, *later))
    return Settled(OutState.SENT, OutReason.SECOND_TRY if row.lost_once else "")


def _left(row: OutboundMail, outcome: Outcome) -> tuple[dict[str, str], dict[str, str]]:
    """Return who may get the mail later and who never will, each with the server's words."""
    told = {each.recipient: each for each in outcome.turned_away}
    later = {each.recipient: each.words for each in told.values() if each.again}
    never = {each.recipient: each.words for each in told.values() if not each.again}
    if outcome.kind is OutcomeKind.SENT:
        return later, never
    words = {address: told[address].words if address in told else outcome.words for address in _waiting(row)}
    if outcome.kind is OutcomeKind.REFUSED:
        return {}, words
    return {address: said for address, said in words.items() if address not in never}, never


def _waiting(row: OutboundMail) -> list[str]:
    with purpose(Purpose.SYSTEM):
        return list(row.outstanding["to"])


def _next_try(row: OutboundMail) -> datetime:
    return timezone.now() + WAITS[min(row.attempts, len(WAITS)) - 1]


def _change(row: OutboundMail, settled: Settled) -> list[str]:
    row.state = settled.state
    row.reason = settled.reason
    row.claimed_at = None
    row.server_words = settled.words
    fields = ["state", "reason", "claimed_at", "server_words", "send_after", "sent_at", "lost_once"]
    if settled.outstanding:
        row.outstanding = {"to": list(settled.outstanding), "refused": dict(settled.refused)}
        fields.append("outstanding")
    if settled.send_after is not None:
        row.send_after = settled.send_after
    if settled.state == OutState.SENT:
        row.sent_at = timezone.now()
    row.lost_once = row.lost_once or settled.state == OutState.UNCERTAIN
    return fields


def _record(row: OutboundMail) -> None:
    if row.state == OutState.SENT:
        record(Action.MAIL_SENT, on=row.as_subject(), message=row.message_id)
    elif row.state == OutState.REFUSED:
        record(Action.MAIL_REFUSED, on=row.as_subject(), outcome=How.FAILED, reason=row.reason)
    elif row.state == OutState.UNCERTAIN:
        record(Action.MAIL_UNCERTAIN, on=row.as_subject(), outcome=How.FAILED, reason=row.reason)


def _count_refusals(row: OutboundMail, settled: Settled) -> None:
    """Count a mail that a server did not take since there is no such address: as good as one that came back."""
    away = dict(settled.turned_away)
    if settled.reason == OutReason.REFUSED and not away:
        with purpose(Purpose.SYSTEM):
            everybody = [address for part in ("to", "cc", "bcc") for _, address in row.envelope[part]]
        # Refused as a whole: of several recipients the words tell nobody apart.
        away = {everybody[0]: settled.words or ""} if len(everybody) == 1 else {}
    for address, words in away.items():
        if is_unknown_address(best_status("", words)):
            came_back(address, hard=True)


def _announce(row: OutboundMail, ticket: Ticket) -> None:
    emit(OutboundChanged(row.pk, ticket.pk, ticket.number, ticket.inbox_id, ticket.version))
