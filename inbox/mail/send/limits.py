"""How many acknowledgements may go out: per ticket, sender and domain, and in all before the breaker opens."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actions import Action
from audit.record import record
from helpdesk.crypto.blind import blind
from inbox.contacts.services.identify import address_blind
from inbox.inboxes.access import people_with
from inbox.inboxes.permissions import DeskRight
from inbox.mail.models import Acknowledged, Breaker
from inbox.mail.models.ack import ACKNOWLEDGEMENTS
from inbox.mail.send.alarm import alarm
from inbox.mail.states import AckReason
from inbox.tickets.models import Ticket

logger = logging.getLogger(__name__)

PER_SENDER: Final = 3
"""To one sender within the hour, whatever stands behind a plus."""
PER_DOMAIN: Final = 30
WINDOW: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Counted:
    """Whom an acknowledgement goes to, as it is counted: blind."""

    sender: bytes
    domain: bytes


def counted(address: str) -> Counted:
    """Return how an address counts: what stands behind a plus makes nobody another person."""
    local, _at, domain = address.strip().casefold().rpartition("@")
    return Counted(address_blind(f"{local.partition('+')[0]}@{domain}"), blind("domain", domain))


def room_for(to: Counted, *, ticket: Ticket) -> AckReason | None:
    """Return why no further acknowledgement may go `to`, None when one may.

    From here to the end of the transaction nobody else counts: two mails at once never pass the limit together. Opens
    the breaker, and tells of it, when too many went out in all.
    """
    breaker = lock_breaker()
    if breaker.stopped_at is not None:
        return AckReason.STOPPED
    since = timezone.now() - WINDOW
    full = _full(to, ticket, since)
    if full is None and _written_since(breaker, since) >= settings.MAIL_ACKS_AN_HOUR:
        _stop(breaker)
        return AckReason.STOPPED
    return full


def is_stopped() -> bool:
    """Return whether the breaker is open: no acknowledgement leaves."""
    return Breaker.objects.filter(name=ACKNOWLEDGEMENTS, stopped_at__isnull=False).exists()


def lock_breaker() -> Breaker:
    """Return the breaker, locked until the transaction ends."""
    Breaker.objects.get_or_create(name=ACKNOWLEDGEMENTS)
    return Breaker.objects.select_for_update().get(name=ACKNOWLEDGEMENTS)


def _full(to: Counted, ticket: Ticket, since: datetime) -> AckReason | None:
    written = Acknowledged.objects.filter(at__gte=since)
    had_one = Acknowledged.objects.filter(ticket=ticket, sender=to.sender).exists()
    if had_one or written.filter(sender=to.sender).count() >= PER_SENDER:
        return AckReason.PER_SENDER
    return AckReason.PER_DOMAIN if written.filter(domain=to.domain).count() >= PER_DOMAIN else None


def _written_since(breaker: Breaker, since: datetime) -> int:
    return Acknowledged.objects.filter(at__gte=max(since, breaker.counted_from or since)).count()


def _stop(breaker: Breaker) -> None:
    breaker.stopped_at = timezone.now()
    breaker.save(update_fields=["stopped_at"])
    record(Action.ACKS_STOPPED, on=breaker.as_subject(), within_the_hour=settings.MAIL_ACKS_AN_HOUR)
    logger.warning("acknowledgements are stopped", extra={"an_hour": settings.MAIL_ACKS_AN_HOUR})
    alarm(
        _("Acknowledgements are stopped"),
        _(
            "More acknowledgements of new mail went out within an hour than this desk allows, so they are stopped. "
            "Mail itself comes in as usual. Look for a loop or a flood among the newest tickets, then switch them on "
            "again in the administration, at any inbox under “Acknowledgements”."
        ),
        to=people_with(DeskRight.MANAGE_ROLES),
    )
