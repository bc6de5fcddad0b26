"""How fresh an inbox's mail is: when its mailboxes were last fetched, what is wrong, and what is still to come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import F
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import AnyOf, Ready, Slot
from inbox.inboxes.permissions import Access, Right
from inbox.mail.models import Mailbox
from inbox.mail.models.mailbox import SECRET_WARNING
from inbox.tickets.opening.people import readable

_OUTAGE_SHOWN: Final = timedelta(days=1)
_COLUMNS: Final = (
    "inbox", "imap_user", "imap_host", "active", "last_good_at", "created_at", "failures", "fault_step",
    "needs_consent", "secret_ends_at", "back_left", "back_total", "outage_from", "outage_until", "outage_mails",
)  # fmt: skip
_OF_INBOXES: Final = Ready(
    lambda: (
        Mailbox.objects.filter(AnyOf(F("inbox_id"), Slot("inboxes")), active=True).exclude(imap_host="").only(*_COLUMNS)
    )
)


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without a good fetch that is over, and how many mails came in after it."""

    since: datetime
    until: datetime
    mails: int


@dataclass(frozen=True, slots=True)
class Feed:
    """One mailbox as whoever works in its inbox sees it.

    `fault` is the failed step of its last look, "" when that went well; `words` are the server's own, told to those
    alone who manage mailboxes there (`may_manage`). `back_left` of `back_total` older mails are still to come.
    `secret_ends_days` is told when its secret soon ends (0: today, or it has ended already).
    """

    mailbox_id: UUID
    name: str
    good_at: datetime | None
    is_late: bool
    fault: str
    words: str
    may_manage: bool
    back_left: int
    back_total: int
    outage: Outage | None
    secret_ends_days: int | None

    @property
    def back_done(self) -> int:
        """How many mails of the back-fill are here."""
        return self.back_total - self.back_left

    @property
    def needs_care(self) -> bool:
        """Whether somebody who manages it should look after it now."""
        return self.may_manage and (self.is_late or self.secret_ends_days is not None)


@dataclass(frozen=True, slots=True)
class Freshness:
    """What feeds one inbox. `good_at` is the oldest last good fetch of its mailboxes, None before the first."""

    inbox_id: UUID
    inbox_name: str
    feeds: Sequence[Feed]

    @property
    def good_at(self) -> datetime | None:
        """When all that feeds it had been fetched."""
        moments = [feed.good_at for feed in self.feeds]
        return None if None in moments else min(filter(None, moments), default=None)

    @property
    def needs_care(self) -> bool:
        """Whether the person should look after one of its mailboxes now."""
        return any(feed.needs_care for feed in self.feeds)

    @property
    def is_late(self) -> bool:
        """Whether one of its mailboxes has been without a good fetch for too long."""
        return any(feed.is_late for feed in self.feeds)


def freshness_of(access: Access, inboxes: Mapping[UUID, str]) -> dict[UUID, Freshness]:
    """Return how fresh each inbox's mail is, by its id; `inboxes` are ids and names that the person may see.

    An inbox without a mailbox of its own is missing: nobody can tell which one brings its mail.
    """
    rows = _OF_INBOXES.rows(inboxes=list(inboxes))
    now = timezone.now()
    feeds: dict[UUID, list[Feed]] = {}
    for row in rows:
        may_manage = access.can(Right.MANAGE_MAILBOX, row.inbox_id)
        feeds.setdefault(row.inbox_id, []).append(_feed(row, now, may_manage=may_manage))
    return {inbox_id: Freshness(inbox_id, inboxes[inbox_id], found) for inbox_id, found in feeds.items()}


def _feed(row: Mailbox, now: datetime, *, may_manage: bool) -> Feed:
    return Feed(
        mailbox_id=row.pk,
        name=str(row),
        good_at=row.last_good_at,
        is_late=row.is_late,
        fault=row.fault_step,
        words=_words(row) if may_manage and row.fault_step else "",
        may_manage=may_manage,
        back_left=row.back_left,
        back_total=row.back_total,
        outage=_outage(row, now),
        secret_ends_days=_days(row, now) if may_manage else None,
    )


def _words(row: Mailbox) -> str:
    with purpose(Purpose.VIEW):
        return readable(row, row, "fault_words")


def _outage(row: Mailbox, now: datetime) -> Outage | None:
    since, until = row.outage_from, row.outage_until
    if since is None or until is None or now - until > _OUTAGE_SHOWN:
        return None
    return Outage(since, until, row.outage_mails)


def _days(row: Mailbox, now: datetime) -> int | None:
    ends = row.secret_ends_at
    if ends is None or ends - now > SECRET_WARNING:
        return None
    return max(0, (ends - now).days)
