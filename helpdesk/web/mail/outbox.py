"""The outbox: how each outgoing mail fares, what the server said, and the buttons that stop or repeat it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from helpdesk.web.base.mailwords import FAULTS, SENDING, worded
from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest, wants_part
from helpdesk.web.mail.scope import AREA, back_to, paged, scope_of, show
from inbox.mail.access import outgoing_mail_for
from inbox.mail.overview.outbox import OutgoingMail, outbox_page, show_words
from inbox.mail.send.undo import resend as send_again
from inbox.mail.send.withdraw import withdraw as stop
from inbox.mail.states import OutState

_EVERYTHING: Final = "all"


@dataclass(frozen=True, slots=True)
class OutboxLine:
    """One mail as the page shows it. `why` is "" when its state says all."""

    mail: OutgoingMail
    why: str | Promise


@never_cache
@require_safe
def outbox(request: DeskRequest) -> HttpResponse:
    """Show the outgoing mail, the newest first: what is open, or one state, or everything."""
    scope = scope_of(request)
    wanted = request.GET.get("state", "")
    state = OutState(wanted) if wanted in OutState.values else None
    page = outbox_page(
        request.access,
        inbox_id=scope.inbox_id,
        state=state,
        everything=wanted == _EVERYTHING,
        after=request.GET.get("after", ""),
    )
    lines = [_line(mail) for mail in page.rows]
    around = paged(request, scope, page, state=wanted)
    return show(request, "outbox", {**around, "state": wanted, "states": _states(), "lines": lines})


@never_cache
@require_safe
def words(request: DeskRequest, outbound_id: UUID) -> HttpResponse:
    """Show what the server said about a mail; the opening is recorded."""
    said = show_words(outgoing_mail_for(request.access, outbound_id, to_act=False))
    template = "mail/_words.html" if wants_part(request) else "mail/words.html"
    return render(request, template, {"area": AREA, "said": said})


@require_POST
@once
def cancel(request: DeskRequest, outbound_id: UUID) -> HttpResponse:
    """Stop a mail that waits."""
    stop(outgoing_mail_for(request.access, outbound_id, to_act=True))
    messages.success(request, _("It was stopped: no try follows. Send it again if that was too hasty."))
    return _back(request)


@require_POST
@once
def resend(request: DeskRequest, outbound_id: UUID) -> HttpResponse:
    """Send a refused, uncertain or stopped mail again."""
    send_again(outgoing_mail_for(request.access, outbound_id, to_act=True))
    messages.success(request, _("It is sent again."))
    return _back(request)


def _states() -> Sequence[tuple[str, str | Promise]]:
    return [
        ("", gettext_lazy("waiting or failed")),
        *((state.value, state.label) for state in OutState),
        (_EVERYTHING, gettext_lazy("everything")),
    ]


def _line(mail: OutgoingMail) -> OutboxLine:
    return OutboxLine(mail, SENDING.get(mail.reason, worded(FAULTS, mail.reason)))


def _back(request: DeskRequest) -> HttpResponse:
    return back_to("outbox", inbox=request.POST.get("inbox", ""), state=request.POST.get("state", ""))
