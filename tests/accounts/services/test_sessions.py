"""Where people are signed in."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.errors import SessionNotFound
from accounts.models import User
from accounts.services import sessions
from audit.actions import Action
from audit.models import Entry
from tests.signed_in import PASSWORD, make_person

pytestmark = pytest.mark.django_db


def _browser(user: User, agent: str = "Firefox") -> Client:
    client = Client(headers={"User-Agent": agent})
    client.post("/login/", {"login": user.email, "password": PASSWORD})
    return client


def test_sessions_are_listed_for_their_person_alone() -> None:
    lea, ann = make_person(), make_person("ann@example.org")
    first, _second = _browser(lea), _browser(lea, "Chrome")
    _browser(ann)

    rows = sessions.list_sessions(lea, current_key=first.session.session_key)

    assert [(row.agent, row.current, row.network) for row in rows] == [
        ("Chrome", False, "127.0.0.1"),
        ("Firefox", True, "127.0.0.1"),
    ]


def test_nobody_ends_a_session_of_somebody_else() -> None:
    lea, ann = make_person(), make_person("ann@example.org")
    _browser(ann)
    theirs = UserSession.objects.get(user=ann)

    with pytest.raises(SessionNotFound):
        sessions.end_session(lea, theirs.pk)
    assert Session.objects.count() == 1

    sessions.end_session(ann, theirs.pk)
    assert Session.objects.count() == 0


def test_all_but_one_session_end() -> None:
    lea = make_person()
    kept, _one, _two = _browser(lea), _browser(lea), _browser(lea)

    assert sessions.end_sessions(lea, except_key=kept.session.session_key) == 2
    assert list(Session.objects.values_list("session_key", flat=True)) == [kept.session.session_key]
    assert sessions.end_sessions(lea, except_key=kept.session.session_key) == 0
    assert Entry.objects.filter(action=Action.SESSION_ENDED).count() == 1


def test_a_new_key_keeps_its_place_in_the_list() -> None:
    lea = make_person()
    client = _browser(lea)
    session = client.session
    old = session.session_key

    sessions.renew_key(session)

    assert session.session_key != old
    assert [row.current for row in sessions.list_sessions(lea, current_key=session.session_key)] == [True]


def test_sessions_that_ran_out_are_cleared_and_twice_is_as_good_as_once() -> None:
    lea = make_person()
    live, over = _browser(lea), _browser(lea)
    Session.objects.filter(session_key=over.session.session_key).update(
        expire_date=timezone.now() - timedelta(seconds=1)
    )
    assert len(sessions.list_sessions(lea, current_key=None)) == 1

    tasks.clear_sessions()
    tasks.clear_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == [live.session.session_key]
    assert UserSession.objects.count() == 1


def test_sign_in_costs_the_same_however_many_sessions_there_are(django_assert_max_num_queries: object) -> None:
    lea = make_person()
    counts = []
    for _turn in range(3):
        with django_assert_max_num_queries(60) as captured:  # type: ignore[operator] # pytest-django's context manager
            _browser(lea)
        counts.append(len(captured.captured_queries))

    assert counts[1] == counts[2]
