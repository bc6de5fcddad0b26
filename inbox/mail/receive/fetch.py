"""Fetch a mailbox: what is new first, then what was missed, then what lay there before."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings
from django.utils import timezone
from imapclient import SocketTimeout

from inbox.mail.imap.disposing import DisposingSession
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.oauth.credentials import imap_credential
from inbox.mail.opening import imap_server
from inbox.mail.receive.dispose import dispose
from inbox.mail.receive.lease import Lease
from inbox.mail.receive.numbering import next_reconcile, settle_numbers
from inbox.mail.receive.reconcile import forget_left, left_before, missed
from inbox.mail.receive.taking import Taken, Taker
from inbox.mail.states import RawState

_JAM: Final = 2_000
"""So many mails may wait to be read before a back-fill pauses: new mail must not queue behind years of old."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a cycle did so far, and how many mails, as far as it knows, are still to be taken: `left` of them in all.

    `back_left` are those of the back-fill among them.
    """

    taken: Taken = field(default_factory=Taken)
    left: int = 0
    back_left: int = 0

    @property
    def stored(self) -> int:
        """How many new mails came."""
        return self.taken.stored

    @property
    def done(self) -> int:
        """How many mails were looked at, new or not."""
        return self.taken.stored + self.taken.duplicate + self.taken.skipped

    @property
    def total(self) -> int:
        """How many there are in all, as far as is known."""
        return self.done + self.left


class Patience:
    """How long one cycle may take: None is to its end. With an end, a back-fill also waits for its readers."""

    def __init__(self, seconds: float | None) -> None:
        self._until = None if seconds is None else time.monotonic() + seconds

    def is_over(self) -> bool:
        """Tell whether the time is up: what is left comes with the next cycle."""
        return self._until is not None and time.monotonic() >= self._until

    def is_jammed(self) -> bool:
        """Tell whether too many mails wait to be read for old ones to be added."""
        waiting = RawMail.objects.filter(state=RawState.STORED)
        return self._until is not None and waiting[:_JAM].count() >= _JAM


def fetch_new(lease: Lease, *, patience: Patience) -> Iterator[Fetched]:
    """Fetch a mailbox under its lease and yield the growing sum after each batch.

    Raises LeaseLost, WireError and StorageFull. Whatever was stored before stays stored.
    """
    mailbox = Mailbox.objects.select_related("inbox").get(pk=lease.mailbox_id)
    with imap_session(mailbox) as session:
        settle_numbers(mailbox, session.select(mailbox.folder))
        yield from _Cycle(mailbox, session, lease=lease, patience=patience).run()


def imap_session(mailbox: Mailbox) -> DisposingSession:
    """Return a connection to the mailbox, not opened yet. Raises WireError when no access token can be had."""
    timeout = SocketTimeout(connect=settings.MAIL_IMAP_CONNECT_S, read=settings.MAIL_IMAP_READ_S)
    known = imap_credential(mailbox)
    return DisposingSession(
        imap_server(mailbox), user=known.user, password=known.password, bearer=known.bearer, timeout=timeout
    )


class _Cycle:
    """One run over a folder in four parts, each of which may be cut off and goes on with the next cycle."""

    def __init__(self, mailbox: Mailbox, session: DisposingSession, *, lease: Lease, patience: Patience) -> None:
        self._mailbox = mailbox
        self._session = session
        self._lease = lease
        self._patience = patience
        self._taken = Taken()
        self._new_left = 0

    def run(self) -> Iterator[Fetched]:
        """Do all four. A fault while taking mails away from the server is raised once the others are done."""
        yield from self._new()
        yield from self._missed()
        trouble = self._dispose()
        yield self._sum()
        yield from self._back_fill()
        if trouble is not None:
            raise trouble

    def _new(self) -> Iterator[Fetched]:
        uids = self._session.uids_above(self._mailbox.last_uid)
        for taken, left in self._taker().take(uids, self._move_new):
            self._new_left = left
            yield self._add(taken)
            if self._patience.is_over():
                return

    def _move_new(self, uid: int, _left: int) -> dict[str, int]:
        self._mailbox.last_uid = uid
        return {"last_uid": uid}

    def _missed(self) -> Iterator[Fetched]:
        due = self._mailbox.next_reconcile_at
        if self._patience.is_over() or (due is not None and due > timezone.now()):
            return
        there = self._session.uids_above(self._mailbox.floor_uid)
        wanted = sorted([*missed(self._mailbox, there), *self._freed(there)])
        for taken, _left in self._taker(is_missed=True).take(wanted, _move_nothing):
            yield self._add(taken)
            if self._patience.is_over():
                return
        Mailbox.objects.filter(pk=self._mailbox.pk).update(next_reconcile_at=next_reconcile())

    def _freed(self, there: list[int]) -> list[int]:
        """Return the mails that could not be taken before and can be now."""
        left = left_before(self._mailbox, there)
        facts = self._session.facts(left) if left else {}
        freed = [uid for uid, known in facts.items() if not known.is_deleted and self._is_given(uid)]
        forget_left(self._mailbox, freed)
        return freed

    def _is_given(self, uid: int) -> bool:
        if uid in self._session.withheld:
            return False
        return next(self._session.fetch_partial(uid, 0), None) is not None

    def _dispose(self) -> WireError | None:
        """Take away what may go. A server that refuses stops no fetching; a line that is in doubt does."""
        if self._patience.is_over():
            return None
        try:
            gone = dispose(self._mailbox, self._session, lease=self._lease)
        except WireError as error:
            if self._session.is_in_doubt:
                raise
            return error
        self._taken += Taken(disposed=gone)
        return None

    def _back_fill(self) -> Iterator[Fetched]:
        mailbox = self._mailbox
        if not mailbox.back_until or self._patience.is_over():
            return
        self._session.select(mailbox.folder)
        uids = [uid for uid in self._session.uids_above(mailbox.back_uid) if uid <= mailbox.back_until]
        self._lease.beat({"back_left": len(uids), "back_total": max(mailbox.back_total, len(uids))})
        mailbox.back_left = len(uids)
        yield self._sum()
        if self._patience.is_jammed():
            return
        for taken, _left in self._taker().take(uids, self._move_back):
            yield self._add(taken)
            if mailbox.back_left and (self._patience.is_over() or self._patience.is_jammed()):
                return
        mailbox.back_until = mailbox.back_left = 0
        self._lease.beat({"back_until": 0, "back_left": 0, "back_total": 0})

    def _move_back(self, uid: int, left: int) -> dict[str, int]:
        self._mailbox.back_uid, self._mailbox.back_left = uid, left
        return {"back_uid": uid, "back_left": left}

    def _taker(self, *, is_missed: bool = False) -> Taker:
        return Taker(self._mailbox, self._session, lease=self._lease, is_missed=is_missed)

    def _add(self, taken: Taken) -> Fetched:
        self._taken += taken
        return self._sum()

    def _sum(self) -> Fetched:
        back_left = self._mailbox.back_left if self._mailbox.back_until else 0
        return Fetched(self._taken, self._new_left + back_left, back_left)


def _move_nothing(_uid: int, _left: int) -> dict[str, int]:
    return {}
