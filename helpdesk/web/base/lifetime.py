"""How long a session lives: until it has idled too long, and never past a working day."""

import time
from typing import Final

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

_BORN: Final = "born"
_SEEN: Final = "seen"
_STEP_S: Final = 60
"""How exactly idling is measured: a session's row is not written more often."""


def is_over(session: SessionBase) -> bool:
    """Return whether the session has idled too long or lives too long; one that was never noted is young."""
    now = int(time.time())
    born, seen = session.get(_BORN, now), session.get(_SEEN, now)
    return bool(now - seen > settings.SESSION_IDLE_S or now - born > settings.SESSION_ABSOLUTE_S)


def note(session: SessionBase) -> None:
    """Note that somebody used the session now."""
    now = int(time.time())
    if _BORN not in session:
        session[_BORN] = now
    if now - session.get(_SEEN, 0) >= _STEP_S:
        session[_SEEN] = now
