"""How long a stream lives: no longer than its session, its person and their rights."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.conf import settings

from accounts.services import people, sessions
from helpdesk.web.live import views
from inbox.inboxes.permissions import Access
from tests.signed_in import client_of, make_person

pytestmark = pytest.mark.django_db(transaction=True)


def _listener(user_id: object, key: str | None) -> views._Listener:
    return views._Listener(user_id, Access(user_id), key or "")  # type: ignore[arg-type] # a person's key


def test_a_stream_ends_with_its_session() -> None:
    user = make_person()
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        client = client_of(user)
        client.get("/me/")
        listener = _listener(user.pk, client.session.session_key)
        assert views._renewed(listener) == listener

        clock.shift(settings.SESSION_IDLE_S + 1)
        assert views._renewed(listener) is None
        clock.shift(-settings.SESSION_IDLE_S)
        assert views._renewed(listener) == listener

        sessions.end_sessions(user)
        assert views._renewed(listener) is None


def test_a_stream_ends_with_its_person() -> None:
    user = make_person()
    client = client_of(user)
    listener = _listener(user.pk, client.session.session_key)
    assert views._renewed(listener) == listener

    people.deactivate(user)

    assert views._renewed(listener) is None
