"""One's own page."""

import re
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from accounts.services import factors, sessions
from audit.actions import Action
from audit.models import Entry
from tests.signed_in import PASSWORD, client_of, code_of, make_app, make_person, wrong_code

pytestmark = pytest.mark.django_db

NEW = "Schwalbennest 7 am Giebel"
WISHES = {"name": "Lea B.", "language": "de", "timezone": "Europe/Berlin", "theme": "dark", "density": "compact"}


def _wishes(user: User) -> tuple[object, ...]:
    user.refresh_from_db()
    return (user.name, user.language, user.timezone, user.theme, user.density, user.single_keys)


def test_the_page_shows_ones_own_things_alone() -> None:
    user, other = make_person(), make_person("ann@example.org", "Ann Other")
    client_of(other)

    page = client_of(user).get("/me/")

    assert page.status_code == 200
    assert b"lea@example.org" in page.content
    assert b"ann@example.org" not in page.content
    assert [row.current for row in page.context["sessions"]] == [True]
    assert page.context["codes_left"] == 0


def test_wishes_are_saved_and_the_page_follows_them() -> None:
    user = make_person()
    client = client_of(user)

    assert client.post("/me/", {"act": "profile", **WISHES}).headers["Location"] == "/me/"

    assert _wishes(user) == ("Lea B.", "de", "Europe/Berlin", "dark", "compact", False)
    page = client.get("/me/")
    assert page.headers["Content-Language"] == "de"
    assert b'data-theme="dark"' in page.content


def test_a_script_saves_one_wish_and_leaves_the_others() -> None:
    user = make_person()
    client = client_of(user)

    answer = client.post("/me/", {"theme": "light"}, headers={"Accept": "application/json"})

    assert (answer.status_code, answer.json()) == (200, {"said": ""})
    assert _wishes(user) == ("Lea Berg", "en", "UTC", "light", "cosy", True)


@pytest.mark.parametrize(
    "wrong", [{"timezone": "Mars/Olympus"}, {"language": "tlh"}, {"theme": "pink"}, {"density": "1"}, {"name": ""}]
)
def test_what_is_not_offered_is_refused(wrong: dict[str, str]) -> None:
    user = make_person()
    client = client_of(user)
    before = _wishes(user)

    assert client.post("/me/", {**WISHES, **wrong}).status_code == 400
    answer = client.post("/me/", wrong, headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_wish")
    assert _wishes(user) == before


def _columns(user: User) -> dict[str, object]:
    row = User.objects.get(pk=user.pk)
    return {field.attname: getattr(row, field.attname) for field in User._meta.concrete_fields}


def test_no_other_column_can_be_set() -> None:
    user = make_person()
    client = client_of(user)
    columns = {field.name for field in User._meta.get_fields() if getattr(field, "column", None)}
    forged = dict.fromkeys(columns, "1") | {"is_staff": "on", "is_superuser": "on", "email": "x@example.org"}
    before = _columns(user)

    assert client.post("/me/", {**forged, **WISHES}).status_code == 302

    after = _columns(user)
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"name", "language", "timezone", "theme", "density"}


def test_a_new_password_needs_the_old_one_and_a_code() -> None:
    user = make_person()
    app = make_app(user)
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        client, elsewhere = client_of(user), client_of(user)

        def change(**fields: str) -> int:
            clock.shift(timedelta(seconds=30))
            right = {"old": PASSWORD, "new": NEW, "again": NEW, "code": code_of(app)}
            return client.post("/me/", {"act": "password", **right, **fields}).status_code

        assert change(old="not the old one") == 400
        assert change(again="another one") == 400
        assert change(new="short", again="short") == 400
        assert change(code=wrong_code(app)) == 400
        user.refresh_from_db()
        assert user.check_password(PASSWORD)

        clock.shift(timedelta(seconds=30))
        assert change() == 302
        user.refresh_from_db()
        assert user.check_password(NEW)
        assert client.get("/me/").status_code == 200
        assert elsewhere.get("/me/").status_code == 302
        assert len(sessions.list_sessions(user, current_key=None)) == 1
    assert Entry.objects.filter(action=Action.PASSWORD_CHANGED).count() == 1


def test_new_recovery_codes_need_a_code_and_are_shown_once() -> None:
    user = make_person()
    app = make_app(user)
    client = client_of(user)

    assert client.post("/me/", {"act": "codes", "code": wrong_code(app)}).status_code == 400
    assert factors.codes_left(user) == 0
    assert client.get("/login/codes/").headers["Location"] == "/me/"

    app.refresh_from_db()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        page = client.post("/me/", {"act": "codes", "code": code_of(app)})
    shown = re.findall(r"<code>([a-z2-7-]{29})</code>", page.content.decode())
    assert len(shown) == factors.codes_left(user) == 10
    again = b"".join(client.get(address).content for address in ("/me/", "/login/codes/"))
    assert not any(code.encode() in again for code in shown)


def test_the_page_of_the_codes_issues_new_ones_to_a_right_code_alone() -> None:
    user = make_person()
    app = make_app(user)
    client = client_of(user)

    assert client.post("/login/codes/", {"code": wrong_code(app)}).headers["Location"] == "/me/"
    assert factors.codes_left(user) == 0

    app.refresh_from_db()
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=90)):
        page = client.post("/login/codes/", {"code": code_of(app)})
    assert (page.status_code, factors.codes_left(user)) == (200, 10)


def test_ones_own_sessions_can_be_ended_and_nobody_elses() -> None:
    user, other = make_person(), make_person("ann@example.org")
    here, there, theirs = client_of(user), client_of(user), client_of(other)
    own = sessions.list_sessions(user, current_key=here.session.session_key)
    foreign = sessions.list_sessions(other, current_key=None)[0]

    assert here.post("/me/", {"act": "end", "session": foreign.id}).status_code == 404
    assert here.post("/me/", {"act": "end", "session": "x"}).status_code == 422
    assert theirs.get("/me/").status_code == 200

    end = next(row for row in own if not row.current)
    assert here.post("/me/", {"act": "end", "session": end.id}).status_code == 302
    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200


def test_all_other_sessions_can_be_ended() -> None:
    user = make_person()
    here, there = client_of(user), client_of(user)

    assert here.post("/me/", {"act": "end_others"}).status_code == 302

    assert there.get("/me/").status_code == 302
    assert here.get("/me/").status_code == 200


def test_an_unknown_act_does_nothing() -> None:
    assert client_of(make_person()).post("/me/", {"act": "promote"}).status_code == 422


def test_the_page_changes_nothing_when_it_is_read() -> None:
    client = client_of(make_person())
    client.get("/me/")
    before = Entry.objects.count()

    for address in (
        "/me/",
        "/login/",
        "/login/code/",
        "/login/recovery/",
        "/login/enrol/",
        "/login/codes/",
        "/logout/",
    ):
        client.get(address)

    assert Entry.objects.count() == before


def test_a_form_that_is_sent_twice_is_one_act() -> None:
    user = make_person()
    client = client_of(user)
    form = {"act": "profile", "once": str(uuid4()), **WISHES}

    first, second = client.post("/me/", form), client.post("/me/", {**form, "name": "Second"})

    assert (first.headers["Location"], second.headers["Location"]) == ("/me/", "/me/")
    assert _wishes(user)[0] == "Lea B."


def test_nobody_without_a_session_sees_the_page() -> None:
    assert Client().get("/me/").headers["Location"] == "/login/?next=%2Fme%2F"
