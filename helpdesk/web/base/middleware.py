"""What lies round every page: the request's context, the actor, and the headers of every answer."""

from collections.abc import Callable, Iterator
from contextvars import Context, copy_context
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.crypto import salted_hmac
from django.utils.functional import SimpleLazyObject

from accounts.models import User
from helpdesk.core.context import Request, acting_as, within_request
from helpdesk.core.ids import new_id
from helpdesk.web.base import policy
from helpdesk.web.base.client import bounded_agent, client_address
from helpdesk.web.base.errors import answer_error
from helpdesk.web.base.request import NOBODY
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access

Answer = Callable[[HttpRequest], HttpResponseBase]
_METHODS: Final = ("GET", "HEAD", "POST")


class RequestContextMiddleware:
    """Says which request is served: its own id, the client's network, agent and session digest."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer within the request's context."""
        with within_request(_describe(request)):
            return self._get_response(request)


def _describe(request: HttpRequest) -> Request:
    return Request(
        request_id=new_id(),
        network=client_address(
            remote=request.META.get("REMOTE_ADDR", ""),
            forwarded=request.META.get("HTTP_X_FORWARDED_FOR", ""),
            proxies=settings.POSTERN_TRUSTED_PROXIES,
        ),
        agent=bounded_agent(request.META.get("HTTP_USER_AGENT", "")),
        session=session_digest(request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")),
    )


def session_digest(key: str) -> str:
    """Return 32 hex letters that stand for a session's key without giving it away, "" for none."""
    return salted_hmac("web.session", key, algorithm="sha256").hexdigest()[:32] if key else ""


class SecurityHeadersMiddleware:
    """Puts the headers of `policy` on every answer that does not carry its own."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the headers; a framed mail brings its own, stricter policy."""
        response = self._get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy.page_policy(request))
        for name, value in policy.FIXED.items():
            response.headers.setdefault(name, value)
        return response


class MethodMiddleware:
    """Takes GET, HEAD and POST alone: some of Django's own pages would answer any other method like a GET."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, or refuse the method."""
        if request.method in _METHODS:
            return self._get_response(request)
        return HttpResponseNotAllowed(_METHODS)


class ActorMiddleware:
    """Says who acts, gives `request.access`, and turns a DomainError into its page."""

    def __init__(self, get_response: Answer) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer as the person who is signed in; a stream goes on under the same name."""
        request.access = SimpleLazyObject(lambda: _access(request))  # type: ignore[attr-defined] # see DeskRequest
        user = request.user
        if not isinstance(user, User):
            return self._get_response(request)
        with acting_as(user.as_actor()), translation.override(user.language), timezone.override(_zone(user)):
            response = self._get_response(request)
            response.headers.setdefault("Content-Language", user.language)
            if isinstance(response, StreamingHttpResponse) and not response.is_async:
                response.streaming_content = _kept(copy_context(), iter(response))
            return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        """Return the page for what a person did wrong or what is away; None leaves a bug to the edge."""
        return answer_error(request, error)


def _zone(user: User) -> ZoneInfo:
    try:
        return ZoneInfo(user.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _access(request: HttpRequest) -> Access:
    return access_of(request.user) if isinstance(request.user, User) else NOBODY


def _kept(context: Context, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks, each made inside `context`: a stream runs after the middleware has returned."""
    end = object()
    while (chunk := context.run(next, chunks, end)) is not end:
        yield chunk  # type: ignore[misc] # only the end is no bytes
