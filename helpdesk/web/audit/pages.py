"""The log's pages: the log itself, the timeline of one ticket, and the export."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Never
from urllib.parse import urlencode
from uuid import UUID

from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from audit.actions import Action, Outcome
from audit.errors import LogNotFound
from audit.export import Form, begin_export, last_export_id, show_manifest, stream
from audit.opening import LOG_SUBJECT, EntryRow, show_entries
from audit.opening import timeline as show_timeline
from audit.querysets import EntryCursor
from audit.record import record
from helpdesk.core.context import ActorKind
from helpdesk.web.audit.forms import ExportForm, FilterForm
from helpdesk.web.audit.names import names_of, numbers_of
from helpdesk.web.audit.words import action_words, detail_words, flag_words, subject_words
from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import DeskRight
from inbox.tickets.models import Ticket

_TYPES = {Form.CSV: "text/csv; charset=utf-8", Form.JSONL: "application/jsonl"}


@dataclass(frozen=True, slots=True)
class LogLine:
    """One entry in words, as the templates show it."""

    id: UUID
    occurred_at: datetime
    actor: str
    actor_kind: str
    acting_for: str
    action_words: str
    outcome: str
    flags: Sequence[str]
    details: Sequence[tuple[str, str]]
    ticket_number: int | None
    subject_words: str
    inbox_name: str
    network: str


@never_cache
@require_safe
def log(request: DeskRequest) -> HttpResponse:
    """Show the log, filtered, newest first; a filter that cannot be read shows nothing but its errors."""
    _require(request, DeskRight.VIEW_AUDIT)
    form = FilterForm(_filled(request), person=request.user, access=request.access)
    after = _place(request)
    context: dict[str, object] = {
        "area": "audit",
        "form": form,
        "entries": (),
        "query": _query(request),
        "newer_first_page": after is not None,
        "may_export": request.access.may(DeskRight.EXPORT_AUDIT),
        "scope_words": _scope_words(request),
    }
    if not form.is_valid():
        return render(request, "audit/log.html", context, status=422)
    page = show_entries(form.as_filter(), after=after)
    context |= {"entries": _lines(page.rows), "next_cursor": page.next.encode() if page.next else ""}
    return render(request, "audit/log.html", context)


@never_cache
@require_safe
def timeline(request: DeskRequest, number: int) -> HttpResponse:
    """Show what was done on one ticket. A ticket of an inbox outside of what one may see is not there."""
    _require(request, DeskRight.VIEW_AUDIT)
    scope = request.access.audit_inboxes
    ticket = Ticket.objects.filter(number=number).first()
    if ticket is None or (scope is not None and ticket.inbox_id not in scope):
        _deny(DeskRight.VIEW_AUDIT, number=number)
    page = show_timeline(ticket.pk, inbox_ids=scope, after=_place(request))
    context = {
        "area": "audit",
        "number": number,
        "entries": _lines(page.rows),
        "next_cursor": page.next.encode() if page.next else "",
        "may_open": Ticket.objects.visible_to(request.access).filter(pk=ticket.pk).exists(),
    }
    return render(request, "audit/timeline.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@once
def export(request: DeskRequest) -> HttpResponseBase:
    """Show the form or a manifest; POST streams the file."""
    _require(request, DeskRight.EXPORT_AUDIT)
    if request.method == "POST":
        return _stream(request)
    if "manifest" in request.GET:
        return _manifest(request, request.GET["manifest"])
    form = ExportForm(initial=request.GET.dict(), person=request.user, access=request.access)
    return _export_page(request, form)


def _stream(request: DeskRequest) -> HttpResponseBase:
    form = ExportForm(request.POST, person=request.user, access=request.access)
    if not form.is_valid():
        return _export_page(request, form, status=422)
    kind = Form(form.cleaned_data["format"])
    begun = begin_export(form.as_filter(), form=kind, byte_order_mark=form.cleaned_data["byte_order_mark"])
    response = StreamingHttpResponse(stream(begun, names=names_of), content_type=_TYPES[kind])
    name = f"postern-log-{timezone.now():%Y-%m-%d}.{kind}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Postern-Export"] = str(begun.manifest.export_id)
    response.headers["Postern-Export-Count"] = str(begun.manifest.count)
    return response


def _manifest(request: DeskRequest, text: str) -> HttpResponse:
    try:
        manifest = show_manifest(UUID(text), person_id=request.user.pk)
    except ValueError as error:
        raise LogNotFound("no such export") from error
    response = HttpResponse(manifest.as_json(), content_type="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="postern-log-{manifest.export_id}.manifest.json"'
    return response


def _export_page(request: DeskRequest, form: ExportForm, *, status: int = 200) -> HttpResponse:
    context = {"area": "audit", "form": form, "last_export": last_export_id(request.user.pk)}
    return render(request, "audit/export.html", context, status=status)


def _require(request: DeskRequest, right: DeskRight) -> None:
    if not request.access.may(right):
        _deny(right)


def _deny(right: DeskRight, **details: int) -> Never:
    record(
        Action.ACCESS_DENIED,
        on=LOG_SUBJECT,
        outcome=Outcome.DENIED,
        survives_rollback=True,
        need=right.value,
        **details,
    )
    raise LogNotFound("no such page")


def _filled(request: DeskRequest) -> dict[str, str]:
    return {name: str(value) for name, value in request.GET.items() if name != "after"}


def _query(request: DeskRequest) -> str:
    return urlencode({name: value for name, value in _filled(request).items() if value})


def _place(request: DeskRequest) -> EntryCursor | None:
    text = request.GET.get("after", "")
    return EntryCursor.decode(text) if text else None


def _scope_words(request: DeskRequest) -> str:
    if request.access.audit_inboxes is None:
        return ""
    names = Inbox.objects.filter(pk__in=request.access.audit_inboxes).order_by("name").values_list("name", flat=True)
    return _("Only entries of %(inboxes)s.") % {"inboxes": ", ".join(names)}


def _lines(rows: Sequence[EntryRow]) -> list[LogLine]:
    names, numbers = names_of(rows), numbers_of(rows)
    return [
        LogLine(
            id=row.id,
            occurred_at=row.occurred_at,
            actor=_actor(row, names),
            actor_kind=row.actor_kind,
            acting_for=names.get(row.acting_for, _("a removed person")) if row.acting_for else "",
            action_words=action_words(row.action),
            outcome=row.outcome,
            flags=flag_words(row.flags),
            details=detail_words(row.content, names),
            ticket_number=numbers.get(row.ticket_id) if row.ticket_id else None,
            subject_words=subject_words(row.subject_kind, names.get(row.subject_id, "") if row.subject_id else ""),
            inbox_name=names.get(row.inbox_id, "") if row.inbox_id and row.inbox_id != row.subject_id else "",
            network=row.content.network,
        )
        for row in rows
    ]


def _actor(row: EntryRow, names: dict[UUID, str]) -> str:
    if row.actor_id is not None:
        return names.get(row.actor_id, _("a removed person"))
    return row.actor_label or str(ActorKind(row.actor_kind))
