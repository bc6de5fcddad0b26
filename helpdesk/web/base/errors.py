"""Error pages: what a person is told, as a whole page, as a part for a script, or as data."""

import logging
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from redis.exceptions import RedisError

from helpdesk.core.context import current_request
from helpdesk.core.errors import DomainError
from helpdesk.crypto.errors import CryptoError, DecryptionError, KeyDestroyed
from helpdesk.web.base.request import wants_json, wants_part
from helpdesk.web.base.words import words_for

logger = logging.getLogger(__name__)

_AWAY = (OperationalError, InterfaceError, RedisError)
"""What the database and Redis raise when they do not answer."""
_LOST = (DecryptionError, KeyDestroyed)
"""What no second try opens; without the right root key another one may."""


def answer_error(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Return the page for a DomainError, something sealed that stays shut or a service that is away, else None."""
    if isinstance(error, DomainError):
        return error_page(request, status=error.status, code=error.code, again=error.again)
    if isinstance(error, CryptoError):
        logger.error("something sealed cannot be opened", extra={"code": error.code})
        is_lost = isinstance(error, _LOST)
        return error_page(request, status=410 if is_lost else 503, code=error.code, again=not is_lost)
    if isinstance(error, _AWAY):
        code = "redis_away" if isinstance(error, RedisError) else "database_away"
        logger.warning("service away", extra={"code": code, "kind": type(error).__name__})
        return error_page(request, status=503, code=code, again=True)
    return None


def error_page(request: HttpRequest, *, status: int, code: str = "", again: bool = False) -> HttpResponse:
    """Return the page for `status`, worded by `code` where there are words for it.

    It asks nothing of the database or Redis, since those may be what is away.
    """
    words = words_for(code, status)
    here = current_request()
    context = {
        "status": status,
        "code": code,
        "title": words.title,
        "text": words.text,
        "again": again,
        "request_id": str(here.request_id) if here else "",
        "product": "Postern",
        "home": "/",
    }
    if wants_json(request):
        return _headed(
            JsonResponse({"error": code or str(status), "words": str(words.text)}, status=status), again=again
        )
    name = "errors/_error.html" if wants_part(request) else "errors/error.html"
    return _headed(HttpResponse(render_to_string(name, context), status=status), again=again)


def _headed(response: HttpResponse, *, again: bool) -> HttpResponse:
    response.headers["Cache-Control"] = "no-store"
    if again:
        response.headers["Retry-After"] = "30"
    return response


def bad_request(request: HttpRequest, *_why: object, **_more: object) -> HttpResponse:
    """Answer what cannot be read: a forged host, a broken encoding, a form with too many fields."""
    return error_page(request, status=400)


def forbidden(request: HttpRequest, *_why: object, **_more: object) -> HttpResponse:
    """Answer Django's own refusals."""
    return error_page(request, status=403)


def not_found(request: HttpRequest, *_why: object, **_more: object) -> HttpResponse:
    """Answer an address that leads nowhere; hidden things look the same."""
    return error_page(request, status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a bug; a database or Redis that went away below the pages gets its own page."""
    return answer_error(request, sys.exc_info()[1]) or error_page(request, status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form whose token does not fit: from another site, or older than the sign-in."""
    logger.warning("form refused", extra={"reason": reason})
    return error_page(request, status=403, code="csrf")
