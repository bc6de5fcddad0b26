"""What people write: replies, notes, drafts, a new conversation, and the undo of a send."""

from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import Ready, Slot
from helpdesk.web.base.answers import Said, Undo, answer
from helpdesk.web.base.once import BadForm, BadOnce, once
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.tickets.acts import seen_version
from helpdesk.web.tickets.forms import NewConversationForm, uploaded
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Right
from inbox.mail.access import outbound_for
from inbox.mail.models import OutboundMail
from inbox.mail.send.conversation import NewConversation, start_conversation
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.reply import NewReply, send_reply
from inbox.mail.send.undo import cancel_send
from inbox.mail.states import OutKind
from inbox.tickets.access import ticket_for
from inbox.tickets.errors import TicketMoved
from inbox.tickets.models import Ticket
from inbox.tickets.opening.reader import show_newest
from inbox.tickets.services.drafts import NewDraft, save_draft
from inbox.tickets.services.note import add_note
from inbox.tickets.states import DraftKind, State

_VERSION: Final = Ready(lambda: Ticket.objects.filter(pk=Slot("pk")).only("version"))
_PARTYS_DRAFTS: Final = frozenset({DraftKind.FORWARD, DraftKind.PARTY})
_LONGEST_FIELD: Final = 4000
_MOST_COPIES: Final = 50


@require_POST
def reply(request: DeskRequest, number: int) -> HttpResponse:
    """Send a reply. On a ticket that has moved on: 409 with what is new, and nothing is sent."""
    ticket = ticket_for(request.access, number, need=Right.REPLY)
    then = State.CLOSED if request.POST.get("after") == "closed" else None
    if then is not None:
        ticket_for(request.access, number, need=Right.EDIT)
    new = NewReply(
        request.POST.get("text", ""),
        form_key(request),
        seen_version(request),
        cc=ticked_copies(request),
        files=uploaded(request),
        kept=_kept(request),
        then=then,
    )
    try:
        outbound = send_reply(ticket, new, by=request.user)
    except TicketMoved as moved:
        return _conflict(request, ticket, moved)
    return answer(request, _sent(outbound, ticket), back=reverse("tickets:ticket", args=[number]))


@require_POST
@once
def note(request: DeskRequest, number: int) -> HttpResponse:
    """Write an internal note. Others' acts meanwhile stop nobody: a note goes to nobody outside."""
    ticket = ticket_for(request.access, number, need=Right.NOTE)
    add_note(ticket, request.POST.get("text", ""), by=request.user)
    said = Said(_("Note added to #%(number)s") % {"number": number}, _version(ticket))
    return answer(request, said, back=reverse("tickets:ticket", args=[number]))


@require_POST
def draft(request: DeskRequest, number: int) -> HttpResponse:
    """Keep what somebody is writing; an empty text drops it."""
    ticket = ticket_for(request.access, number, need=Right.VIEW)
    kind = request.POST.get("kind", "")
    if kind not in {DraftKind.REPLY, DraftKind.NOTE, *_PARTYS_DRAFTS}:
        raise BadForm("kind must be reply, note, forward or party")
    fields = _draft_fields(request) if kind in _PARTYS_DRAFTS else {}
    new = NewDraft(DraftKind(kind), request.POST.get("text", ""), seen_version(request), fields)
    save_draft(ticket, new, by=request.user)
    return HttpResponse(status=204)


@require_POST
@once
def undo(request: DeskRequest, outbound_id: UUID) -> HttpResponse:
    """Take a mail back while it waits; its words return into the box."""
    outbound = outbound_for(request.access, outbound_id, need=Right.REPLY)
    with purpose(Purpose.VIEW):
        words = str(outbound.message.text) if outbound.message else ""
    to_another = outbound.kind in {OutKind.FORWARD, OutKind.PARTY}
    ticket = cancel_send(outbound, by=request.user)
    if to_another:
        # Its words belong into their own form: the box on the page writes to the customer.
        said = Said(_("Not sent. What you wrote is kept; its files have to be chosen again."), ticket.version)
    else:
        said = Said(_("Not sent. Your text is back."), ticket.version, text=words)
    return answer(request, said, back=reverse("tickets:ticket", args=[ticket.number]))


@require_http_methods(["GET", "POST"])
def new(request: DeskRequest) -> HttpResponse:
    """Begin a conversation with a mail of ours."""
    inboxes = Inbox.objects.filter(pk__in=request.access.inboxes(Right.REPLY))
    form = NewConversationForm(request.POST or None, request.FILES or None, inboxes=inboxes)
    if request.method == "POST" and form.is_valid():
        outbound = _start(request, form)
        number = outbound.message.ticket.number if outbound.message else 0
        return HttpResponseRedirect(reverse("tickets:ticket", args=[number]))
    status = 422 if form.is_bound else 200
    context = {"form": form, "can_start": bool(inboxes), "upload_bytes": settings.POSTERN_UPLOAD_BYTES}
    return render(request, "tickets/new.html", context, status=status)


def _start(request: DeskRequest, form: NewConversationForm) -> OutboundMail:
    data = form.cleaned_data
    new_one = NewConversation(
        to=data["to"],
        subject=data["subject"],
        text=data["text"],
        once=form_key(request),
        cc=data["cc"],
        files=uploaded(request, "attached"),
    )
    return start_conversation(data["inbox"], new_one, by=request.user)


def _draft_fields(request: HttpRequest) -> dict[str, str]:
    """Return what else stands in the form of a forward; a field left empty is none."""
    given = {name: request.POST.get(name, "")[:_LONGEST_FIELD] for name in ("to", "cc", "subject")}
    written = {name: text for name, text in given.items() if text.strip()}
    has_words = bool(request.POST.get("text", "").strip()) or bool(written.get("to") or written.get("cc"))
    return written | {"message": request.POST.get("m", "")[:_LONGEST_FIELD]} if has_words else {}


def _sent(outbound: OutboundMail, ticket: Ticket) -> Said:
    undo_it = Undo(reverse("tickets:undo", args=[outbound.pk]))
    return Said(
        _("Reply to #%(number)s is on its way") % {"number": ticket.number},
        _version(ticket),
        undo_it,
        settings.MAIL_UNDO_S,
    )


def _conflict(request: HttpRequest, ticket: Ticket, moved: TicketMoved) -> HttpResponse:
    newest = show_newest(ticket)
    conflict = {
        "version": moved.current,
        "who": newest.who if newest else "",
        "preview": newest.preview if newest else "",
    }
    return render(request, "tickets/_conflict.html", {"conflict": conflict}, status=409)


def _version(ticket: Ticket) -> int:
    row = _VERSION.first(pk=ticket.pk)
    return row.version if row is not None else ticket.version


def _kept(request: HttpRequest) -> list[UUID] | None:
    """Return which files of a mail taken back go along, None when the page offered none."""
    if "kept_offered" not in request.POST:
        return None
    try:
        return [UUID(file_id) for file_id in request.POST.getlist("kept")]
    except ValueError as error:
        raise BadForm("a kept file has a broken name") from error


def ticked_copies(request: HttpRequest) -> list[Recipient]:
    """Return who was ticked to get a copy, the first fifty; whether they may is asked when the mail is written."""
    return [Recipient("", address) for address in request.POST.getlist("cc")[:_MOST_COPIES]]


def form_key(request: HttpRequest) -> UUID:
    """Return the form's own key, by which a double click makes one mail. Raises BadOnce."""
    try:
        return UUID(request.POST.get("once", ""))
    except ValueError as error:
        raise BadOnce("the form has no key of its own") from error
