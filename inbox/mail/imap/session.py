"""One signed-in IMAP session that only reads: folder state, UIDs, facts, bytes. It never changes a flag."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

from imapclient import SocketTimeout

from inbox.mail.imap.client import Connection
from inbox.mail.imap.wire import Server, Step, WireError

CHUNK_BYTES: Final = 1024 * 1024
BATCH_BYTES: Final = 4 * CHUNK_BYTES
BATCH_MAILS: Final = 100

_SEARCH_WINDOW: Final = 50_000  # UIDs in one answer: imaplib breaks off at a line above 1,000,000 bytes
_FACTS_AT_ONCE: Final = 500
_ASKED: Final = {b"SEQ", b"UID", b"FLAGS", b"RFC822.SIZE", b"INTERNALDATE", b"MODSEQ"}
"""What an answer to FETCH may hold beside a mail's bytes; the last one is volunteered."""


@dataclass(frozen=True, slots=True)
class FolderState:
    """What the server says of a folder on opening it. `uidnext` is the lowest UID that a later mail can get."""

    uidvalidity: int
    uidnext: int
    exists: int


@dataclass(frozen=True, slots=True)
class MailFacts:
    """What is known of a mail before its bytes. `size_bytes` is the server's word, which some servers only guess."""

    size_bytes: int
    internaldate: datetime
    is_deleted: bool


class ImapSession:
    """A connection as a context manager: connects and signs in on entry, says goodbye on exit. Raises WireError."""

    def __init__(
        self, server: Server, *, user: str, password: str, bearer: bool = False, timeout: SocketTimeout | None = None
    ) -> None:
        """`bearer`: the password is an access token, and the sign-in XOAUTH2."""
        self._connection = Connection(server, timeout or SocketTimeout(connect=10, read=60))
        self._user = user
        self._password = password
        self._bearer = bearer
        self._exists = 0
        self.withheld: set[int] = set()
        """The UIDs that the server has and would not give. `fetch` says None for them as for those that vanished."""

    def __enter__(self) -> Self:
        try:
            self._connection.open()
            sign_in = self._connection.sign_in_by_token if self._bearer else self._connection.sign_in
            sign_in(self._user, self._password)
        except WireError:
            self._connection.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._connection.close()

    @property
    def is_in_doubt(self) -> bool:
        """Whether what comes next on the line can no longer be trusted: nothing more is asked over it."""
        return self._connection.is_in_doubt

    def select(self, folder: str) -> FolderState:
        """Open a folder for reading only (EXAMINE), so that nothing can mark a mail as seen."""
        return self._open(folder, step=Step.FOLDER, readonly=True)

    def uids_above(self, last: int) -> list[int]:
        """Return the UIDs above `last` in the open folder, rising. 0 lists them all.

        An answer to `n:*` always names the newest mail, below n too: such are dropped (RFC 3501 6.4.8).
        """
        if not self._exists:
            return []
        found = {uid for part in _windows(self._exists) for uid in self._search(f"{part}UID {last + 1}:*")}
        return sorted(uid for uid in found if uid > last)

    def facts(self, uids: Sequence[int]) -> dict[int, MailFacts]:
        """Return size, arrival in UTC and deletion mark by UID. A mail that vanished is missing, which is no error.

        A mail of which the server tells the flags alone has size 0 and arrived now; it is among the `withheld` then.
        """
        found: dict[int, MailFacts] = {}
        for start in range(0, len(uids), _FACTS_AT_ONCE):
            said = self._fetch(uids[start : start + _FACTS_AT_ONCE], "FLAGS", "RFC822.SIZE", "INTERNALDATE")
            found.update({uid: _facts(items) for uid, items in said.items() if _is_told(items) or uid in self.withheld})
        return found

    def fetch(self, uids: Sequence[int]) -> Iterator[tuple[int, bytes | None]]:
        """Yield each mail's bytes in the order asked. Ask for one batch of `batches` at a time.

        None stands for a mail that vanished, or that the server has and will not give: then it is among the `withheld`.
        """
        said = self._fetch(uids, "BODY.PEEK[]")
        for uid in uids:
            items: Mapping[bytes, object] = said.pop(uid, {})
            body = items.get(b"BODY[]")
            yield uid, body if isinstance(body, bytes) else None

    def fetch_partial(self, uid: int, size_bytes: int) -> Iterator[bytes | None]:
        """Yield a mail in chunks of at most 1 MiB, or None once when it vanished before its end.

        Asks on until the server has no more bytes, since some servers tell a wrong size.
        """
        offset = 0
        while True:
            chunk = self._chunk(uid, offset)
            if chunk is None or chunk:
                yield chunk
            if not chunk:
                return
            offset += len(chunk)
            if len(chunk) < CHUNK_BYTES and offset >= size_bytes:
                return

    def _open(self, folder: str, *, step: Step, readonly: bool) -> FolderState:
        with self._connection.at(step):
            said = self._connection.client.select_folder(folder, readonly=readonly)
        if b"UIDVALIDITY" not in said:
            raise WireError(step, "The server keeps no lasting numbers (UIDVALIDITY) for its mails.", again=False)
        self._exists = int(said.get(b"EXISTS", 0))
        uidnext = int(said.get(b"UIDNEXT", 0))
        if not uidnext:  # the server tells none
            uidnext = max(self._search("UID *"), default=0) + 1 if self._exists else 1
        return FolderState(uidvalidity=int(said[b"UIDVALIDITY"]), uidnext=uidnext, exists=self._exists)

    def _search(self, criteria: str) -> list[int]:
        """Return the UIDs of a plain UID SEARCH, without any extension, read from every SEARCH line of the answer."""
        with self._connection.at(Step.FETCH):
            # imapclient's own search() refuses an answer of several lines
            lines = self._connection.client._raw_command_untagged(b"SEARCH", [criteria.encode()])
        return [int(word) for line in lines if line for word in line.split() if word.isdigit()]

    def _chunk(self, uid: int, offset: int) -> bytes | None:
        said = self._fetch([uid], f"BODY.PEEK[]<{offset}.{CHUNK_BYTES}>")
        items: Mapping[bytes, object] = said.get(uid, {})
        if f"BODY[]<{offset}>".encode() not in items:
            return None
        body = items[f"BODY[]<{offset}>".encode()]
        return body if isinstance(body, bytes) else b""

    def _fetch(self, uids: Sequence[int], *items: str) -> dict[int, Mapping[bytes, object]]:
        """Ask for all mails at once, and one by one when the server refuses: one bad mail stops no other."""
        try:
            return self._ask(uids, items)
        except WireError:
            if self._connection.is_in_doubt:
                raise
        found: dict[int, Mapping[bytes, object]] = {}
        for uid in uids:
            found.update(self._fetch_one(uid, items))
        return found

    def _fetch_one(self, uid: int, items: Sequence[str]) -> dict[int, Mapping[bytes, object]]:
        """Ask for one mail, for its flags alone when that is refused. Raises when the server refuses these too."""
        try:
            return self._ask([uid], items)
        except WireError:
            if self._connection.is_in_doubt:
                raise
        flags = self._ask([uid], ["FLAGS"])
        self.withheld.update(flags)
        return flags

    def _ask(self, uids: Sequence[int], items: Sequence[str]) -> dict[int, Mapping[bytes, object]]:
        with self._connection.at(Step.FETCH):
            said: dict[int, Mapping[bytes, object]] = self._connection.client.fetch(uids, items)
            if any(_foreign(each) for each in said.values()):
                raise ValueError("a literal of another length than the server told")
        return said


def batches(facts: Mapping[int, MailFacts]) -> Iterator[list[int]]:
    """Yield the UIDs rising, in batches that fit in memory: 100 mails, 4 MiB. A mail above 1 MiB is not among them."""
    batch: list[int] = []
    size = 0
    for uid in sorted(uid for uid, known in facts.items() if known.size_bytes <= CHUNK_BYTES):
        if batch and (len(batch) == BATCH_MAILS or size + facts[uid].size_bytes > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(uid)
        size += facts[uid].size_bytes
    if batch:
        yield batch


def _windows(exists: int) -> list[str]:
    """Return sequence sets, the newest mails first, each as long as an answer can be; one empty set for a small folder.

    A mail removed meanwhile moves those after it to lower numbers: downwards they are seen twice, upwards never.
    """
    if exists <= _SEARCH_WINDOW:
        return [""]
    starts = range(1, exists + 1, _SEARCH_WINDOW)
    rising = [f"{start}:{start + _SEARCH_WINDOW - 1} " for start in starts[:-1]]
    return [f"{starts[-1]}:* ", *reversed(rising)]


def _is_told(items: Mapping[bytes, object]) -> bool:
    """Tell whether these are facts, and not the flags of another mail that the server volunteers."""
    return b"RFC822.SIZE" in items


def _foreign(items: Mapping[bytes, object]) -> bool:
    """Tell whether an answer holds words that nobody asked for: a mail's own bytes, read as the end of the answer.

    So it is when the server tells too short a length, and what was read as the mail is a part of it.
    """
    return any(key not in _ASKED and not key.startswith(b"BODY[") for key in items)


def _facts(items: Mapping[bytes, object]) -> MailFacts:
    """Read one FETCH answer. A date that the server garbles counts as now."""
    size, date, flags = (items.get(key) for key in (b"RFC822.SIZE", b"INTERNALDATE", b"FLAGS"))
    arrived = date if isinstance(date, datetime) and date.tzinfo else datetime.now(UTC)
    marks = {flag.lower() for flag in flags if isinstance(flag, bytes)} if isinstance(flags, tuple) else set()
    return MailFacts(size if isinstance(size, int) else 0, arrived.astimezone(UTC), b"\\deleted" in marks)
