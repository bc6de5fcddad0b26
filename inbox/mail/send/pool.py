"""Connections that are kept for a short while, so that a burst of mail signs in once: one a mailbox and process."""

import atexit
import os
import smtplib
import threading
import time
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from inbox.mail.imap.wire import WireError
from inbox.mail.send.connection import SmtpServer, leave, open_connection
from inbox.mail.send.smtp import Letter, Outcome, OutcomeKind, hand_in

KEPT_S: Final = 15.0
"""Without mail for so long, a connection is left."""
_OLDEST_S: Final = 300.0
_MOST_MAILS: Final = 100
_CHECK_S: Final = 5.0
_CLOSING: Final = 421


@dataclass(frozen=True, slots=True)
class _Key:
    """Whose connection it is: another mailbox, another password or another process never takes it."""

    mailbox_id: UUID
    server: SmtpServer
    process: int


@dataclass(slots=True)
class _Kept:
    client: smtplib.SMTP
    opened: float
    mails: int = 0
    since: float = 0.0


class Pool:
    """The connections of this process. A connection is used by one thread at a time and lies here between two mails."""

    def __init__(self, *, kept_s: float = KEPT_S) -> None:
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._idle: dict[_Key, _Kept] = {}
        self._watched: set[_Key] = set()

    def deliver(self, mailbox_id: UUID, server: SmtpServer, letter: Letter, *, timeout_s: float) -> Outcome:
        """Hand one mail in and return how it ended; never raises for what a server does.

        A kept connection that the server has closed meanwhile is replaced at once: nothing was handed in over it.
        """
        key = _Key(mailbox_id, server, os.getpid())
        kept = self._take(key)
        if kept is not None:
            outcome = hand_in(kept.client, letter, secrets=server.secrets)
            if not _is_lost(outcome):
                return self._done(key, kept, outcome)
            leave(kept.client)
        try:
            kept = _Kept(open_connection(server, timeout_s=timeout_s), time.monotonic())
        except WireError as error:
            return Outcome(OutcomeKind.DEFERRED, error.words, step=error.step)
        return self._done(key, kept, hand_in(kept.client, letter, secrets=server.secrets))

    def close_idle(self) -> None:
        """Leave every connection that lies here."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for key, kept in idle.items():
            if key.process == os.getpid():
                leave(kept.client)

    def _take(self, key: _Key) -> _Kept | None:
        """Return a kept connection that still answers, None when there is none."""
        with self._lock:
            kept = self._idle.pop(key, None)
        if kept is None:
            return None
        worn = kept.mails >= _MOST_MAILS or time.monotonic() - kept.opened > _OLDEST_S
        if not worn and _still_answers(kept.client):
            return kept
        leave(kept.client)
        return None

    def _done(self, key: _Key, kept: _Kept, outcome: Outcome) -> Outcome:
        kept.mails += 1
        kept.since = time.monotonic()
        if _is_lost(outcome) or outcome.kind is OutcomeKind.UNCERTAIN:
            leave(kept.client)
            return outcome
        with self._lock:
            spare = self._idle.get(key)
            self._idle[key] = kept
            is_new = key not in self._watched
            self._watched.add(key)
        if spare is not None:
            leave(spare.client)
        if is_new:
            self._watch(key, self._kept_s)
        return outcome

    def _watch(self, key: _Key, after_s: float) -> None:
        timer = threading.Timer(after_s, self._look, args=(key,))
        timer.daemon = True
        timer.start()

    def _look(self, key: _Key) -> None:
        """Leave the connection when it has lain here long enough, else look again."""
        with self._lock:
            kept = self._idle.get(key)
            left_s = self._kept_s - (time.monotonic() - kept.since) if kept is not None else 0.0
            if left_s <= 0:
                self._idle.pop(key, None)
                self._watched.discard(key)
        if kept is not None and left_s <= 0:
            leave(kept.client)
        elif kept is not None:
            self._watch(key, left_s)


POOL: Final = Pool()
atexit.register(POOL.close_idle)


def _is_lost(outcome: Outcome) -> bool:
    """Tell whether the line broke, or the server is closing it, with nothing handed in."""
    return outcome.kind is OutcomeKind.DEFERRED and outcome.code in {0, _CLOSING}


def _still_answers(client: smtplib.SMTP) -> bool:
    """Ask for a clean slate (RFC 5321 4.1.1.5), with little patience."""
    sock = client.sock
    if sock is None:
        return False
    patience = sock.gettimeout()
    try:
        sock.settimeout(_CHECK_S)
        code, _said = client.rset()
        sock.settimeout(patience)
    except (smtplib.SMTPException, OSError):
        return False
    return code == 250
