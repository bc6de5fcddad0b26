"""Signing in: password, then a code or a recovery code, then the session; and signing out."""

from collections.abc import Callable
from dataclasses import dataclass

from allauth.account.stages import LoginStageController
from django import forms
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.door import OtpStage, remember_device
from accounts.models import Factor, User
from accounts.services import factors
from helpdesk.web.door.forms import CodeForm, RecoveryForm, SignInForm
from helpdesk.web.door.limits import count_try

Page = Callable[[HttpRequest], HttpResponse]


def _open_page(view: Page) -> Page:
    """Let `view` be asked for by anybody, never kept by a browser, its secrets never shown in a report."""
    hidden = sensitive_post_parameters("password", "code", "old", "new", "again")(view)
    return login_not_required(never_cache(require_http_methods(["GET", "POST"])(hidden)))


def _target(request: HttpRequest) -> str:
    """Return where to go after signing in, "" unless it is an address of this desk."""
    wanted = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME) or ""
    return wanted if url_has_allowed_host_and_scheme(wanted, allowed_hosts=None) else ""


@_open_page
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for address and password; a right pair leads on to the second factor."""
    if request.user.is_authenticated:
        return redirect(settings.LOGIN_REDIRECT_URL)
    target = _target(request)
    form = SignInForm(request.POST or None, request=request)
    if request.method == "POST":
        count_try(request, "login")
        if form.is_valid():
            return _after_password(request, form.login(request, redirect_url=target or None))
    context = {"form": form, "next": target, "ended": "ended" in request.GET}
    return render(request, "door/sign_in.html", context, status=400 if form.errors else 200)


def _after_password(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    # Half a sign-in is stored no longer than it may be finished.
    if not request.user.is_authenticated:
        request.session.set_expiry(settings.ACCOUNT_LOGIN_TIMEOUT)
    return response


@_open_page
def code(request: HttpRequest) -> HttpResponse:
    """Ask for a code of one of the person's authenticator apps."""
    half = _half(request)
    if half is None:
        return redirect("door:sign_in")
    form = CodeForm(request.POST or None, apps=factors.list_factors(half.user))
    chosen = factors.find_factor(half.user, form.cleaned_data["factor"] if form.is_valid() else None)
    return _second_step(request, half, form=form, factor=chosen, template="door/code.html")


@_open_page
def recovery(request: HttpRequest) -> HttpResponse:
    """Ask for one of the person's recovery codes."""
    half = _half(request)
    if half is None:
        return redirect("door:sign_in")
    form = RecoveryForm(request.POST or None)
    chosen = factors.recovery_of(half.user)
    return _second_step(request, half, form=form, factor=chosen, template="door/recovery.html")


@dataclass(frozen=True, slots=True)
class _Half:
    """A sign-in that lacks its second factor: who it would be, and allauth's stage that goes on with it."""

    user: User
    stage: OtpStage


def _half(request: HttpRequest) -> _Half | None:
    """Return the half-done sign-in of this browser, None when there is none or its person was switched off."""
    if request.user.is_authenticated:
        return None
    stage = LoginStageController.enter(request, OtpStage.key)
    user = stage.login.user if isinstance(stage, OtpStage) else None
    return _Half(user, stage) if isinstance(user, User) and user.is_active else None


def _second_step(
    request: HttpRequest, half: _Half, *, form: forms.Form, factor: Factor | None, template: str
) -> HttpResponse:
    if request.method == "POST":
        count_try(request, "code")
        if form.is_valid() and factor is not None:
            good = factors.check_code(factor, form.cleaned_data["code"])
            if good is not None:
                return _finish(request, half, good)
            factor.refresh_from_db()
        form.add_error("code", _("This code is not right, or was used before."))
    wait_s = factors.wait_s(factor) if factor else None
    return render(request, template, {"form": form, "wait_s": wait_s}, status=400 if form.errors else 200)


def _finish(request: HttpRequest, half: _Half, factor: Factor) -> HttpResponse:
    """Make the session, with a new key. django-otp keeps the factor that the person carries."""
    half.user.otp_device = factor
    response: HttpResponse = half.stage.exit()  # type: ignore[no-untyped-call] # allauth has no types
    request.session.set_expiry(0)
    remember_device(response, half.user)
    return response


@_open_page
def sign_out(request: HttpRequest) -> HttpResponse:
    """End this session; asked for by a link, say what that means first."""
    if request.method == "POST":
        logout(request)
        return redirect("door:sign_out")
    name = "door/sign_out.html" if request.user.is_authenticated else "door/signed_out.html"
    return render(request, name)
