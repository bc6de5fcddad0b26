"""The pages of mailboxes: how each fares, and the log of the looks into one."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import back_to, query_of, scope_of, show
from inbox.inboxes.permissions import Right
from inbox.mail.access import mailbox_for
from inbox.mail.overview.mailboxes import cycles_page, mailbox_states, state_of
from inbox.mail.overview.sending import sending_states
from inbox.mail.send.sent_copy import retry_copies


@never_cache
@require_safe
def mailboxes(request: DeskRequest) -> HttpResponse:
    """Show how the mailboxes fare, those that fail first."""
    scope = scope_of(request)
    states = mailbox_states(request.access, inbox_id=scope.inbox_id)
    context = {
        "scope": scope,
        "mailboxes": states,
        "sending": sending_states([state.id for state in states]),
        "may_set_up": bool(request.access.inboxes(Right.MANAGE_MAILBOX)) and request.user.is_staff,
    }
    return show(request, "mailboxes", context)


@require_POST
@once
def copies(request: DeskRequest, mailbox_id: UUID) -> HttpResponse:
    """Try the copies of sent mail again that the mailbox's folder did not take."""
    retry_copies(mailbox_for(request.access, mailbox_id))
    messages.success(request, _("The copies are tried again."))
    return back_to("mailboxes")


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
