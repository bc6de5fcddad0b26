"""A form that is sent twice does its act once: the second time gives the first answer."""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, Final, ParamSpec
from uuid import UUID

from django.core.cache import cache
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from redis.exceptions import RedisError

from helpdesk.core.errors import Conflict, Invalid
from helpdesk.web.base.request import DeskRequest

logger = logging.getLogger(__name__)

P = ParamSpec("P")
View = Callable[Concatenate[DeskRequest, P], HttpResponseBase]

_KEPT_S: Final = 3600
_WAIT_S: Final = 5.0
_STEP_S: Final = 0.05
_RUNNING: Final = "running"
_DONE: Final = "done:"


class BadOnce(Invalid):
    """The form's `once` is no UUID."""

    code = "bad_once"


class BadForm(Invalid):
    """A form says what no page of ours makes it say: it has grown old, or was changed on its way."""

    code = "bad_form"


class StillRunning(Conflict):
    """The same form is being worked on at this moment."""

    code = "still_running"
    again = True


def once(view: View[P]) -> View[P]:
    """Let each `once` of a POST run `view` a single time; a repetition is sent to where the first one was.

    An answer of 400 and more, or an error, undoes the mark: the same form may be corrected and sent again. A form
    without `once` is not guarded. With Redis away nothing is guarded either; the forms' `version` still is. Only
    addresses of ours are kept in Redis, no text.
    """

    @wraps(view)
    def guarded(request: DeskRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        text = request.POST.get("once", "") if request.method == "POST" else ""
        key = _key(request, text) if text else ""
        if not key:
            return view(request, *args, **kwargs)
        if not _take(key):
            return _first_answer(key)
        return _run(key, lambda: view(request, *args, **kwargs))

    return guarded


def _key(request: DeskRequest, text: str) -> str:
    try:
        return f"once:{request.user.pk}:{UUID(text)}"
    except ValueError as error:
        raise BadOnce("once must be a UUID") from error


def _run(key: str, act: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    settled = False
    try:
        response = act()
        if response.status_code < 400:
            _settle(key, response)
            settled = True
    finally:
        if not settled:
            _forget(key)
    return response


def _take(key: str) -> bool:
    try:
        return cache.add(key, _RUNNING, _KEPT_S)
    except RedisError:
        logger.warning("form not guarded", extra={"reason": "redis away"})
        return True


def _settle(key: str, response: HttpResponseBase) -> None:
    try:
        cache.set(key, _DONE + response.headers.get("Location", ""), _KEPT_S)
    except RedisError:
        logger.warning("form not guarded", extra={"reason": "redis away"})


def _forget(key: str) -> None:
    try:
        cache.delete(key)
    except RedisError:
        logger.warning("form not guarded", extra={"reason": "redis away"})


def _first_answer(key: str) -> HttpResponseBase:
    """Wait for the first one to end. Raises StillRunning after five seconds, or when it failed meanwhile."""
    until = time.monotonic() + _WAIT_S
    while time.monotonic() < until:
        state = cache.get(key)
        if state is None:
            raise StillRunning("the first one failed: send it again")
        if state.startswith(_DONE):
            location = state.removeprefix(_DONE)
            return HttpResponseRedirect(location) if location else HttpResponse(status=204)
        time.sleep(_STEP_S)
    raise StillRunning("the first one has not ended")
