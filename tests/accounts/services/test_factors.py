"""Second factors: enrolled, checked, raced for, reset."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.db import connections

from accounts.errors import NoEnrolment, NotOnYourself, ReasonMissing
from accounts.models import Factor, RecoveryDevice, TotpDevice
from accounts.services import factors
from audit.actions import Action
from audit.models import Entry
from helpdesk.core.context import acting_as
from tests.signed_in import code_of, forgive, make_app, make_person, wrong_code

THREADS = 8


@pytest.mark.django_db
def test_an_enrolment_is_the_same_for_ten_minutes() -> None:
    user = make_person()
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        first = factors.start_totp(user)
        clock.shift(timedelta(minutes=9))
        assert factors.start_totp(user) == first
        clock.shift(timedelta(minutes=2))
        assert factors.start_totp(user) != first
    assert TotpDevice.objects.filter(user=user).count() == 1


@pytest.mark.django_db
def test_the_uri_says_what_an_app_needs() -> None:
    enrolment = factors.start_totp(make_person())

    parts = urlsplit(enrolment.uri)
    said = parse_qs(parts.query)

    assert (parts.scheme, parts.netloc, parts.path) == ("otpauth", "totp", "/Postern%3Alea%40example.org")
    assert said == {
        "secret": [enrolment.secret.replace(" ", "")],
        "issuer": ["Postern"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert len(said["secret"][0]) == 32


@pytest.mark.django_db
def test_only_a_right_code_confirms() -> None:
    user = make_person()
    with pytest.raises(NoEnrolment):
        factors.confirm_totp(user, "000000")
    factors.start_totp(user)
    waiting = TotpDevice.objects.get(user=user)

    assert factors.confirm_totp(user, wrong_code(waiting)) is None
    assert not factors.has_factor(user)
    forgive(waiting)

    assert factors.confirm_totp(user, code_of(waiting)) == waiting
    assert factors.has_factor(user)


@pytest.mark.django_db
@pytest.mark.parametrize("code", ["", "12345", "1234567", "12345a", "١٢٣٤٥٦", "-12345", " 12345", "1" * 64])
def test_what_is_no_code_is_a_failed_try(code: str) -> None:
    app = make_app(make_person())

    assert factors.check_code(app, code) is None

    app.refresh_from_db()
    assert app.throttling_failure_count == 1


@pytest.mark.django_db
def test_a_good_code_resets_its_own_count_alone() -> None:
    user = make_person()
    phone, spare = make_app(user, "phone"), make_app(user, "spare")
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        factors.check_code(phone, wrong_code(phone))
        factors.check_code(spare, wrong_code(spare))
        clock.shift(5)
        phone.refresh_from_db()
        assert factors.wait_s(phone) is None

        assert factors.check_code(phone, code_of(phone)) == phone

    phone.refresh_from_db()
    spare.refresh_from_db()
    assert (phone.throttling_failure_count, spare.throttling_failure_count) == (0, 1)
    assert phone.last_used_at is not None


@pytest.mark.django_db
def test_the_clock_of_a_phone_may_run_away_by_two_steps_at_most() -> None:
    app = make_app(make_person())
    with time_machine.travel(datetime(2026, 3, 2, 9, tzinfo=UTC), tick=False) as clock:
        drifts = []
        for turn in range(1, 5):
            clock.shift(300)
            factors.check_code(app, code_of(app, later_s=30 * turn))
            forgive(app)
            drifts.append(app.drift)

    assert drifts == [1, 2, 2, 2]


@pytest.mark.django_db
def test_factors_are_reset_by_somebody_else_with_a_reason() -> None:
    user, officer = make_person(), make_person("officer@example.org")
    make_app(user)
    factors.issue_recovery_codes(user)

    with acting_as(user.as_actor()), pytest.raises(NotOnYourself):
        factors.reset_factors(user, reason="lost it")
    with acting_as(officer.as_actor()), pytest.raises(ReasonMissing):
        factors.reset_factors(user, reason="  ")
    assert factors.has_factor(user)

    with acting_as(officer.as_actor()):
        factors.reset_factors(user, reason="lost phone, seen in person")
    assert not factors.has_factor(user)
    assert factors.codes_left(user) == 0
    entry = Entry.objects.get(action=Action.FACTOR_RESET)
    assert (entry.actor_id, entry.subject_id) == (officer.pk, user.pk)


@pytest.mark.django_db
def test_factors_are_listed_and_found() -> None:
    user, other = make_person(), make_person("ann@example.org")
    phone, spare = make_app(user, "phone"), make_app(user, "spare")
    theirs = make_app(other)

    assert [row.name for row in factors.list_factors(user)] == ["phone", "spare"]
    assert factors.find_factor(user, spare.pk) == spare
    assert factors.find_factor(user, theirs.pk) is None
    factors.check_code(spare, code_of(spare))
    assert factors.find_factor(user, None) in {phone, spare}


def _race(factor: Factor, code: str, check: Callable[[Factor, str], bool]) -> int:
    """Return in how many of eight threads at once `check` took the code."""
    start = Barrier(THREADS)

    def one(_number: int) -> bool:
        mine = type(factor).objects.get(pk=factor.pk)
        start.wait(timeout=30)
        try:
            return check(mine, code)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        return sum(pool.map(one, range(THREADS)))


def _through_the_lock(factor: Factor, code: str) -> bool:
    return factors.check_code(factor, code) is not None


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_gets_in() -> None:
    user = make_person()
    app = make_app(user)
    codes = factors.issue_recovery_codes(user)
    recovery = RecoveryDevice.objects.get(user=user)

    assert _race(app, code_of(app), _through_the_lock) == 1
    assert _race(recovery, codes[0], _through_the_lock) == 1
    assert factors.codes_left(user) == 9


@pytest.mark.django_db(transaction=True)
def test_without_the_lock_several_get_in() -> None:
    app = make_app(make_person())

    for _turn in range(10):
        TotpDevice.objects.filter(pk=app.pk).update(
            last_step=-1, throttling_failure_count=0, throttling_failure_timestamp=None
        )
        if _race(app, code_of(app), lambda factor, code: factor.verify_token(code)) > 1:
            return
    pytest.fail("the race that the lock prevents never happened: the test above proves nothing")
