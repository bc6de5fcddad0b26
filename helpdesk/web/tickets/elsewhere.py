"""Send a mail that came back once more, to another address."""

from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from helpdesk.web.base.answers import Said, Undo, answer
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.tickets.writing import form_key
from inbox.inboxes.permissions import Right
from inbox.mail.access import bounce_for
from inbox.mail.send.readdress import send_elsewhere
from inbox.mail.send.recipients import Recipient


@require_POST
def elsewhere(request: DeskRequest, bounce_id: UUID) -> HttpResponse:
    """Send the mail that a report is about to the address that the person gives; a double click sends one."""
    bounce = bounce_for(request.access, bounce_id, need=Right.REPLY)
    to = Recipient("", request.POST.get("to", "").strip())
    new = send_elsewhere(bounce, to, once=form_key(request), by=request.user)
    number = new.message.ticket.number if new.message else 0
    undo = Undo(reverse("tickets:undo", args=[new.pk]))
    said = Said(_("It is on its way to the other address."), undo=undo, seconds=settings.MAIL_UNDO_S)
    return answer(request, said, back=reverse("tickets:ticket", args=[number]))
