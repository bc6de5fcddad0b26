"""The pages of talk with another party: forward a message, and answer what comes back."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.errors import Invalid
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.base.words import words_for
from helpdesk.web.tickets.forms import ForwardForm, PartyForm, uploaded
from helpdesk.web.tickets.writing import form_key, ticked_copies
from inbox.inboxes.permissions import Right
from inbox.mail.errors import NothingToForward
from inbox.mail.models import OutboundMail
from inbox.mail.send.forward import (
    NewForward,
    PartyReply,
    answer_party,
    files_to_choose,
    forward_subject,
    require_forwardable,
    require_other_party,
)
from inbox.mail.send.forward import forward as send_on
from inbox.mail.send.party import suggest_party
from inbox.mail.send.recipients import own_addresses
from inbox.tickets.access import message_for, ticket_for
from inbox.tickets.errors import MessageNotFound
from inbox.tickets.models import Message, Ticket
from inbox.tickets.opening.reader import show_draft, show_message
from inbox.tickets.rows import AttachmentView, DraftView, MessageView
from inbox.tickets.states import Direction, DraftKind

Context = dict[str, object]


@require_http_methods(["GET", "POST"])
def forward(request: DeskRequest, number: int) -> HttpResponse:
    """Forward a message of the ticket: the one named by `m`, else the newest of the customer."""
    ticket = ticket_for(request.access, number, need=Right.REPLY)
    named = request.POST.get("m", "") or request.GET.get("m", "")
    draft = show_draft(ticket, DraftKind.FORWARD, by=request.user) if request.method == "GET" else None
    message = _message(request, ticket, named or (draft.fields.get("message", "") if draft else ""))
    require_forwardable(message)
    form = ForwardForm(request.POST or None, request.FILES or None, initial=_begun(message, draft))
    if request.method == "POST" and form.is_valid():
        try:
            return _to_ticket(send_on(message, _new_forward(request, form, message), by=request.user), ticket)
        except Invalid as error:
            _tell(form, error)
    view = show_message(ticket, message)
    files = {"files": _offered(message, view), "chosen": _chosen(request, message)}
    return _page(request, form, {**_around(ticket, view), **files})


@require_http_methods(["GET", "POST"])
def party(request: DeskRequest, number: int, message_id: UUID) -> HttpResponse:
    """Answer a message of another party: that party alone gets it."""
    ticket = ticket_for(request.access, number, need=Right.REPLY)
    message = _message(request, ticket, str(message_id))
    require_other_party(message)
    draft = show_draft(ticket, DraftKind.PARTY, by=request.user) if request.method == "GET" else None
    kept = draft.text if draft and draft.fields.get("message") == str(message.pk) else ""
    form = PartyForm(request.POST or None, request.FILES or None, initial={"text": kept})
    if request.method == "POST" and form.is_valid():
        try:
            return _to_ticket(answer_party(message, _new_answer(request, form), by=request.user), ticket)
        except Invalid as error:
            _tell(form, error)
    with purpose(Purpose.VIEW):
        answer = suggest_party(message, own=own_addresses())
    return _page(request, form, {**_around(ticket, show_message(ticket, message)), "answer": answer})


def _message(request: DeskRequest, ticket: Ticket, named: str) -> Message:
    """Return the message of the ticket that is named, else the newest that can be forwarded."""
    if not named:
        return _newest(ticket)
    try:
        message = message_for(request.access, UUID(named), need=Right.REPLY)
    except ValueError as error:
        raise MessageNotFound("no such message") from error
    if message.ticket_id != ticket.pk:
        raise MessageNotFound("no such message")
    return message


def _newest(ticket: Ticket) -> Message:
    rows = Message.objects.filter(ticket=ticket).select_related("ticket__inbox").order_by("-at", "-id")
    customers = rows.filter(direction=Direction.INBOUND, other_party=False).first()
    found = customers or rows.exclude(direction=Direction.NOTE).first()
    if found is None:
        raise NothingToForward("this ticket holds no mail")
    return found


def _begun(message: Message, draft: DraftView | None) -> dict[str, str]:
    """Return what stands in the form at first: what was begun for this message, else its subject alone."""
    if draft is not None and draft.fields.get("message") == str(message.pk):
        fields = {name: draft.fields.get(name, "") for name in ("to", "cc", "subject")}
        return {**fields, "text": draft.text}
    with purpose(Purpose.VIEW):
        return {"subject": forward_subject(message)[:250]}


def _new_forward(request: DeskRequest, form: forms.Form, message: Message) -> NewForward:
    data = form.cleaned_data
    return NewForward(
        to=data["to"],
        subject=data["subject"],
        text=data["text"],
        once=form_key(request),
        cc=data["cc"],
        files=uploaded(request, "attached"),
        chosen=[UUID(file_id) for file_id in _chosen(request, message)],
    )


def _new_answer(request: DeskRequest, form: forms.Form) -> PartyReply:
    text, files = form.cleaned_data["text"], uploaded(request, "attached")
    return PartyReply(text, form_key(request), cc=ticked_copies(request), files=files)


def _chosen(request: DeskRequest, message: Message) -> set[str]:
    """Return the ids of the files that are ticked: every one at first, afterwards as the person left them."""
    known = {str(file.pk) for file in files_to_choose(message)}
    return known if request.method == "GET" else known.intersection(request.POST.getlist("chosen"))


def _offered(message: Message, view: MessageView) -> Sequence[AttachmentView]:
    ids = {file.pk for file in files_to_choose(message)}
    return [file for file in view.attachments if file.id in ids]


def _around(ticket: Ticket, view: MessageView) -> Context:
    return {"number": ticket.number, "inbox_name": ticket.inbox.name, "version": ticket.version, "message": view}


def _page(request: DeskRequest, form: forms.Form, context: Mapping[str, object]) -> HttpResponse:
    own: Context = {"form": form, "upload_bytes": settings.POSTERN_UPLOAD_BYTES}
    return render(request, "tickets/forward.html", {**context, **own}, status=422 if form.is_bound else 200)


def _tell(form: forms.Form, error: Invalid) -> None:
    """Say beside the form what does not fit: what was written stays in it."""
    words = words_for(error.code, error.status)
    form.add_error(None, f"{words.title}. {words.text}")


def _to_ticket(outbound: OutboundMail, ticket: Ticket) -> HttpResponse:
    return HttpResponseRedirect(f"{reverse('tickets:ticket', args=[ticket.number])}#m-{outbound.message_id}")
