"""What became of our own mails and of mails that could not be read, in words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import AnyOf, Ready, Slot
from helpdesk.web.base.mailwords import SENDING, UNREADABLE, worded
from inbox.mail.models import InboundMail, Mailbox, OutboundMail
from inbox.mail.states import OutKind, OutReason, OutState, RawState
from inbox.tickets.models import Ticket
from inbox.tickets.opening.people import readable

_OF_MESSAGES: Final = Ready(lambda: OutboundMail.objects.filter(AnyOf(F("message"), Slot("messages"))))
_LOST: Final[dict[str, Promise]] = {
    OutReason.LOST: gettext_lazy(
        "The connection broke after the mail was handed in: nobody knows whether it arrived. It is tried once more."
    ),
    OutReason.LOST_TWICE: gettext_lazy(
        "The connection broke twice after the mail was handed in. Send it again only if it did not arrive."
    ),
}
_IN_A_MOMENT: Final = gettext_lazy("It leaves in a few seconds.")
"""Said of what was written on a page of its own: a reply has its Undo in the toast."""
_SLOWLY: Final = gettext_lazy("It waits: the mail server asked this desk to send more slowly. It goes out by itself.")
_SAID: Final[dict[tuple[OutState, str], Promise]] = {
    (OutState.DEFERRED, ""): gettext_lazy("Not sent yet, it is tried again by itself. The server says: %(words)s"),
    (OutState.DEFERRED, OutReason.PARTLY_LATER): gettext_lazy(
        "Sent, but not to everybody yet; the others are tried again by themselves. The server says: %(words)s"
    ),
    (OutState.SENT, OutReason.PARTLY): gettext_lazy("Sent, but not to everybody: %(words)s"),
    (OutState.SENT, OutReason.SECOND_TRY): gettext_lazy(
        "Sent at the second try: the connection broke during the first one, so it may have arrived twice."
    ),
}


@dataclass(frozen=True, slots=True)
class Delivery:
    """How an outgoing message fares. `words` is "" when nothing needs to be said."""

    id: UUID
    state: str
    label: str
    words: str
    can_resend: bool
    can_undo: bool


@dataclass(frozen=True, slots=True)
class Quarantine:
    """Why a ticket stands for a mail that could not be read."""

    words: str
    can_retry: bool
    has_original: bool
    """Its bytes are here: one that was too large, or kept back by its server, has none."""


def deliveries_of(message_ids: Sequence[UUID], *, may_reply: bool, me: UUID) -> dict[UUID, Delivery]:
    """Return how each outgoing one of these messages fares, in one query. A mail is undone by its author alone."""
    rows = _OF_MESSAGES.rows(messages=list(message_ids)) if message_ids else ()
    found = {row.message_id: _delivery(row, may_reply=may_reply, me=me) for row in rows if row.message_id is not None}
    held = _held_back(rows)
    return {key: replace(each, words=str(_SLOWLY)) if each.id in held else each for key, each in found.items()}


def _held_back(rows: Iterable[OutboundMail]) -> set[UUID]:
    """Return those of the mails that wait since their mailbox's server asked for patience; asks only when one waits."""
    now = timezone.now()
    queued = [row for row in rows if row.state == OutState.QUEUED and row.send_after <= now]
    waiting = {row.pk: row.mailbox_id for row in queued if row.mailbox_id is not None}
    if not waiting:
        return set()
    paused = Mailbox.objects.filter(pk__in=waiting.values(), smtp_paused_until__gt=now)
    ids = set(paused.values_list("pk", flat=True))
    return {pk for pk, mailbox_id in waiting.items() if mailbox_id in ids}


def quarantine_of(ticket: Ticket) -> Quarantine | None:
    """Return why the ticket's mail could not be read, None for an ordinary ticket."""
    if not ticket.unreadable:
        return None
    row = InboundMail.objects.filter(message__ticket=ticket).select_related("raw").first()
    if row is None:
        return None
    words = worded(UNREADABLE, row.verdict_reason or "crashed")
    has_original = row.raw.blob is not None
    return Quarantine(str(words), row.raw.state == RawState.QUARANTINED and has_original, has_original)


def _delivery(row: OutboundMail, *, may_reply: bool, me: UUID) -> Delivery:
    state = OutState(row.state)
    waiting = state == OutState.QUEUED and row.send_after > timezone.now()
    can_undo = waiting and row.author_id == me
    return Delivery(
        row.pk,
        state.value,
        str(state.label),
        str(_IN_A_MOMENT) if can_undo and row.kind != OutKind.REPLY else _words(row, state),
        can_resend=may_reply and row.can_be_resent,
        can_undo=can_undo,
    )


def _words(row: OutboundMail, state: OutState) -> str:
    with purpose(Purpose.VIEW):
        said = readable(row, row, "server_words")
    if state == OutState.CANCELLED:
        return str(worded(SENDING, row.reason))
    if state == OutState.REFUSED:
        return _refused(row.reason, said)
    words = (
        _LOST.get(row.reason) if state == OutState.UNCERTAIN else _SAID.get((state, row.reason), _SAID.get((state, "")))
    )
    return str(words) % {"words": said or "–"} if words else ""


def _refused(reason: str, said: str) -> str:
    if reason == OutReason.NO_MAILBOX:
        return _("Not sent: the mailbox of this inbox was removed. Ask an administrator, then send again.")
    if reason == OutReason.SEALED:
        return _("Not sent: a file or text of it cannot be opened any more. Ask an administrator.")
    if reason == OutReason.BROKEN:
        return _("Not sent: it breaks the program that writes mails. Ask an administrator, then send again.")
    if reason == OutReason.GAVE_UP:
        return _("Not sent: the server did not take it for three days. It last said: %(words)s") % {
            "words": said or "–"
        }
    return _("Not sent: the server refused it. It says: %(words)s") % {"words": said or "–"}
