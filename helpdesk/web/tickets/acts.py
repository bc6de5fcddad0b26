"""The acts on a ticket that are no text: state, assignee, bin."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import User
from helpdesk.core.errors import Invalid
from helpdesk.web.base.answers import Said, Undo, answer
from helpdesk.web.base.once import BadForm, once
from helpdesk.web.base.request import DeskRequest
from inbox.inboxes.permissions import Right
from inbox.tickets.access import ticket_for
from inbox.tickets.models import Ticket
from inbox.tickets.services.assign import assign as hand_over
from inbox.tickets.services.bin import delete_ticket, restore_ticket
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State


class PersonUnknown(Invalid):
    """Nobody active has the key that the form names."""

    code = "person_unknown"


@require_POST
@once
def state(request: DeskRequest, number: int) -> HttpResponse:
    """Open, set pending or close a ticket."""
    wanted = request.POST.get("state", "")
    if wanted not in State.values:
        raise BadForm("state must be open, pending or closed")
    ticket = ticket_for(request.access, number, need=Right.EDIT)
    before = ticket.state
    ticket = set_state(ticket, State(wanted), seen=seen_version(request))
    undo = Undo(reverse("tickets:state", args=[number]), {"state": before, "version": ticket.version})
    said = {
        State.OPEN: _("Opened #%(number)s"),
        State.PENDING: _("Set #%(number)s to pending"),
        State.CLOSED: _("Closed #%(number)s"),
    }[State(wanted)] % {"number": number}
    return answer(request, Said(said, ticket.version, undo if before != wanted else None), back=_ticket_page(ticket))


@require_POST
@once
def assign(request: DeskRequest, number: int) -> HttpResponse:
    """Hand a ticket to somebody, or back to its inbox."""
    ticket = ticket_for(request.access, number, need=Right.ASSIGN)
    before = ticket.assignee_id
    to = _person(request.POST.get("to", ""))
    ticket = hand_over(ticket, to=to, by=request.access, seen=seen_version(request))
    said = _("#%(number)s is with %(name)s") % {"number": number, "name": to.name} if to else _("Nobody has it now")
    return answer(request, Said(said, ticket.version, _give_back(request, ticket, before)), back=_ticket_page(ticket))


@require_POST
@once
def delete(request: DeskRequest, number: int) -> HttpResponse:
    """Put a ticket into the bin."""
    ticket = ticket_for(request.access, number, need=Right.DELETE)
    ticket = delete_ticket(ticket, seen=seen_version(request))
    undo = Undo(reverse("tickets:restore", args=[number]), {"version": ticket.version})
    said = _("#%(number)s lies in the bin") % {"number": number}
    return answer(request, Said(said, ticket.version, undo), back=reverse("tickets:list"))


@require_POST
@once
def restore(request: DeskRequest, number: int) -> HttpResponse:
    """Take a ticket out of the bin."""
    ticket = restore_ticket(ticket_for(request.access, number, need=Right.DELETE))
    said = _("#%(number)s is back") % {"number": number}
    return answer(request, Said(said, ticket.version), back=_ticket_page(ticket))


def seen_version(request: HttpRequest) -> int:
    """Return the version of the ticket that the form was shown with. Raises BadForm."""
    text = request.POST.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise BadForm("the form names no version of the ticket")
    return int(text)


def _give_back(request: DeskRequest, ticket: Ticket, before: UUID | None) -> Undo | None:
    """Return what hands the ticket back, None when nothing changed or the person may not hand it there."""
    may = request.access.can_assign(ticket.inbox_id, to_self=before in (None, request.user.pk))
    if before == ticket.assignee_id or not may:
        return None
    fields: dict[str, str | int] = {"to": str(before) if before else "", "version": ticket.version}
    return Undo(reverse("tickets:assign", args=[ticket.number]), fields)


def _ticket_page(ticket: Ticket) -> str:
    return reverse("tickets:ticket", args=[ticket.number])


def _person(text: str) -> User | None:
    if not text:
        return None
    try:
        person = User.objects.filter(pk=UUID(text), is_active=True).first()
    except ValueError as error:
        raise PersonUnknown("that person is not known") from error
    if person is None:
        raise PersonUnknown("that person is not known")
    return person
