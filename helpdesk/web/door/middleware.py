"""The choke point: every page is shut unless it says otherwise, and every session ends in time."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django_otp.middleware import OTPMiddleware
from django_otp.models import Device

from accounts.models import TotpDevice, User
from accounts.services.factors import has_factor
from helpdesk.core.ready import Ready, Slot
from helpdesk.web.base import lifetime
from helpdesk.web.base.request import wants_part
from helpdesk.web.door.enrol import is_enrolment

_APP: Final = Ready(lambda: TotpDevice.objects.filter(pk=Slot("pk")))
_BACKGROUND: Final = frozenset({"live:stream", "tickets:rows"})
"""Pages that a browser asks for by itself: they are no sign that somebody is there."""


class FactorMiddleware(OTPMiddleware):
    """django-otp's middleware; the authenticator app, which nearly every session names, by a statement built once."""

    def _device_from_persistent_id(self, persistent_id: str) -> Device | None:
        label, _, key = persistent_id.rpartition("/")
        if label == TotpDevice.model_label() and key.isdecimal():  # type: ignore[no-untyped-call] # the library's own
            return _APP.first(pk=UUID(int=int(key) % 2**128))
        device: Device | None = super()._device_from_persistent_id(persistent_id)
        return device


class DoorMiddleware:
    """Lets verified people in, un-enrolled ones to the enrolment alone, and everybody to the pages of the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """End a session that is over; let no browser keep what a signed-in person saw."""
        was_ended = request.user.is_authenticated and lifetime.is_over(request.session)
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
        if not _is_background(request):
            lifetime.note(request.session)
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


def _is_background(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.view_name in _BACKGROUND


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
