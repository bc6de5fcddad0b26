"""Fetch what is new in a mailbox: UIDs above the cursor, stored before anything else happens."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final
from uuid import UUID

from django.conf import settings
from imapclient import SocketTimeout

from inbox.mail.imap.session import CHUNK_BYTES, FolderState, ImapSession, MailFacts, batches
from inbox.mail.models import Mailbox
from inbox.mail.opening import imap_server, secret_of
from inbox.mail.receive.lease import Lease, held
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.states import History, RawState

TOO_LARGE: Final = "too_large"
DELETED_THERE: Final = "deleted_on_server"
BEFORE_US: Final = "older_than_mailbox"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What one cycle did."""

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
            window = uids[start : start + 500]
            facts = self._session.facts(window)
            for arrivals, cursor in self._arrivals(facts):
                self._lease.beat()
                total = total.plus(self._store(arrivals, cursor))
                yield total

    def _store(self, arrivals: list[Arrival], cursor: int) -> list[Arrival]:
        try:
            store_raw(self._source, arrivals, cursor=cursor)
        except VanishedMidway:
            store_raw(self._source, [], cursor=cursor)
            return []
        return arrivals

    def _arrivals(self, facts: dict[int, MailFacts]) -> Iterator[tuple[list[Arrival], int]]:
        for is_alone, group in groupby(sorted(facts), key=lambda uid: self._stands_alone(uid, facts[uid])):
            uids = list(group)
            if is_alone:
                for uid in uids:
                    yield self._alone(uid, facts[uid]), uid
                continue
            for batch in batches({uid: facts[uid] for uid in uids}):
                yield self._batch(batch, facts), batch[-1]

    def _stands_alone(self, uid: int, facts: MailFacts) -> bool:
        return facts.size_bytes > CHUNK_BYTES or bool(self._skip_reason(uid, facts))

    def _skip_reason(self, uid: int, facts: MailFacts) -> str:
        if facts.is_deleted:
            return DELETED_THERE
        if facts.size_bytes > settings.MAIL_MAX_BYTES:
            return TOO_LARGE
        if self._mailbox.history == History.NONE and self._is_old(uid, facts):
            return BEFORE_US
        return ""

    def _is_old(self, uid: int, facts: MailFacts) -> bool:
        since = self._mailbox.created_at.replace(microsecond=0)
        return uid < self._mailbox.renumbered_below and facts.internaldate < since

    def _alone(self, uid: int, facts: MailFacts) -> list[Arrival]:
        reason = self._skip_reason(uid, facts)
        if reason:
            state = RawState.QUARANTINED if reason == TOO_LARGE else RawState.SKIPPED
            return [self._arrival(uid, facts, None, state=state, reason=reason)]
        chunks = self._session.fetch_partial(uid, facts.size_bytes)
        first = next(chunks, None)
        if first is None:
            return []
        return [self._arrival(uid, facts, _whole(first, chunks))]

    def _batch(self, uids: list[int], facts: dict[int, MailFacts]) -> list[Arrival]:
        fetched = self._session.fetch(uids)
        return [self._arrival(uid, facts[uid], [data]) for uid, data in fetched if data is not None]

    def _arrival(
        self,
        uid: int,
        facts: MailFacts,
        chunks: Iterator[bytes] | list[bytes] | None,
        *,
        state: RawState = RawState.STORED,
        reason: str = "",
    ) -> Arrival:
        key = f"imap:{self._mailbox.folder}:{self._uidvalidity}:{uid}"
        return Arrival(key, facts.size_bytes, facts.internaldate, chunks, state, reason)


class VanishedMidway(Exception):
    """The mail was removed from the server between two parts of it: nothing of it is stored."""


def _whole(first: bytes, rest: Iterator[bytes | None]) -> Iterator[bytes]:
    yield first
    for chunk in rest:
        if chunk is None:
            raise VanishedMidway
        yield chunk
