"""Error pages: the words for each kind of error, as a whole page or as a part for a script."""

import logging
import sys
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from redis.exceptions import RedisError

from helpdesk.core.context import current_request
from helpdesk.core.errors import DomainError
from helpdesk.web.base.request import wants_json, wants_part

logger = logging.getLogger(__name__)

_AWAY = (OperationalError, InterfaceError, RedisError)
"""What the database and Redis raise when they do not answer."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a page says about an error."""

    title: str | Promise
    text: str | Promise


_BY_STATUS = {
    400: Words(_("This request cannot be read"), _("Go back and try again.")),
    403: Words(_("You may not do this"), _("Ask whoever manages the roles of this inbox.")),
    404: Words(_("There is nothing here"), _("It does not exist, or you may not see it.")),
    409: Words(_("This has changed meanwhile"), _("Look at what is new, then decide again. Nothing was changed.")),
    413: Words(_("This is too much"), _("It is larger than this desk takes. Nothing was changed.")),
    422: Words(_("This cannot be taken"), _("Something in it does not fit. Nothing was changed.")),
    429: Words(_("Too many tries"), _("Wait a little, then try again.")),
    500: Words(_("Something went wrong here"), _("It is a fault of the desk and has been noted. Nothing was lost.")),
    503: Words(_("Not available just now"), _("A part of the desk does not answer. Try again in a minute.")),
}
_BY_CODE = {
    "csrf": Words(_("This form has grown old"), _("Load the page again and send it once more. Nothing was changed.")),
    "database_away": Words(
        _("The desk cannot reach its database"),
        _("Nothing is lost: mail waits on its server. Try again in a minute."),
    ),
    "redis_away": Words(
        _("Sign-in is not possible just now"),
        _("The desk cannot count failed tries, so it lets nobody in. Try again in a minute."),
    ),
}


def answer_error(request: HttpRequest, error: BaseException | None) -> HttpResponse | None:
    """Return the page for a DomainError or a service that is away, None for anything else."""
    if isinstance(error, DomainError):
        return error_page(request, status=error.status, code=error.code, again=error.again)
    if isinstance(error, _AWAY):
        code = "redis_away" if isinstance(error, RedisError) else "database_away"
        logger.warning("service away", extra={"code": code, "kind": type(error).__name__})
        return error_page(request, status=503, code=code, again=True)
    return None


def error_page(request: HttpRequest, *, status: int, code: str = "", again: bool = False) -> HttpResponse:
    """Return the page for `status`, worded by `code` where there are words for it.

    It asks nothing of the database or Redis, since those may be what is away.
    """
    words = _BY_CODE.get(code) or _BY_STATUS.get(status) or _BY_STATUS[500]
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
