"""The page of reports that are about no mail of ours."""

from django.http import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import query_of, scope_of, show
from inbox.mail.overview.bounces import show_uncited_bounces


@never_cache
@require_safe
def reports(request: DeskRequest) -> HttpResponse:
    """Show the reports that cite no mail of ours, the newest first; each opening is recorded."""
    scope = scope_of(request)
    page = show_uncited_bounces(request.access, inbox_id=scope.inbox_id, after=request.GET.get("after", ""))
    context = {
        "scope": scope,
        "reports": page.rows,
        "next_cursor": page.next,
        "first_page": "after" not in request.GET,
        "query": query_of(inbox=scope.inbox_id),
    }
    return show(request, "reports", context)
