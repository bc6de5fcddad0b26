"""Links in mails: a page shows the true host, one key goes on, and the entry tells who went."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit
from uuid import UUID

import idna
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.actions import Action
from audit.record import record
from helpdesk.core.errors import Invalid
from helpdesk.web.base.policy import page_policy
from helpdesk.web.base.request import DeskRequest
from inbox.inboxes.permissions import Right
from inbox.tickets.access import message_for

_SCHEMES: Final = {"http", "https", "mailto"}
_LONGEST: Final = 2000
# Browsers hold `form-action` against the redirect that answers a form too: this page's form may lead outside.
_FORM: Final = ("form-action 'self'", "form-action 'self' https: http: mailto:")
_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PLAIN_HOST: Final = re.compile(r"[a-z0-9._-]+|[0-9a-f.:]+", re.IGNORECASE)
_NUMBER: Final = re.compile(r"(^|\.)([0-9]+|0x[0-9a-f]*)\.?$|:", re.IGNORECASE)
"""What browsers take for an address: the last label is a number, also a hexadecimal one (WHATWG URL 3.5)."""


class WrongLink(Invalid):
    """An address that no browser may be sent to, or one that names no message."""

    code = "wrong_link"


class _GoOn(HttpResponseRedirect):
    """A redirect to any address that `_host` lets through."""

    allowed_schemes = sorted(_SCHEMES)


@require_http_methods(["GET", "POST"])
def out(request: DeskRequest) -> HttpResponse:
    """Show where a link leads; a POST goes on and is recorded."""
    data = request.POST if request.method == "POST" else request.GET
    message = message_for(request.access, _uuid(data.get("m", "")), need=Right.VIEW)
    url = data.get("u", "")
    host = _host(url)
    if request.method == "POST":
        record(Action.LINK_OPENED, on=message.ticket.as_subject(), message=message.pk, host=host)
        return _GoOn(url, headers={"Referrer-Policy": "no-referrer"})
    context = {
        "url": url,
        "host": host,
        "reasons": _reasons(url, host),
        "message_id": message.pk,
        "number": message.ticket.number,
    }
    response = render(request, "mail/out.html", context)
    response.headers["Content-Security-Policy"] = page_policy(request).replace(*_FORM)
    return response


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise WrongLink("the link names no message") from error


def _host(url: str) -> str:
    """Return the true host in ASCII, as browsers read it (UTS 46). Raises WrongLink for anything else."""
    if len(url) > _LONGEST or any(ord(letter) < 33 or letter in _BIDI for letter in url):
        raise WrongLink("this is no address that can be opened")
    try:
        parts = urlsplit(url)
        named = _named_host(parts)
        host = (named.encode("idna") if named.isascii() else idna.encode(named, uts46=True)).decode()
    except (ValueError, UnicodeError) as error:
        raise WrongLink("this is no address that can be opened") from error
    if parts.scheme not in _SCHEMES or not host or not _PLAIN_HOST.fullmatch(host):
        raise WrongLink("this is no address that can be opened")
    return host


def _named_host(parts: SplitResult) -> str:
    """Return the host as the link writes it, "" when browsers would look for it elsewhere."""
    if parts.scheme == "mailto":
        _, at, host = parts.path.rpartition("@")
        return host.lower() if at and not parts.netloc else ""
    return "" if "\\" in parts.netloc else parts.hostname or ""


def _reasons(url: str, host: str) -> list[str]:
    reasons = []
    parts = urlsplit(url)
    if "xn--" in host:
        reasons.append(_("The host's name holds letters of other alphabets: look at it letter by letter."))
    if parts.scheme != "mailto" and "@" in parts.netloc:
        reasons.append(_("What stands before the @ is no host: it only looks like one."))
    if parts.scheme == "http":
        reasons.append(_("The connection would not be encrypted."))
    if _NUMBER.search(host):
        reasons.append(_("It names a bare number instead of a host."))
    return reasons
