"""The quarantine: why each mail could not be read, and the buttons that try it again."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import back_to, paged, scope_of, show
from inbox.mail.access import quarantined_mail_for
from inbox.mail.overview.quarantine import quarantine_page, quarantined
from inbox.mail.services.quarantine import Retried
from inbox.mail.services.quarantine import retry_all as try_all
from inbox.mail.services.quarantine import retry_mail as try_one


@never_cache
@require_safe
def quarantine(request: DeskRequest) -> HttpResponse:
    """Show the mails that could not be read, the newest first."""
    scope = scope_of(request)
    page = quarantine_page(request.access, inbox_id=scope.inbox_id, after=request.GET.get("after", ""))
    return show(request, "quarantine", {**paged(request, scope, page), "mails": page.rows})


@require_POST
@once
def retry_one(request: DeskRequest, raw_id: UUID) -> HttpResponse:
    """Read one mail again."""
    scope = scope_of(request)
    try_one(quarantined_mail_for(request.access, raw_id))
    messages.success(request, _("It is read again; when it works, its ticket appears in the list."))
    return back_to("quarantine", inbox=scope.inbox_id)


@require_POST
@once
def retry_all(request: DeskRequest) -> HttpResponse:
    """Read all of them again, in the inbox that is looked at or everywhere."""
    scope = scope_of(request)
    retried = try_all(quarantined(request.access, inbox_id=scope.inbox_id))
    messages.success(request, _said(retried))
    return back_to("quarantine", inbox=scope.inbox_id)


def _said(retried: Retried) -> str:
    said = ngettext("%(count)d mail is read again.", "%(count)d mails are read again.", retried.count)
    said %= {"count": retried.count}
    if retried.rest:
        more = ngettext("%(rest)d waits for another press.", "%(rest)d wait for another press.", retried.rest)
        return f"{said} {more % {'rest': retried.rest}}"
    return said
