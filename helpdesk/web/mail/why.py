"""Why a mail landed where it did, in words, for whoever reads its ticket."""

from collections.abc import Sequence
from uuid import UUID

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from helpdesk.web.base.mailwords import ACKNOWLEDGED, MACHINES, THREADS, UNREADABLE, VERDICTS, worded
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.mail.scope import show
from inbox.inboxes.permissions import Right
from inbox.mail.errors import MailNotFound
from inbox.mail.overview.landing import Landing, landing_of
from inbox.mail.states import RawReason, Verdict
from inbox.tickets.access import message_for


@never_cache
@require_safe
def why(request: DeskRequest, message_id: UUID) -> HttpResponse:
    """Tell what a mail was taken for, and what led it to its ticket. Nothing of the mail itself is opened."""
    message = message_for(request.access, message_id, need=Right.VIEW)
    landing = landing_of(message)
    if landing is None:
        raise MailNotFound("this message did not come by mail")
    context = {"landing": landing, "reasons": _reasons(landing), "number": message.ticket.number}
    return show(request, "why", context)


def _reasons(landing: Landing) -> Sequence[str | Promise]:
    said: list[str | Promise] = [VERDICTS[landing.verdict]]
    if landing.verdict == Verdict.QUARANTINE:
        said.append(worded(UNREADABLE, landing.verdict_reason))
    elif landing.verdict != Verdict.BOUNCE:
        said.append(worded(MACHINES, landing.verdict_reason))
    said.append(worded(THREADS, landing.thread_reason))
    if landing.unverified:
        said.append(_("Nothing proves who wrote it: it is marked, and nobody it names gets an answer."))
    if landing.raw_reason == RawReason.SAME_ID:
        said.append(_("The inbox holds another mail of the same Message-ID; this one differs, so it was taken too."))
    said.append(worded(ACKNOWLEDGED, landing.acknowledged))
    return [words for words in said if words]
