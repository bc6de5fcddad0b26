"""The choke point: every page is shut unless it says otherwise, and every session ends in time."""

import time
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode

from accounts.models import User
from accounts.services.factors import has_factor
from helpdesk.web.base.request import wants_part
from helpdesk.web.door.enrol import is_enrolment

_BORN: Final = "born"
_SEEN: Final = "seen"
_STEP_S: Final = 60
"""How exactly idling is measured: a session's row is not written more often."""


class DoorMiddleware:
    """Lets verified people in, un-enrolled ones to the enrolment alone, and everybody to the pages of the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """End a session that is over; let no browser keep what a signed-in person saw."""
        was_ended = request.user.is_authenticated and _is_over(request)
        if was_ended:
            logout(request)
        request.session_ended = was_ended  # type: ignore[attr-defined] # read below, by process_view
        response = self._get_response(request)
        if was_ended or request.user.is_authenticated:
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_view(
        self,
        request: HttpRequest,
        view: Callable[..., HttpResponseBase],
        _args: tuple[object, ...],
        _kwargs: dict[str, object],
    ) -> HttpResponseBase | None:
        """Send whoever may not pass to the door; a script is told by 401, so that its page keeps what was typed."""
        user = request.user
        if not isinstance(user, User):
            return None if _is_open(view) else _to_door(request)
        if user.is_verified():
            return None
        if has_factor(user):
            # Somebody signed in round the stage that asks for the second factor.
            logout(request)
            return None if _is_open(view) else _to_door(request)
        if is_enrolment(request):
            return None
        return _refusal(request, reverse("door:enrol"))


def _is_open(view: Callable[..., HttpResponseBase]) -> bool:
    return not getattr(view, "login_required", True)


def _is_over(request: HttpRequest) -> bool:
    """Return whether the session has idled too long or lives too long; note that it was seen."""
    now = int(time.time())
    session = request.session
    born, seen = session.get(_BORN), session.get(_SEEN, now)
    if born is None:
        born = session[_BORN] = now
    if now - seen > settings.SESSION_IDLE_S or now - born > settings.SESSION_ABSOLUTE_S:
        return True
    if now - session.get(_SEEN, 0) >= _STEP_S:
        session[_SEEN] = now
    return False


def _to_door(request: HttpRequest) -> HttpResponseBase:
    query = {}
    if request.method == "GET" and request.path != "/":
        query[REDIRECT_FIELD_NAME] = request.get_full_path()
    if getattr(request, "session_ended", False):
        query["ended"] = "1"
    address = reverse("door:sign_in")
    return _refusal(request, f"{address}?{urlencode(query)}" if query else address)


def _refusal(request: HttpRequest, address: str) -> HttpResponseBase:
    if wants_part(request):
        return HttpResponse(status=401, headers={"Cache-Control": "no-store"})
    return HttpResponseRedirect(address)
