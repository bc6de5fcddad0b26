"""Signing in, step by step, and every way round it."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from accounts.door import COOKIE
from accounts.models import RecoveryDevice, User
from accounts.services import factors, people
from audit.actions import Action
from audit.models import Entry
from tests.signed_in import PASSWORD, code_of, forgive, make_app, make_person, wrong_code

pytestmark = pytest.mark.django_db

START = datetime(2026, 3, 2, 9, 0, 10, tzinfo=UTC)
WRONG = "not the password at all"


def _password_step(
    client: Client, *, password: str = PASSWORD, email: str = "lea@example.org", **more: str
) -> HttpResponse:
    return client.post("/login/", {"login": email, "password": password, **more})  # type: ignore[return-value] # Client's own


def _is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def _recorded(action: Action) -> list[tuple[str, object, object]]:
    rows = Entry.objects.filter(action=action).order_by("seq")
    return [(row.outcome, row.actor_id, row.subject_id) for row in rows]


def test_the_first_sign_in_leads_to_enrolment_and_nowhere_else() -> None:
    user = make_person(is_staff=True)
    client = Client()

    assert _password_step(client).headers["Location"] == "/"
    assert client.get("/admin/").headers["Location"] == "/login/enrol/"
    assert client.get("/me/").headers["Location"] == "/login/enrol/"
    assert client.get("/login/codes/").headers["Location"] == "/login/enrol/"
    assert client.get("/me/", headers={"HX-Request": "true"}).status_code == 401

    page = client.get("/login/enrol/")
    waiting = user.totpdevice_set.get()
    assert page.status_code == 200
    assert b"<svg" in page.content
    assert not waiting.confirmed

    before = client.session.session_key
    answer = client.post("/login/enrol/", {"code": code_of(waiting)})
    assert answer.status_code == 200
    assert len(answer.context["codes"]) == 10
    assert client.session.session_key != before
    assert client.get("/admin/").status_code == 200
    assert client.get("/login/enrol/").headers["Location"] == "/"
    assert _recorded(Action.FACTOR_ENROLLED) == [("done", user.pk, user.pk)]
    assert _recorded(Action.RECOVERY_ISSUED) == [("done", user.pk, user.pk)]


def test_a_wrong_first_code_enrols_nothing() -> None:
    user = make_person()
    client = Client()
    _password_step(client)
    client.get("/login/enrol/")

    answer = client.post("/login/enrol/", {"code": wrong_code(user.totpdevice_set.get())})

    assert answer.status_code == 400
    assert not factors.has_factor(user)
    assert client.get("/me/").headers["Location"] == "/login/enrol/"


def test_the_session_stays_anonymous_until_the_code_is_right() -> None:
    user = make_person(is_staff=True)
    app = make_app(user)
    client = Client()

    assert _password_step(client).headers["Location"] == "/login/code/"
    assert not _is_signed_in(client)
    assert client.get("/admin/").headers["Location"] == "/login/?next=%2Fadmin%2F"
    assert client.get("/login/code/").status_code == 200

    assert client.post("/login/code/", {"code": wrong_code(app)}).status_code == 400
    assert not _is_signed_in(client)
    assert _recorded(Action.SIGN_IN) == []
    assert _recorded(Action.FACTOR_FAILED) == [("failed", None, user.pk)]

    forgive(app)
    assert client.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/"
    assert _is_signed_in(client)
    assert client.get("/admin/").status_code == 200
    assert _recorded(Action.SIGN_IN) == [("done", user.pk, user.pk)]


def test_the_code_page_without_a_password_leads_back() -> None:
    app = make_app(make_person())
    client = Client()

    for address in ("/login/code/", "/login/recovery/"):
        assert client.get(address).headers["Location"] == "/login/"
        assert client.post(address, {"code": code_of(app)}).headers["Location"] == "/login/"
    assert not _is_signed_in(client)


def test_a_person_switched_off_between_the_steps_does_not_get_in() -> None:
    user = make_person()
    app = make_app(user)
    client = Client()
    _password_step(client)

    people.deactivate(user)

    assert client.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/login/"
    assert not _is_signed_in(client)


def test_somebody_switched_off_looks_like_a_wrong_password() -> None:
    make_app(make_person())
    off = make_person("off@example.org")
    people.deactivate(off)

    right = _password_step(Client(), email="off@example.org")
    wrong = _password_step(Client(), email="lea@example.org", password=WRONG)
    nobody = _password_step(Client(), email="nobody@example.org")

    assert right.status_code == wrong.status_code == nobody.status_code == 400
    assert _errors(right) == _errors(wrong) == _errors(nobody)


def _errors(answer: HttpResponse) -> object:
    return answer.context["form"].errors  # type: ignore[attr-defined] # the test client adds it


def test_the_address_is_taken_in_any_case() -> None:
    make_app(make_person("lea@example.org"))

    assert _password_step(Client(), email="LEA@Example.org").headers["Location"] == "/login/code/"
    assert User.objects.count() == 1


def test_a_code_is_good_once_within_its_whole_window() -> None:
    app = make_app(make_person())
    with time_machine.travel(START, tick=False) as clock:
        code = code_of(app)
        first = Client()
        _password_step(first)
        assert first.post("/login/code/", {"code": code}).status_code == 302
        for offset_s in (0, 29, 31, 59):
            clock.move_to(START + timedelta(seconds=offset_s))
            forgive(app)
            again = Client()
            _password_step(again)
            assert again.post("/login/code/", {"code": code}).status_code == 400
            assert not _is_signed_in(again)


def test_a_code_of_one_step_ago_is_taken_and_of_two_is_not() -> None:
    app = make_app(make_person())
    with time_machine.travel(START, tick=False):
        early, late = code_of(app, later_s=-60), code_of(app, later_s=-30)
        assert factors.check_code(app, early) is None
        forgive(app)
        assert factors.check_code(app, late) == app


def test_a_recovery_code_lets_in_once() -> None:
    user = make_person()
    make_app(user)
    code = factors.issue_recovery_codes(user)[0].upper().replace("-", " ")

    first, second = Client(), Client()
    _password_step(first)
    _password_step(second)

    assert first.post("/login/recovery/", {"code": code}).headers["Location"] == "/"
    assert _is_signed_in(first)
    assert second.post("/login/recovery/", {"code": code}).status_code == 400
    assert not _is_signed_in(second)
    assert factors.codes_left(user) == 9
    assert _recorded(Action.RECOVERY_USED) == [("done", None, user.pk)]


def test_forty_sign_ins_with_one_factor_lock_no_other() -> None:
    user = make_person()
    phone, spare = make_app(user, "phone"), make_app(user, "spare")
    codes = factors.issue_recovery_codes(user)
    with time_machine.travel(START, tick=False) as clock:
        for _turn in range(40):
            clock.shift(30)
            client = Client()
            _password_step(client)
            answer = client.post("/login/code/", {"factor": str(phone.pk), "code": code_of(phone)})
            assert answer.status_code == 302
        clock.shift(30)

        with_recovery, with_spare = Client(), Client()
        _password_step(with_recovery)
        _password_step(with_spare)

        assert with_recovery.post("/login/recovery/", {"code": codes[0]}).status_code == 302
        answer = with_spare.post("/login/code/", {"factor": str(spare.pk), "code": code_of(spare)})
        assert answer.status_code == 302


def test_wrong_recovery_codes_lock_recovery_codes_alone() -> None:
    user = make_person()
    app = make_app(user)
    codes = factors.issue_recovery_codes(user)
    with time_machine.travel(START, tick=False) as clock:
        client = Client()
        _password_step(client)
        for turn in range(5):
            assert client.post("/login/recovery/", {"code": "aaaa-bbbb"}).status_code == 400
            clock.shift(2**turn)
        clock.shift(-8)

        locked = client.post("/login/recovery/", {"code": codes[0]})
        assert locked.status_code == 400
        assert locked.context["wait_s"] == 8
        assert factors.codes_left(user) == 10
        assert client.post("/login/code/", {"code": code_of(app)}).status_code == 302

        clock.shift(8)
        later = Client()
        _password_step(later)
        assert later.post("/login/recovery/", {"code": codes[0]}).status_code == 302
    assert RecoveryDevice.objects.get(user=user).throttling_failure_count == 0


def test_half_a_sign_in_ends_after_ten_minutes_and_its_key_is_not_kept() -> None:
    app = make_app(make_person())
    with time_machine.travel(START, tick=False) as clock:
        slow, quick = Client(), Client()
        _password_step(slow)
        _password_step(quick)
        half_key = quick.session.session_key
        clock.shift(599)
        assert quick.post("/login/code/", {"code": code_of(app)}).status_code == 302
        clock.shift(31)
        assert slow.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/login/"

    assert quick.session.session_key != half_key
    assert not _is_signed_in(slow)


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "https:evil", "/\\evil", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_desk(target: str) -> None:
    app = make_app(make_person())
    client = Client()

    _password_step(client, next=target)

    assert client.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/"


def test_signing_in_leads_back_to_where_one_was_going() -> None:
    app = make_app(make_person())
    client = Client()

    _password_step(client, next="/t/12?folder=mine")

    assert client.post("/login/code/", {"code": code_of(app)}).headers["Location"] == "/t/12?folder=mine"


def test_a_stranger_locks_an_address_for_strangers_alone() -> None:
    app = make_app(make_person())
    known = Client(REMOTE_ADDR="192.0.2.9")
    _password_step(known)
    assert known.post("/login/code/", {"code": code_of(app)}).status_code == 302
    cookie = known.cookies[COOKIE].value

    for number in range(6):
        _password_step(Client(REMOTE_ADDR=f"198.51.100.{number}"), password=WRONG)
    assert _password_step(Client(REMOTE_ADDR="198.51.100.99")).status_code == 400

    at_home = Client(REMOTE_ADDR="192.0.2.9")
    at_home.cookies[COOKIE] = cookie
    assert _password_step(at_home).headers["Location"] == "/login/code/"

    # A stolen cookie buys five tries, and none for another address.
    thief = Client(REMOTE_ADDR="203.0.113.1")
    thief.cookies[COOKIE] = cookie
    for _turn in range(5):
        _password_step(thief, password=WRONG)
    assert _password_step(thief).status_code == 400
    other = make_person("ann@example.org")
    for number in range(6):
        _password_step(Client(REMOTE_ADDR=f"198.51.100.{number}"), email=other.email, password=WRONG)
    assert _password_step(thief, email=other.email).status_code == 400


def test_an_address_may_not_try_without_end() -> None:
    make_app(make_person())
    client = Client()

    answers = [_password_step(client, email=f"nobody{number}@example.org").status_code for number in range(31)]

    assert answers[:30] == [400] * 30
    assert answers[30] == HTTPStatus.TOO_MANY_REQUESTS


def test_failed_tries_are_recorded_without_what_was_typed() -> None:
    user = make_person()

    for _turn in range(6):
        _password_step(Client(), password=WRONG)
    _password_step(Client(), email="not.known@example.org", password=WRONG)

    found = _recorded(Action.SIGN_IN_FAILED)
    assert found[:6] == [("failed", None, user.pk)] * 6
    assert found[6:] == [("failed", None, None)]


def test_without_redis_nobody_gets_in(settings: Settings) -> None:
    app = make_app(make_person())
    client, half = Client(raise_request_exception=False), Client(raise_request_exception=False)
    _password_step(half)

    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/redis.sock?db=1"}}
    first = _password_step(client)
    second = half.post("/login/code/", {"code": code_of(app)})

    assert first.status_code == second.status_code == 503
    assert not _is_signed_in(client)
    assert not _is_signed_in(half)


def test_signing_out_ends_the_session_on_the_server() -> None:
    user = make_person()
    app = make_app(user)
    client = Client()
    _password_step(client)
    client.post("/login/code/", {"code": code_of(app)})
    key = client.cookies["postern_sid"].value

    assert client.post("/logout/").headers["Location"] == "/logout/"
    assert not _is_signed_in(client)
    thief = Client()
    thief.cookies["postern_sid"] = key
    assert thief.get("/me/").headers["Location"] == "/login/?next=%2Fme%2F"
    assert client.get("/logout/").status_code == 200
    assert _recorded(Action.SIGN_OUT) == [("done", user.pk, user.pk)]


def test_forms_of_the_door_need_their_token() -> None:
    make_app(make_person())
    client = Client(enforce_csrf_checks=True)

    assert _password_step(client).status_code == 403

    client.get("/login/")
    token = client.cookies["postern_csrf"].value
    assert _password_step(client, csrfmiddlewaretoken=token).headers["Location"] == "/login/code/"


def test_a_password_of_a_megabyte_is_refused_unhashed() -> None:
    make_app(make_person())

    answer = _password_step(Client(), password="x" * 1_000_000)

    assert answer.status_code == 400
    assert _recorded(Action.SIGN_IN_FAILED) == []
