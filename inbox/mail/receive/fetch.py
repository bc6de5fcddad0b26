"""Fetch what is new in a mailbox: UIDs above the cursor, stored before anything else happens."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from django.conf import settings
from imapclient import SocketTimeout

from inbox.mail.imap.session import CHUNK_BYTES, FolderState, ImapSession, MailFacts, batches
from inbox.mail.models import Mailbox
from inbox.mail.opening import imap_server, secret_of
from inbox.mail.receive.lease import Lease, held
from inbox.mail.receive.store import Arrival, Cursor, Source, store_raw
from inbox.mail.states import History, RawReason, RawState


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one cycle did: `stored` were taken, `skipped` were not ours to take or could not be had."""

    stored: int = 0
    skipped: int = 0

    def plus(self, arrivals: Sequence[Arrival]) -> "Fetched":
        """Return the sum with these arrivals."""
        stored = sum(arrival.chunks is not None for arrival in arrivals)
        return Fetched(self.stored + stored, self.skipped + len(arrivals) - stored)


def fetch_new(mailbox_id: UUID) -> Iterator[Fetched]:
    """Fetch a mailbox to its end under its lease and yield the growing sum after each batch.

    Raises LeaseTaken, LeaseLost, WireError and StorageFull. Whatever was stored before stays stored.
    """
    with held(mailbox_id) as lease:
        mailbox = Mailbox.objects.select_related("inbox").get(pk=mailbox_id)
        with imap_session(mailbox) as session:
            state = session.select(mailbox.folder)
            _settle_cursor(mailbox, state)
            yield from _Cycle(mailbox, session, lease=lease, uidvalidity=state.uidvalidity).run()


def imap_session(mailbox: Mailbox) -> ImapSession:
    """Return a connection to the mailbox, not opened yet."""
    timeout = SocketTimeout(connect=settings.MAIL_IMAP_CONNECT_S, read=settings.MAIL_IMAP_READ_S)
    return ImapSession(
        imap_server(mailbox), user=mailbox.imap_user, password=secret_of(mailbox, "imap_password"), timeout=timeout
    )


def _settle_cursor(mailbox: Mailbox, state: FolderState) -> None:
    """Set the cursor on first connect, and begin again when the server renumbered its mails (RFC 3501 2.3.1.1)."""
    if mailbox.uidvalidity == state.uidvalidity:
        return
    first = mailbox.uidvalidity is None
    mailbox.uidvalidity = state.uidvalidity
    mailbox.last_uid = state.uidnext - 1 if first and mailbox.history == History.NONE else 0
    mailbox.renumbered_below = 0 if first else state.uidnext
    mailbox.save(update_fields=["uidvalidity", "last_uid", "renumbered_below"])


class _Cycle:
    """One run over a folder, in the order of UIDs, so that the cursor never passes a mail that is not stored."""

    def __init__(self, mailbox: Mailbox, session: ImapSession, *, lease: Lease, uidvalidity: int) -> None:
        self._mailbox = mailbox
        self._session = session
        self._lease = lease
        self._uidvalidity = uidvalidity
        self._source = Source(mailbox.inbox, mailbox)

    def run(self) -> Iterator[Fetched]:
        """Fetch everything above the cursor."""
        total = Fetched()
        uids = self._session.uids_above(self._mailbox.last_uid)
        for start in range(0, len(uids), 500):
            facts = self._session.facts(uids[start : start + 500])
            for arrivals, cursor in self._arrivals(facts):
                total = total.plus(self._store(arrivals, cursor))
                yield total

    def _store(self, arrivals: list[Arrival], uid: int) -> list[Arrival]:
        cursor = Cursor(uid, self._lease)
        try:
            store_raw(self._source, arrivals, cursor=cursor)
        except VanishedMidway:
            store_raw(self._source, [], cursor=cursor)
            return []
        return arrivals

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
        if self._mailbox.history == History.NONE and self._is_old(uid, facts):
            return RawReason.BEFORE_US
        return None

    def _is_old(self, uid: int, facts: MailFacts) -> bool:
        since = self._mailbox.created_at.replace(microsecond=0)
        return uid < self._mailbox.renumbered_below and facts.internaldate < since

    def _alone(self, uid: int, facts: MailFacts) -> list[Arrival]:
        left = self._why_left(uid, facts)
        if left is not None:
            return [self._arrival(uid, facts, None, left=left)]
        chunks = self._session.fetch_partial(uid, facts.size_bytes)
        first = next(chunks, None)
        if first is None:
            return self._not_given(uid, facts)
        return [self._arrival(uid, facts, _whole(first, chunks))]

    def _batch(self, uids: list[int], facts: dict[int, MailFacts]) -> list[Arrival]:
        arrivals: list[Arrival] = []
        for uid, data in self._session.fetch(uids):
            arrivals += self._not_given(uid, facts[uid]) if data is None else [self._arrival(uid, facts[uid], [data])]
        return arrivals

    def _not_given(self, uid: int, facts: MailFacts) -> list[Arrival]:
        """A mail that vanished leaves nothing; of one that the server keeps back a ticket tells."""
        if uid not in self._session.withheld:
            return []
        return [self._arrival(uid, facts, None, left=RawReason.WITHHELD)]

    def _arrival(
        self, uid: int, facts: MailFacts, chunks: Iterable[bytes] | None, *, left: RawReason | None = None
    ) -> Arrival:
        key = f"imap:{self._mailbox.folder}:{self._uidvalidity}:{uid}"
        state = RawState.SKIPPED if left in _SILENT else RawState.STORED
        history = facts.internaldate < self._mailbox.created_at.replace(microsecond=0)
        return Arrival(key, facts.size_bytes, facts.internaldate, chunks, state, left or "", history)


_SILENT = {RawReason.DELETED_THERE, RawReason.BEFORE_US}
"""What is left where it lies without a ticket; of everything else that could not be had a ticket tells."""


class VanishedMidway(Exception):
    """The mail was removed from the server between two parts of it: nothing of it is stored."""


def _whole(first: bytes, rest: Iterator[bytes | None]) -> Iterator[bytes]:
    yield first
    for chunk in rest:
        if chunk is None:
            raise VanishedMidway
        yield chunk
