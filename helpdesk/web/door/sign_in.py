"""Signing in: password, then a code or a recovery code, then the session; and signing out."""

from collections.abc import Callable

from allauth.account.stages import LoginStageController
from django import forms
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME, logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

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
    stage = _stage(request)
    if stage is None:
        return redirect("door:sign_in")
    user: User = stage.login.user
    form = CodeForm(request.POST or None, apps=factors.list_factors(user))
    chosen = factors.find_factor(user, form.cleaned_data["factor"] if form.is_bound and form.is_valid() else None)
    context = {"has_recovery": factors.codes_left(user) > 0}
    return _second_step(request, stage, form=form, factor=chosen, page=("door/code.html", context))


@_open_page
def recovery(request: HttpRequest) -> HttpResponse:
    """Ask for one of the person's recovery codes."""
    stage = _stage(request)
    if stage is None:
        return redirect("door:sign_in")
    chosen = factors.recovery_of(stage.login.user)
    form = RecoveryForm(request.POST or None)
    return _second_step(request, stage, form=form, factor=chosen, page=("door/recovery.html", {}))


def _stage(request: HttpRequest) -> OtpStage | None:
    """Return the half-done sign-in of this browser, None when there is none or its person was switched off."""
    if request.user.is_authenticated:
        return None
    stage = LoginStageController.enter(request, OtpStage.key)
    if not isinstance(stage, OtpStage) or stage.login.user is None or not stage.login.user.is_active:
        return None
    return stage


def _second_step(
    request: HttpRequest,
    stage: OtpStage,
    *,
    form: forms.Form,
    factor: Factor | None,
    page: tuple[str, dict[str, object]],
) -> HttpResponse:
    if request.method == "POST":
        count_try(request, "code")
        if form.is_valid() and factor is not None:
            good = factors.check_code(factor, form.cleaned_data["code"])
            if good is not None:
                return _finish(request, stage, good)
            factor.refresh_from_db()
        form.add_error("code", _("This code is not right, or was used before."))
    name, more = page
    context = {"form": form, "wait_s": factors.wait_s(factor) if factor else None, **more}
    return render(request, name, context, status=400 if form.errors else 200)


def _finish(request: HttpRequest, stage: OtpStage, factor: Factor) -> HttpResponse:
    """Make the session, with a new key. django-otp keeps the factor that the person carries."""
    user: User = stage.login.user
    user.otp_device = factor  # type: ignore[attr-defined] # django-otp's own place for it
    response: HttpResponse = stage.exit()
    request.session.set_expiry(0)
    remember_device(response, user)
    return response


@login_not_required
@never_cache
@require_POST
def sign_out(request: HttpRequest) -> HttpResponseRedirect:
    """End this session."""
    logout(request)
    return redirect("door:sign_in")
