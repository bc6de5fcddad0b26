"""The choke point: what is open, what is shut, and when a session ends."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.services import factors, sessions
from tests.signed_in import PASSWORD, client_of, code_of, make_app, make_person

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OPEN = {"door:sign_in", "door:code", "door:recovery", "door:sign_out", "health:health"}


def _views(patterns: list[URLPattern | URLResolver], space: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for each in patterns:
        if isinstance(each, URLResolver):
            found |= _views(each.url_patterns, each.namespace or space)
        else:
            found[f"{space}:{each.name}"] = each.callback
    return found


def test_only_the_named_pages_are_open_to_anybody() -> None:
    views = _views(get_resolver().url_patterns)

    assert {name for name, view in views.items() if not getattr(view, "login_required", True)} == OPEN


def test_allauths_own_pages_are_not_there() -> None:
    client = Client()
    asked = ["signup", "email", "password/reset", "password/change", "password/set", "inactive", "reauthenticate"]
    asked += ["login/code", "login", "confirm-email", "3rdparty", "sessions"]

    answers = [client.get(f"/{prefix}{page}/").status_code for page in asked for prefix in ("accounts/", "account/")]
    answers += [client.post("/accounts/signup/", {"email": "x@example.org"}).status_code]

    assert set(answers) == {404}


def test_a_sign_in_round_the_stage_is_ended() -> None:
    user = make_person(is_staff=True)
    make_app(user)
    client = Client()
    client.force_login(user, backend="accounts.backend.DoorBackend")

    assert client.get("/admin/").headers["Location"] == "/login/?next=%2Fadmin%2F"
    assert "_auth_user_id" not in client.session


def test_a_factor_that_was_taken_away_verifies_nothing() -> None:
    user = make_person(is_staff=True)
    make_app(user)
    client = client_of(user)
    assert client.get("/admin/").status_code == 200

    user.totpdevice_set.all().delete()

    assert client.get("/admin/").headers["Location"] == "/login/enrol/"


def test_the_factor_of_somebody_else_verifies_nothing() -> None:
    user, other = make_person(is_staff=True), make_person("ann@example.org")
    make_app(user)
    client = client_of(user)
    session = client.session
    session["otp_device_id"] = make_app(other).persistent_id
    session.save()

    assert client.get("/admin/").headers["Location"] == "/login/?next=%2Fadmin%2F"


def test_the_admin_has_no_door_of_its_own() -> None:
    user = make_person(is_staff=True)
    make_app(user)
    client = Client()

    answer = client.post("/admin/login/", {"username": user.email, "password": "Kanarienvogel-93-gelb"})

    assert answer.headers["Location"].startswith("/login/")
    assert "_auth_user_id" not in client.session


def test_the_admin_is_shut_to_people_who_are_no_staff() -> None:
    staff, agent = make_person("a@example.org", is_staff=True), make_person("b@example.org")

    assert client_of(staff).get("/admin/").status_code == 200
    answer = client_of(agent).get("/admin/", follow=True)
    assert [address for address, _status in answer.redirect_chain] == ["/admin/login/?next=/admin/", "/"]


def test_the_admin_changes_no_password_and_signs_out_through_the_door() -> None:
    user = make_person(is_staff=True)
    client = client_of(user)
    new = {"old_password": PASSWORD, "new_password1": "Schwalbennest 7", "new_password2": "Schwalbennest 7"}

    assert client.post("/admin/password_change/", new).headers["Location"] == "/me/"
    user.refresh_from_db()
    assert user.check_password(PASSWORD)

    assert client.get("/admin/logout/").headers["Location"] == "/logout/"
    assert client.get("/admin/").status_code == 200
    assert client.post("/admin/logout/").headers["Location"] == "/logout/"
    assert client.get("/admin/").status_code == 302


def test_a_session_ends_when_it_idles() -> None:
    user = make_person(is_staff=True)
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(user)
        assert client.get("/admin/").status_code == 200
        clock.shift(settings.SESSION_IDLE_S)
        assert client.get("/admin/").status_code == 200
        clock.shift(settings.SESSION_IDLE_S + 61)

        answer = client.get("/admin/")

    assert answer.headers["Location"] == "/login/?next=%2Fadmin%2F&ended=1"
    assert Session.objects.count() == 0


def test_what_a_browser_asks_by_itself_keeps_no_session_alive() -> None:
    user = make_person(is_staff=True)
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(user)
        assert client.get("/me/").status_code == 200
        for _turn in range(settings.SESSION_IDLE_S // 600):
            clock.shift(600)
            assert client.get("/rows?numbers=1", headers={"HX-Request": "true"}).status_code == 200
        clock.shift(1)

        assert client.get("/rows?numbers=1", headers={"HX-Request": "true"}).status_code == 401


def test_a_session_ends_after_a_working_day_however_busy() -> None:
    user = make_person(is_staff=True)
    with time_machine.travel(START, tick=False) as clock:
        client = client_of(user)
        for _turn in range(0, settings.SESSION_ABSOLUTE_S, 1800):
            assert client.get("/admin/").status_code == 200
            clock.shift(1800)
        assert client.get("/admin/").status_code == 200
        clock.shift(1)

        assert client.get("/admin/").status_code == 302


def test_a_script_is_told_by_401_and_keeps_its_page() -> None:
    client = Client()

    for headers in ({"HX-Request": "true"}, {"Sec-Fetch-Dest": "empty"}, {"Accept": "application/json"}):
        assert client.get("/me/", headers=headers).status_code == 401
        assert client.post("/me/", headers=headers).status_code == 401
    assert client.get("/me/").status_code == 302


def test_browsers_keep_nothing_that_a_signed_in_person_saw() -> None:
    client = client_of(make_person(is_staff=True))

    assert "no-store" in client.get("/admin/").headers["Cache-Control"]
    assert "no-store" in client.get("/nothing-here").headers["Cache-Control"]


def test_a_session_that_was_ended_elsewhere_opens_nothing() -> None:
    user = make_person(is_staff=True)
    app = make_app(user)
    here, there = Client(), Client(headers={"User-Agent": "Other browser"})
    with time_machine.travel(START, tick=False) as clock:
        for client in (here, there):
            client.post("/login/", {"login": user.email, "password": "Kanarienvogel-93-gelb"})
            assert client.post("/login/code/", {"code": code_of(app)}).status_code == 302
            clock.shift(timedelta(seconds=30))

        rows = sessions.list_sessions(user, current_key=here.session.session_key)
        assert [(row.agent, row.current) for row in rows] == [("Other browser", False), ("", True)]
        sessions.end_session(user, rows[0].id)

        assert here.get("/admin/").status_code == 200
        assert there.get("/admin/").status_code == 302


def test_resetting_factors_ends_every_session_and_asks_to_enrol_anew() -> None:
    user = make_person(is_staff=True)
    app = make_app(user)
    client = Client()
    client.post("/login/", {"login": user.email, "password": "Kanarienvogel-93-gelb"})
    client.post("/login/code/", {"code": code_of(app)})
    assert client.get("/admin/").status_code == 200

    factors.reset_factors(user, reason="lost phone, seen in person")

    assert client.get("/admin/").headers["Location"].startswith("/login/?")
    client.post("/login/", {"login": user.email, "password": "Kanarienvogel-93-gelb"})
    assert client.get("/admin/").headers["Location"] == "/login/enrol/"
