"""One's own page: wishes, password, recovery codes and sessions."""

from collections.abc import Callable
from copy import copy
from typing import Final

from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.forms.models import model_to_dict
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.services import factors, people, sessions
from helpdesk.core.errors import Invalid
from helpdesk.web.base.once import once
from helpdesk.web.base.request import DeskRequest, wants_json
from helpdesk.web.door.enrol import fresh_proof, show_fresh_codes
from helpdesk.web.door.forms import OneCodeForm, PasswordForm, ProfileForm


class UnknownAct(Invalid):
    """The form names nothing that this page does."""

    code = "unknown_act"


class BadWish(Invalid):
    """A field of one's wishes holds something that is not offered."""

    code = "bad_wish"


class BadSession(Invalid):
    """The form names no session."""

    code = "bad_session"


@never_cache
@sensitive_post_parameters("old", "new", "again", "code")
@require_http_methods(["GET", "POST"])
@once
def me(request: DeskRequest) -> HttpResponse:
    """Show the page, or do the one thing that the form names."""
    if request.method == "GET":
        return _page(request)
    act = _ACTS.get(request.POST.get("act", "profile"))
    if act is None:
        raise UnknownAct("no such act")
    return act(request)


def _page(request: DeskRequest, **bound: forms.BaseForm) -> HttpResponse:
    """Return the page; `bound` are forms with errors that take the place of fresh ones."""
    user = request.user
    context: dict[str, object] = {
        "form": ProfileForm(instance=user),
        "password": PasswordForm(user=user, auto_id="password_%s"),
        "fresh": OneCodeForm(auto_id="fresh_%s"),
        "sessions": sessions.list_sessions(user, current_key=request.session.session_key),
        "factors": factors.list_factors(user),
        "codes_left": factors.codes_left(user),
        **bound,
    }
    return render(request, "door/me.html", context, status=400 if bound else 200)


def _saved(request: DeskRequest, text: str) -> HttpResponse:
    if wants_json(request):
        return JsonResponse({"said": ""})
    messages.success(request, text)
    return redirect("door:me")


def _profile(request: DeskRequest) -> HttpResponse:
    """Save the whole form; a script may send some of its fields and leaves the others as they are."""
    user = request.user
    kept = model_to_dict(user, fields=people.PREFERENCES) if wants_json(request) else {}
    form = ProfileForm({**kept, **request.POST.dict()}, instance=copy(user))
    if form.is_valid():
        people.save_preferences(user, **form.cleaned_data)
        return _saved(request, _("Saved."))
    if wants_json(request):
        raise BadWish("a field does not fit")
    return _page(request, form=form)


def _password(request: DeskRequest) -> HttpResponse:
    form = PasswordForm(request.POST, user=request.user, auto_id="password_%s")
    if form.is_valid() and not fresh_proof(request, form.cleaned_data["code"]):
        form.add_error("code", _("This code is not right, or was used before."))
    if form.errors:
        return _page(request, password=form)
    people.set_password(request.user, form.cleaned_data["new"], except_key=request.session.session_key)
    old_key = request.session.session_key
    update_session_auth_hash(request, request.user)
    sessions.move(old_key, request.session.session_key)
    return _saved(request, _("Your password is changed. You were signed out everywhere else."))


def _codes(request: DeskRequest) -> HttpResponse:
    form = OneCodeForm(request.POST, auto_id="fresh_%s")
    if form.is_valid() and not fresh_proof(request, form.cleaned_data["code"]):
        form.add_error("code", _("This code is not right, or was used before."))
    if form.errors:
        return _page(request, fresh=form)
    return show_fresh_codes(request)


def _end(request: DeskRequest) -> HttpResponse:
    try:
        row_id = int(request.POST.get("session", ""))
    except ValueError as error:
        raise BadSession("session must be a number") from error
    sessions.end_session(request.user, row_id)
    return _saved(request, _("That session has ended."))


def _end_others(request: DeskRequest) -> HttpResponse:
    sessions.end_sessions(request.user, except_key=request.session.session_key)
    return _saved(request, _("All other sessions have ended."))


_ACTS: Final[dict[str, Callable[[DeskRequest], HttpResponse]]] = {
    "profile": _profile,
    "password": _password,
    "codes": _codes,
    "end": _end,
    "end_others": _end_others,
}
