"""`record`: the one call that writes an act into the log, in the act's own transaction or beside it."""

import logging
import time
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import redis
from django.db import transaction

from audit.actions import Action, Outcome, SubjectKind
from audit.models import ASIDE, Entry
from audit.payload import Detail, plain
from audit.subjects import Subject
from helpdesk.core.redis_client import redis_client

logger = logging.getLogger(__name__)

SHOWN_S: Final = 3600
"""How long a ticket that a session was shown in a list is not written again."""


def record(
    action: Action,
    *,
    on: Subject,
    outcome: Outcome = Outcome.DONE,
    survives_rollback: bool = False,
    **details: Detail,
) -> UUID:
    """Return the id of the entry of an act, written in the current transaction: if it cannot be written, the act fails.

    `survives_rollback` writes it at once over a connection of its own: for denied and failed acts, by the first floor
    that catches them. Who acts, why, and in which request come from `core.context`. `details` are sealed with the
    client's network and agent; no text of a customer belongs there.
    """
    content = {"details": {name: plain(value) for name, value in details.items()}}
    manager = Entry.objects.db_manager(ASIDE) if survives_rollback else Entry.objects
    return manager.write(action, on=on, outcome=outcome, content=content).pk


def record_list(numbers: Sequence[int], *, session: str, inbox_ids: Sequence[UUID] | frozenset[UUID]) -> UUID | None:
    """Return the id of the one `ticket.list` entry of the tickets shown, None when this session saw all of them before.

    A ticket that `session` was shown within the hour is left out. Nothing counts as shown before the entry is
    committed, and with Redis away everything is written again. `inbox_ids` are the inboxes of the list.
    """
    fresh = _not_shown(session, numbers)
    if not fresh:
        return None
    inboxes = sorted(inbox_ids)
    only = inboxes[0] if len(inboxes) == 1 else None
    subject = Subject(SubjectKind.INBOX if only else SubjectKind.DESK, only, only)
    entry_id = record(Action.TICKET_LIST, on=subject, numbers=list(fresh), inboxes=list(inboxes))
    transaction.on_commit(lambda: _mark_shown(session, fresh), robust=True)
    return entry_id


def _key(session: str) -> str:
    return f"postern:shown:{session}"


def _not_shown(session: str, numbers: Sequence[int]) -> list[int]:
    wanted = sorted(set(numbers))
    if not (session and wanted):
        return wanted
    try:
        moments = redis_client().zmscore(_key(session), [str(number) for number in wanted])
    except redis.RedisError:
        logger.warning("list marks cannot be read", extra={"tickets": len(wanted)})
        return wanted
    since = time.time() - SHOWN_S
    return [number for number, at in zip(wanted, moments, strict=True) if at is None or at <= since]


def _mark_shown(session: str, numbers: Sequence[int]) -> None:
    if not session:
        return
    now = time.time()
    try:
        with redis_client().pipeline(transaction=False) as pipe:
            pipe.zadd(_key(session), {str(number): now for number in numbers})
            pipe.zremrangebyscore(_key(session), 0, now - SHOWN_S)
            pipe.expire(_key(session), SHOWN_S)
            pipe.execute()
    except redis.RedisError:
        logger.warning("list marks cannot be written", extra={"tickets": len(numbers)})
