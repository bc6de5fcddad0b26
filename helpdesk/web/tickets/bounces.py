"""What machines reported of our mails, in words; and which addresses mail comes back from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import AnyOf, Ready, Slot
from inbox.contacts.services.reach import undeliverable
from inbox.mail.models import Bounce
from inbox.mail.states import BounceAction
from inbox.tickets.opening.people import readable

_OF_MESSAGES: Final = Ready(
    lambda: (
        Bounce.objects.filter(AnyOf(F("outbound__message"), Slot("messages")))
        .select_related("outbound")
        .order_by("at", "pk")
    )
)
_TOLD: Final[Mapping[tuple[str, bool], Promise]] = {
    (BounceAction.FAILED, True): gettext_lazy("This mail came back from %(address)s."),
    (BounceAction.FAILED, False): gettext_lazy("This mail was passed on to %(address)s and came back from there."),
    (BounceAction.DELAYED, True): gettext_lazy("%(address)s does not have it yet; the servers go on trying."),
    (BounceAction.DELAYED, False): gettext_lazy("%(address)s does not have it yet; the servers go on trying."),
    (BounceAction.DELIVERED, True): gettext_lazy("It arrived at the server of %(address)s."),
    (BounceAction.DELIVERED, False): gettext_lazy("It was passed on and arrived at the server of %(address)s."),
    (BounceAction.COMPLAINT, True): gettext_lazy("%(address)s reported this mail as spam."),
    (BounceAction.COMPLAINT, False): gettext_lazy("%(address)s reported this mail as spam."),
}
_NOBODY: Final = gettext_lazy("an address that is not told")
_REASONS: Final[tuple[tuple[tuple[str, ...], Promise], ...]] = (
    (("5.1.2", "5.1.351", "5.4.4", "5.4.310"), gettext_lazy("There is no such domain, or it takes no mail.")),
    (("5.1.7", "5.1.8"), gettext_lazy("The server does not accept our own address.")),
    (("5.1.",), gettext_lazy("There is no such address.")),
    (("5.2.1", "4.2.1"), gettext_lazy("The mailbox is switched off.")),
    (("5.2.2", "4.2.2"), gettext_lazy("The mailbox is full.")),
    (("5.2.3", "5.3.4", "4.3.4"), gettext_lazy("The mail is too large for that mailbox.")),
    (("5.4.", "4.4."), gettext_lazy("The server could not be reached in time.")),
    (("5.6.", "4.6."), gettext_lazy("The server cannot read mail of this kind.")),
    (("5.7.", "4.7."), gettext_lazy("The server refuses it by a rule of its own, or takes it for spam.")),
)
"""What the codes of RFC 3463 mean to somebody who wrote a mail; the first that fits."""
_ONLY_REASONED: Final = (BounceAction.FAILED, BounceAction.DELAYED)
_KINDS: Final = {
    BounceAction.FAILED: "danger", BounceAction.DELAYED: "warn",
    BounceAction.DELIVERED: "plain", BounceAction.COMPLAINT: "warn",
}  # fmt: skip
_LONGEST_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class BounceView:
    """One report on a sent message. `reason` and `said`, the server's own words, are "" when there is nothing to say.

    `kind` is the colour of its box.
    """

    id: UUID
    action: BounceAction
    kind: str
    told: str
    reason: str
    said: str
    at: datetime
    can_resend: bool


def bounces_of(message_ids: Sequence[UUID], *, may_reply: bool) -> dict[UUID, list[BounceView]]:
    """Return what was reported of each of these sent messages, in one query. The ticket's opening is their entry."""
    if not message_ids:
        return {}
    rows = _OF_MESSAGES.rows(messages=list(message_ids))
    shown: dict[UUID, list[BounceView]] = {}
    with purpose(Purpose.VIEW):
        for row in _without_outdated(rows):
            message_id = row.outbound.message_id if row.outbound else None
            if message_id is not None:
                shown.setdefault(message_id, []).append(_view(row, may_reply=may_reply))
    return shown


def warning_of(addresses: Iterable[str]) -> str:
    """Return a warning that names those of `addresses` that mail comes back from, "" when there are none."""
    marked = undeliverable(addresses)
    if not marked:
        return ""
    return _("Mail to %(addresses)s came back lately. Check the address before you send.") % {
        "addresses": ", ".join(sorted(marked))
    }


def _without_outdated(rows: Iterable[Bounce]) -> list[Bounce]:
    """Return the reports without those of a delay that has ended."""
    every = list(rows)
    ended = {(row.outbound_id, bytes(row.recipient_blind)) for row in every if row.action != BounceAction.DELAYED}
    return [
        row
        for row in every
        if row.action != BounceAction.DELAYED or (row.outbound_id, bytes(row.recipient_blind)) not in ended
    ]


def _view(row: Bounce, *, may_reply: bool) -> BounceView:
    action = BounceAction(row.action)
    address = readable(row, row, "recipient") or str(_NOBODY)
    return BounceView(
        row.pk,
        action,
        _KINDS[action],
        str(_TOLD[(action, row.ours)]) % {"address": address},
        _reason(row.status) if action in _ONLY_REASONED else "",
        readable(row, row, "words")[:_LONGEST_WORDS] if action in _ONLY_REASONED else "",
        row.at,
        can_resend=may_reply and action == BounceAction.FAILED,
    )


def _reason(status: str) -> str:
    return next((str(words) for codes, words in _REASONS if status.startswith(codes)), "")
