"""The pages of tickets: list, ticket, rows, print."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET

from audit.actions import Action
from helpdesk.core.errors import Invalid
from helpdesk.web.base.request import DeskRequest, wants_part
from helpdesk.web.tickets.contexts import list_context, list_query, reader_context
from inbox.inboxes.permissions import Right
from inbox.tickets.access import ticket_for
from inbox.tickets.opening.lists import show_rows
from inbox.tickets.opening.reader import show_ticket
from inbox.tickets.querysets import PAGE_SIZE


class WrongNumbers(Invalid):
    """What is asked for are no ticket numbers, or too many."""

    code = "wrong_numbers"


@require_GET
def list_page(request: DeskRequest) -> HttpResponse:
    """Show a folder; to a script that asks for more, the next rows alone."""
    query = list_query(request.GET)
    context = list_context(request.access, query)
    if _wants_rows(request):
        return render(request, "tickets/_rows.html", context)
    return render(request, "tickets/page.html", {**context, "ticket": None})


@require_GET
def ticket_page(request: DeskRequest, number: int) -> HttpResponse:
    """Show a ticket; to a script, the reader alone."""
    query = list_query(request.GET)
    ticket = ticket_for(request.access, number, need=Right.VIEW)
    reader = reader_context(request, ticket, query)
    if _wants_rows(request):
        return render(request, "tickets/_reader.html", reader)
    return render(request, "tickets/page.html", {**list_context(request.access, query), **reader})


@require_GET
def rows(request: DeskRequest) -> HttpResponse:
    """Show the named rows as far as they may be seen and still lie in the folder that the page shows."""
    query = list_query(request.GET)
    shown = show_rows(request.access, _numbers(request), query)
    context = {"rows": shown, "folder": query.folder, "inbox_id": query.inbox_id, "next_cursor": ""}
    return render(request, "tickets/_rows.html", context)


@require_GET
def print_page(request: DeskRequest, number: int) -> HttpResponse:
    """Show the whole conversation on paper; recorded as a print."""
    ticket = ticket_for(request.access, number, need=Right.VIEW)
    view = show_ticket(request.access, ticket, everything=True, action=Action.TICKET_PRINT)
    return render(request, "tickets/print.html", {"ticket": view, "printed_at": timezone.now()})


def _wants_rows(request: HttpRequest) -> bool:
    return wants_part(request)


def _numbers(request: HttpRequest) -> list[int]:
    words = [word for word in request.GET.get("numbers", "").split(",") if word]
    if len(words) > PAGE_SIZE or not all(word.isascii() and word.isdigit() and len(word) <= 18 for word in words):
        raise WrongNumbers("numbers must be at most 50 ticket numbers")
    return [int(word) for word in words]
