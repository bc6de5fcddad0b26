"""Acts on mail: try a quarantined one again, send a refused one again."""

from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk.web.base.answers import Said, answer
from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest
from inbox.inboxes.permissions import Right
from inbox.mail.access import outbound_for, quarantined_for
from inbox.mail.send.undo import resend as send_again
from inbox.mail.services.quarantine import retry as try_again


@require_POST
@once
def retry(request: DeskRequest, number: int) -> HttpResponse:
    """Read a quarantined mail once more; when it can be read now, its own ticket appears and this one goes."""
    ticket, raw = quarantined_for(request.access, number)
    try_again(ticket, raw)
    said = Said(_("It is read again; when it works, its ticket appears in the list."))
    return answer(request, said, back=reverse("tickets:ticket", args=[number]))


@require_POST
@once
def resend(request: DeskRequest, outbound_id: UUID) -> HttpResponse:
    """Send a refused or uncertain mail again: the same mail with the same Message-ID."""
    outbound = send_again(outbound_for(request.access, outbound_id, need=Right.REPLY))
    number = outbound.message.ticket.number if outbound.message else 0
    return answer(request, Said(_("It is sent again.")), back=reverse("tickets:ticket", args=[number]))
