"""The pages of mailboxes: how each fares, and the log of the looks into one."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import query_of, scope_of, show
from inbox.inboxes.permissions import Right
from inbox.mail.access import mailbox_for
from inbox.mail.overview.mailboxes import cycles_page, mailbox_states, state_of


@never_cache
@require_safe
def mailboxes(request: DeskRequest) -> HttpResponse:
    """Show how the mailboxes fare, those that fail first."""
    scope = scope_of(request)
    context = {
        "scope": scope,
        "mailboxes": mailbox_states(request.access, inbox_id=scope.inbox_id),
        "may_set_up": bool(request.access.inboxes(Right.MANAGE_MAILBOX)) and request.user.is_staff,
    }
    return show(request, "mailboxes", context)


@never_cache
@require_safe
def cycles(request: DeskRequest, mailbox_id: UUID) -> HttpResponse:
    """Show the looks into one mailbox, the newest first."""
    mailbox = mailbox_for(request.access, mailbox_id)
    eventful = request.GET.get("all") != "1"
    page = cycles_page(mailbox, after=request.GET.get("after", ""), eventful=eventful)
    context = {
        "mailbox": state_of(mailbox),
        "cycles": page.rows,
        "next_cursor": page.next,
        "first_page": "after" not in request.GET,
        "eventful": eventful,
        "query": query_of(all="" if eventful else "1"),
    }
    return show(request, "cycles", context)
