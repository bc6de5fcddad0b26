"""The one table "when this happens, that runs"."""

from typing import Final

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import Signal

from accounts.services import sessions
from helpdesk.core.bell import ring
from helpdesk.core.events import subscribe
from helpdesk.core.live import publish
from helpdesk.core.ready import Ready, Slot
from inbox.mail.events import OutboundChanged, RawMailsStored, SentCopyWanted
from inbox.tickets.events import MessageAdded, TicketChanged
from inbox.tickets.models import Ticket

_A_BATCH = 50
_RESTRICTED: Final = Ready(lambda: Ticket.objects.filter(pk=Slot("pk")).only("restricted"))


def _ring_process(event: RawMailsStored) -> None:
    for start in range(0, len(event.raw_ids), _A_BATCH):
        ring("mail.process_mail", [str(raw_id) for raw_id in event.raw_ids[start : start + _A_BATCH]])


def _ring_copy(event: SentCopyWanted) -> None:
    ring("mail.save_copy", str(event.copy_id))


def _tell_pages(event: MessageAdded | TicketChanged | OutboundChanged) -> None:
    restricted: bool | None = False  # as every ticket begins
    if event.version > 1:
        ticket = _RESTRICTED.first(pk=event.ticket_id)
        restricted = ticket.restricted if ticket is not None else None
    publish(
        {
            "number": event.number,
            "inbox": str(event.inbox_id),
            "version": event.version,
            "restricted": int(restricted is not False),
        }
    )


_TABLE: tuple[tuple[type[object], object], ...] = (
    (RawMailsStored, _ring_process),
    (MessageAdded, _tell_pages),
    (TicketChanged, _tell_pages),
    (OutboundChanged, _tell_pages),
    (SentCopyWanted, _ring_copy),
)


_SIGNALS: tuple[tuple[Signal, object], ...] = (
    (user_logged_in, sessions.on_signed_in),
    (user_logged_out, sessions.on_signed_out),
    (user_login_failed, sessions.on_sign_in_failed),
)
"""Signals of others; none of ours exists."""


def connect() -> None:
    """Connect the tables. Called once, when Django is ready."""
    for signal, hearer in _SIGNALS:
        signal.connect(hearer)  # type: ignore[arg-type] # each row pairs a signal with its own hearer
    for event_type, handler in _TABLE:
        subscribe(event_type, handler)  # type: ignore[arg-type] # each row pairs a type with its own handler
