"""What the pages of mail administration have in common: their right, the inbox that is looked at, their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render

from helpdesk.core.errors import NotFound
from helpdesk.web.base.request import DeskRequest, wants_part
from inbox.mail.access import require_administration
from inbox.mail.overview.scope import inbox_names

AREA: Final = "mail"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which inboxes may be chosen, and which one is looked at (None: all of them)."""

    names: Mapping[UUID, str]
    inbox_id: UUID | None


def scope_of(request: DeskRequest) -> Scope:
    """Return what the address asks for. Raises MailNotFound without the right, NotFound for an inbox out of reach."""
    require_administration(request.access)
    names = inbox_names(request.access)
    text = request.GET.get("inbox", "") or request.POST.get("inbox", "")
    if not text:
        return Scope(names, None)
    try:
        inbox_id = UUID(text)
    except ValueError as error:
        raise NotFound("no such inbox") from error
    if inbox_id not in names:
        raise NotFound("no such inbox")
    return Scope(names, inbox_id)


def query_of(**fields: object) -> str:
    """Return the fields that are set as they stand in an address, without the place in the list."""
    return urlencode({name: str(value) for name, value in fields.items() if value})


def show(request: DeskRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    """Return the page `name`, or to a script its changing part alone."""
    shown = {"area": AREA, "here": request.get_full_path(), **context}
    return render(request, f"mail/_{name}.html" if wants_part(request) else f"mail/{name}.html", shown)
