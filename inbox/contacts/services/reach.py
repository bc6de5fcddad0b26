"""Whether mail to an address arrives: marked after it came back often enough, unmarked by the next mail from there."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db.models import F, Q
from django.utils import timezone

from audit.actions import Action
from audit.record import record
from helpdesk.core.ready import AnyOf, Ready, Slot
from inbox.contacts.models import ContactAddress
from inbox.contacts.services.identify import address_blind

HARD: Final = 2
"""So many mails that found no such address mark it."""
SOFT: Final = 3
"""So many that came back for any other reason of the recipient's side mark it (a full mailbox, a server away)."""

_COUNTED: Final = Ready(
    lambda: ContactAddress.objects.filter(
        Q(hard_bounces__gt=0) | Q(soft_bounces__gt=0) | Q(undeliverable_at__isnull=False), blind=Slot("key")
    ).select_related("contact")
)

_MARKED: Final = Ready(
    lambda: ContactAddress.objects.filter(AnyOf(F("blind"), Slot("keys")), undeliverable_at__isnull=False).only(
        "blind", "undeliverable_at"
    )
)


def came_back(address: str, *, hard: bool, at: datetime | None = None) -> bool:
    """Count a mail that did not reach `address`, and return whether that marked it. Unknown addresses count nothing.

    Runs in the caller's transaction, once a mail: the caller knows that it was not counted before.
    """
    rows = ContactAddress.objects.select_for_update(of=("self",)).select_related("contact")
    found = rows.filter(blind=address_blind(address)).first()
    if found is None:
        return False
    found.hard_bounces += int(hard)
    found.soft_bounces += int(not hard)
    marks = found.undeliverable_at is None and (found.hard_bounces >= HARD or found.soft_bounces >= SOFT)
    if marks:
        found.undeliverable_at = at or timezone.now()
        record(Action.ADDRESS_UNDELIVERABLE, on=found.contact.as_subject(), address=found.pk)
    found.save(update_fields=["hard_bounces", "soft_bounces", "undeliverable_at"])
    return marks


def heard_from(address: str) -> None:
    """Forget what came back from `address`: it wrote, so it is there. One cheap query when nothing is to forget."""
    for row in _COUNTED.rows(key=address_blind(address)):
        if row.undeliverable_at is not None:
            record(Action.ADDRESS_REACHABLE, on=row.contact.as_subject(), address=row.pk)
        row.hard_bounces = row.soft_bounces = 0
        row.undeliverable_at = None
        row.save(update_fields=["hard_bounces", "soft_bounces", "undeliverable_at"])


def undeliverable(addresses: Iterable[str]) -> dict[str, datetime]:
    """Return those of `addresses` that are marked, as they were given, each with since when."""
    keys = {address_blind(address): address for address in addresses}
    if not keys:
        return {}
    rows = _MARKED.rows(keys=list(keys))
    return {keys[bytes(row.blind)]: row.undeliverable_at for row in rows if row.undeliverable_at is not None}
