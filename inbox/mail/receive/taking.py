"""Take mails from the open folder by their UIDs: stored in rising order, the cursor moved with each batch."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from itertools import groupby
from typing import Final

from django.conf import settings

from inbox.mail.imap.session import CHUNK_BYTES, ImapSession, MailFacts, batches
from inbox.mail.imap.wire import Step, WireError
from inbox.mail.models import Mailbox
from inbox.mail.receive.lease import Lease
from inbox.mail.receive.numbering import transport_key
from inbox.mail.receive.store import Arrival, Cursor, Source, store_raw
from inbox.mail.states import History, RawReason, RawState

_FACTS_AT_ONCE: Final = 500
_REFUSED_ENOUGH: Final = 3
"""So many cycles in a row a server may give nothing at all before what it keeps back counts as withheld for good."""

Moves = Callable[[int, int], dict[str, int]]
"""Returns the columns of the mailbox to set once a UID is stored and so many others are still to be taken."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was done: `stored` mails are new, `duplicate` ones came before, `skipped` ones were not ours to take.

    `reconciled` ones, counted among these, were found by comparing lists; `disposed` ones left their folder.
    """

    stored: int = 0
    skipped: int = 0
    duplicate: int = 0
    reconciled: int = 0
    disposed: int = 0

    def __add__(self, other: "Taken") -> "Taken":
        """Return the sum."""
        return Taken(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(Taken)))


class Taker:
    """Takes mails of one mailbox over one session, under its lease. `is_missed`: they were found by comparing lists."""

    def __init__(self, mailbox: Mailbox, session: ImapSession, *, lease: Lease, is_missed: bool = False) -> None:
        self._mailbox = mailbox
        self._session = session
        self._lease = lease
        self._is_missed = is_missed
        self._has_given = False
        self._source = Source(mailbox.inbox, mailbox)

    def take(self, uids: Sequence[int], moves: Moves) -> Iterator[tuple[Taken, int]]:
        """Take the mails of these UIDs, which rise. Yields what each batch did, once it is safe, and how many are left.

        The cursor never passes a mail that is not stored.
        """
        for start in range(0, len(uids), _FACTS_AT_ONCE):
            asked = uids[start : start + _FACTS_AT_ONCE]
            facts = self._session.facts(asked)
            if not facts.keys() - self._session.withheld:
                self._look_for_illness(asked)
            for arrivals, uid in self._arrivals(facts):
                left = len(uids) - start - sum(1 for each in asked if each <= uid)
                yield self._store(arrivals, moves(uid, left)), left
            if asked[-1] not in facts:  # it vanished: the cursor passes it all the same
                self._lease.beat(moves(asked[-1], len(uids) - start - len(asked)))

    def _store(self, arrivals: list[Arrival], moves: dict[str, int]) -> Taken:
        cursor = Cursor(self._lease, moves)
        try:
            rows = store_raw(self._source, arrivals, cursor=cursor)
        except VanishedMidway:
            rows = store_raw(self._source, [], cursor=cursor)
        except GrewTooLarge:
            left = [replace(each, chunks=None, reason=RawReason.TOO_LARGE) for each in arrivals]
            rows = store_raw(self._source, left, cursor=cursor)
        return Taken(
            stored=sum(row.state == RawState.STORED and row.blob is not None for row in rows),
            skipped=sum(row.blob is None and row.state != RawState.DUPLICATE for row in rows),
            duplicate=sum(row.state == RawState.DUPLICATE for row in rows),
            reconciled=sum(row.reconciled for row in rows),
        )

    def _arrivals(self, facts: dict[int, MailFacts]) -> Iterator[tuple[list[Arrival], int]]:
        """Yield what to store together, with the UID that the cursor moves to."""
        for is_alone, group in groupby(sorted(facts), key=lambda uid: self._stands_alone(uid, facts[uid])):
            uids = list(group)
            if is_alone:
                for uid in uids:
                    yield self._alone(uid, facts[uid]), uid
                continue
            for batch in batches({uid: facts[uid] for uid in uids}):
                yield self._batch(batch, facts), batch[-1]

    def _stands_alone(self, uid: int, facts: MailFacts) -> bool:
        return facts.size_bytes > CHUNK_BYTES or self._why_left(uid, facts) is not None

    def _why_left(self, uid: int, facts: MailFacts) -> RawReason | None:
        """Return why a mail is not fetched, None when it is."""
        if uid in self._session.withheld:
            return RawReason.WITHHELD
        if facts.is_deleted:
            return RawReason.DELETED_THERE
        if facts.size_bytes > settings.MAIL_MAX_BYTES:
            return RawReason.TOO_LARGE
        if self._mailbox.history == History.NONE and self._is_renumbered(uid) and self._is_old(facts):
            return RawReason.BEFORE_US
        return None

    def _is_renumbered(self, uid: int) -> bool:
        return uid < self._mailbox.renumbered_below

    def _is_old(self, facts: MailFacts) -> bool:
        return facts.internaldate < self._mailbox.created_at.replace(microsecond=0)

    def _alone(self, uid: int, facts: MailFacts) -> list[Arrival]:
        left = self._why_left(uid, facts)
        if left is not None:
            return [self._arrival(uid, facts, None, left=left)]
        chunks = self._session.fetch_partial(uid, facts.size_bytes)
        first = next(chunks, None)
        self._has_given = self._has_given or first is not None
        self._look_for_illness([uid])
        if first is None:
            return self._not_given(uid, facts)
        return [self._arrival(uid, facts, _whole(first, chunks))]

    def _batch(self, uids: list[int], facts: dict[int, MailFacts]) -> list[Arrival]:
        arrivals: list[Arrival] = []
        bodies = list(self._session.fetch(uids))
        self._has_given = self._has_given or any(data is not None for _, data in bodies)
        self._look_for_illness(uids)
        for uid, data in bodies:
            if data is None:
                arrivals += self._not_given(uid, facts[uid])
            else:
                arrivals.append(self._arrival(uid, facts[uid], [data]))
        return arrivals

    def _look_for_illness(self, uids: Sequence[int]) -> None:
        """Raise WireError while the server keeps back whatever is asked: that is its own trouble, not the mails'."""
        is_refused = any(uid in self._session.withheld for uid in uids)
        if is_refused and not self._has_given and self._mailbox.failures < _REFUSED_ENOUGH:
            raise WireError(Step.FETCH, "The server gives no mail.", again=True)

    def _not_given(self, uid: int, facts: MailFacts) -> list[Arrival]:
        """A mail that vanished leaves nothing; of one that the server keeps back a ticket tells."""
        if uid not in self._session.withheld:
            return []
        return [self._arrival(uid, facts, None, left=RawReason.WITHHELD)]

    def _arrival(
        self, uid: int, facts: MailFacts, chunks: Iterable[bytes] | None, *, left: RawReason | None = None
    ) -> Arrival:
        is_missed = self._is_missed or self._is_renumbered(uid)
        state = RawState.SKIPPED if left in _SILENT else RawState.STORED
        return Arrival(
            transport_key(self._mailbox, uid),
            facts.size_bytes,
            facts.internaldate,
            chunks,
            state,
            left or "",
            history=is_missed or self._is_old(facts),
            reconciled=is_missed,
        )


_SILENT: Final = {RawReason.DELETED_THERE, RawReason.BEFORE_US}
"""What is left where it lies without a ticket; of everything else that could not be had a ticket tells."""


class VanishedMidway(Exception):
    """The mail was removed from the server between two parts of it: nothing of it is stored."""


class GrewTooLarge(Exception):
    """The server gives more of a mail than it told, and more than is taken: perhaps without an end."""


def _whole(first: bytes, rest: Iterator[bytes | None]) -> Iterator[bytes]:
    yield first
    size_bytes = len(first)
    for chunk in rest:
        if chunk is None:
            raise VanishedMidway
        size_bytes += len(chunk)
        if size_bytes > settings.MAIL_MAX_BYTES:
            raise GrewTooLarge
        yield chunk
