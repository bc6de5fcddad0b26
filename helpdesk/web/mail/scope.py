"""What the pages of mail administration have in common: their right, the inbox that is looked at, their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse

from helpdesk.core.errors import NotFound
from helpdesk.web.base.request import DeskRequest, wants_part
from inbox.mail.access import require_administration
from inbox.mail.overview.scope import Paged, inbox_names

AREA: Final = "mail"
Row = TypeVar("Row")


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


def paged(request: DeskRequest, scope: Scope, page: Paged[Row], **filters: str) -> dict[str, object]:
    """Return what the template of a list needs to lead to its other pages; `filters` stand in their addresses."""
    return {
        "scope": scope,
        "next_cursor": page.next,
        "first_page": "after" not in request.GET,
        "query": query_of(inbox=scope.inbox_id, **filters),
    }


def back_to(page: str, **fields: object) -> HttpResponse:
    """Return the way back to a page of this area, with the fields that are set."""
    query = query_of(**fields)
    return HttpResponseRedirect(f"{reverse(f'{AREA}:{page}')}{f'?{query}' if query else ''}")


def show(request: DeskRequest, name: str, context: Mapping[str, object]) -> HttpResponse:
    """Return the page `name`, or to a script its changing part alone."""
    shown = {"area": AREA, "here": request.get_full_path(), **context}
    return render(request, f"mail/_{name}.html" if wants_part(request) else f"mail/{name}.html", shown)
