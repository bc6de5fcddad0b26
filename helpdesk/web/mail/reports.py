"""The page of reports that are about no mail of a ticket."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import back_to, paged, scope_of, show
from inbox.mail.access import stray_report_for
from inbox.mail.overview.bounces import show_uncited_bounces
from inbox.mail.services.reports import take_for_mail


@never_cache
@require_safe
def reports(request: DeskRequest) -> HttpResponse:
    """Show the reports that cite no mail of ours, the newest first; each opening is recorded."""
    scope = scope_of(request)
    page = show_uncited_bounces(request.access, inbox_id=scope.inbox_id, after=request.GET.get("after", ""))
    return show(request, "reports", {**paged(request, scope, page), "reports": page.rows})


@require_POST
@once
def take(request: DeskRequest, bounce_id: UUID) -> HttpResponse:
    """Take a report for a mail: it opens a ticket."""
    scope = scope_of(request)
    take_for_mail(stray_report_for(request.access, bounce_id))
    messages.success(request, _("It is read again as a mail; its ticket appears in the list."))
    return back_to("reports", inbox=scope.inbox_id)
