"""A form that is sent twice does its act once."""

import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import pytest
from django.http import HttpResponse, HttpResponseRedirect, QueryDict
from pytest_django.fixtures import Settings

from accounts.models import User
from helpdesk.core.errors import Forbidden
from helpdesk.web.base.once import BadOnce, StillRunning, once
from helpdesk.web.base.request import DeskRequest
from tests.signed_in import make_person

pytestmark = pytest.mark.django_db


def _post(user: User, token: str = "", method: str = "POST") -> DeskRequest:
    data = QueryDict(f"once={token}" if token else "")
    return cast("DeskRequest", SimpleNamespace(method=method, POST=data, user=user))  # all that the guard reads


class Act:
    """Counts how often it is done."""

    def __init__(self, answer: Callable[[], HttpResponse]) -> None:
        self.count = 0
        self._answer = answer
        self.view = once(self._do)

    def _do(self, _request: DeskRequest, /) -> HttpResponse:
        self.count += 1
        return self._answer()


def test_a_repetition_is_sent_to_where_the_first_one_went() -> None:
    act, user, token = Act(lambda: HttpResponseRedirect("/t/7")), make_person(), str(uuid4())

    answers = [act.view(_post(user, token)) for _turn in range(3)]

    assert act.count == 1
    assert [answer.headers["Location"] for answer in answers] == ["/t/7"] * 3


def test_a_repetition_of_an_act_without_an_address_says_nothing() -> None:
    act, user, token = Act(lambda: HttpResponse("done")), make_person(), str(uuid4())

    assert [act.view(_post(user, token)).status_code for _turn in range(2)] == [200, 204]
    assert act.count == 1


def test_another_form_and_another_person_are_acts_of_their_own() -> None:
    act, token = Act(HttpResponse), str(uuid4())

    act.view(_post(make_person(), token))
    act.view(_post(make_person("ann@example.org"), token))
    act.view(_post(User.objects.first() or make_person(), str(uuid4())))

    assert act.count == 3


def test_a_form_that_was_refused_may_be_sent_again() -> None:
    act, user, token = Act(lambda: HttpResponse(status=400)), make_person(), str(uuid4())

    for _turn in range(2):
        act.view(_post(user, token))

    assert act.count == 2


def test_a_form_whose_act_failed_may_be_sent_again() -> None:
    def fail() -> HttpResponse:
        raise Forbidden

    act, user, token = Act(fail), make_person(), str(uuid4())

    for _turn in range(2):
        with pytest.raises(Forbidden):
            act.view(_post(user, token))
    assert act.count == 2


def test_a_form_without_once_and_a_get_are_not_guarded() -> None:
    act, user, token = Act(HttpResponse), make_person(), str(uuid4())

    for _turn in range(2):
        act.view(_post(user))
        act.view(_post(user, token, method="GET"))

    assert act.count == 4


def test_once_must_be_a_uuid() -> None:
    act = Act(HttpResponse)

    with pytest.raises(BadOnce):
        act.view(_post(make_person(), "1"))
    assert act.count == 0


def test_a_second_one_waits_for_the_first() -> None:
    begun, end = threading.Event(), threading.Event()

    def slow() -> HttpResponse:
        begun.set()
        assert end.wait(timeout=10)
        return HttpResponseRedirect("/t/7")

    act, user, token = Act(slow), make_person(), str(uuid4())
    first = threading.Thread(target=act.view, args=(_post(user, token),))
    first.start()
    assert begun.wait(timeout=10)
    threading.Timer(0.3, end.set).start()

    answer = act.view(_post(user, token))
    first.join(timeout=10)

    assert act.count == 1
    assert answer.headers["Location"] == "/t/7"


def test_a_second_one_whose_first_failed_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("helpdesk.web.base.once._WAIT_S", 0.1)
    act, user, token = Act(HttpResponse), make_person(), str(uuid4())
    inner = once(lambda request, /: act.view(request))  # the first one, still running, meets itself

    with pytest.raises(StillRunning):
        inner(_post(user, token))
    assert act.count == 0


def test_without_redis_an_act_that_fails_says_so_itself(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/redis.sock?db=1"}}
    act = Act(lambda: HttpResponse(status=409))

    assert act.view(_post(make_person(), str(uuid4()))).status_code == 409
    assert act.count == 1


def test_a_second_one_learns_that_the_first_failed() -> None:
    begun, end = threading.Event(), threading.Event()

    def failing() -> HttpResponse:
        begun.set()
        assert end.wait(timeout=10)
        return HttpResponse(status=409)

    act, user, token = Act(failing), make_person(), str(uuid4())
    first = threading.Thread(target=act.view, args=(_post(user, token),))
    first.start()
    assert begun.wait(timeout=10)
    threading.Timer(0.3, end.set).start()

    with pytest.raises(StillRunning):
        act.view(_post(user, token))
    first.join(timeout=10)
    assert act.count == 1


def test_without_redis_the_act_is_done(settings: Settings) -> None:
    settings.CACHES = {"default": {**settings.CACHES["default"], "LOCATION": "unix:///nonexistent/redis.sock?db=1"}}
    act = Act(lambda: HttpResponseRedirect("/t/7"))

    assert act.view(_post(make_person(), str(uuid4()))).status_code == 302
    assert act.count == 1
