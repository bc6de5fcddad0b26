"""How a mailbox sends: the pause that its server asked for, and the copies that its folder does not take."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import Mailbox, SentCopy
from inbox.mail.states import CopyState
from inbox.tickets.opening.people import readable


@dataclass(frozen=True, slots=True)
class SendingState:
    """`paused_until` None: nobody asked for patience. The words are the server's own, "" for none.

    `copies_waiting` are tried again by themselves, `copies_failed` only when a person asks for it.
    """

    paused_until: datetime | None = None
    pause_words: str = ""
    copies_waiting: int = 0
    copies_failed: int = 0
    copy_words: str = ""


def sending_states(mailbox_ids: Sequence[UUID]) -> dict[UUID, SendingState]:
    """Return how those of the mailboxes send that have something to say, in two queries."""
    open_copies = _copies_in_trouble(mailbox_ids)
    rows = Mailbox.objects.filter(pk__in=mailbox_ids)
    states = {row.pk: _state(row, open_copies.get(row.pk, [])) for row in rows}
    return {pk: state for pk, state in states.items() if state != SendingState()}


def _copies_in_trouble(mailbox_ids: Sequence[UUID]) -> dict[UUID, list[SentCopy]]:
    """Return the copies of each mailbox that failed at least once and are not there yet, the newest failure last."""
    rows = SentCopy.objects.filter(mailbox__in=mailbox_ids, attempts__gt=0).exclude(state=CopyState.SAVED)
    found: dict[UUID, list[SentCopy]] = {}
    for row in rows.order_by("try_after"):
        found.setdefault(row.mailbox_id, []).append(row)
    return found


def _state(mailbox: Mailbox, copies: Sequence[SentCopy]) -> SendingState:
    until = mailbox.smtp_paused_until
    paused = until is not None and until > timezone.now()
    told = [copy for copy in copies if copy.state != CopyState.SAVING]
    failed = sum(copy.state == CopyState.FAILED for copy in told)
    with purpose(Purpose.VIEW):
        return SendingState(
            until if paused else None,
            readable(mailbox, mailbox, "smtp_pause_words") if paused else "",
            len(told) - failed,
            failed,
            readable(mailbox, told[-1], "server_words") if told else "",
        )
