"""Django's sessions in the database, loaded by a statement that is built once: every request asks it."""

from typing import Final

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from helpdesk.core.ready import Ready, Slot

_LIVING: Final = Ready(lambda: Session.objects.filter(session_key=Slot("key"), expire_date__gt=Slot("now")))


class SessionStore(db.SessionStore):
    """The store that SESSION_ENGINE names."""

    def _get_session_from_db(self) -> Session | None:
        found = _LIVING.first(key=self.session_key, now=timezone.now())
        if found is None:
            self._session_key = None
        return found
