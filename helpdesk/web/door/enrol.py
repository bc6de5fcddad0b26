"""The first second factor: an authenticator app, confirmed by a code, then the recovery codes, shown once."""

import django_otp
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts.door import remember_device
from accounts.models import TotpDevice
from accounts.services import factors, sessions
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.door.forms import OneCodeForm
from helpdesk.web.door.limits import count_try


@never_cache
@sensitive_post_parameters("code")
@sensitive_variables("enrolment", "codes")
@require_http_methods(["GET", "POST"])
def enrol(request: DeskRequest) -> HttpResponse:
    """Show the QR code; a right code makes the session a verified one and shows the recovery codes."""
    if factors.has_factor(request.user):
        return redirect(settings.LOGIN_REDIRECT_URL)
    enrolment = factors.start_totp(request.user)
    form = OneCodeForm(request.POST or None)
    if request.method == "POST":
        count_try(request, "code")
        device = factors.confirm_totp(request.user, form.cleaned_data["code"]) if form.is_valid() else None
        if device is not None:
            return _enrolled(request, device)
        form.add_error("code", _("This code is not right. Does the clock of your phone fit?"))
    context = {"form": form, "otpauth_uri": enrolment.uri, "secret_groups": enrolment.secret}
    return render(request, "door/enrol.html", context, status=400 if form.errors else 200)


def _enrolled(request: DeskRequest, device: TotpDevice) -> HttpResponse:
    sessions.renew_key(request.session)
    django_otp.login(request, device)
    response = show_fresh_codes(request)
    remember_device(response, request.user)
    return response


@sensitive_variables("codes")
def show_fresh_codes(request: DeskRequest) -> HttpResponse:
    """Issue recovery codes and show them: once, in the answer to this very form."""
    codes = factors.issue_recovery_codes(request.user)
    return render(request, "door/codes.html", {"codes": codes})


@never_cache
@sensitive_post_parameters("code")
@require_http_methods(["GET", "POST"])
def codes(request: DeskRequest) -> HttpResponse:
    """Issue new recovery codes to somebody who proves the second factor anew: old ones cannot be shown again."""
    if request.method == "GET" or not fresh_proof(request, request.POST.get("code", "")):
        return redirect("door:me")
    return show_fresh_codes(request)


def fresh_proof(request: DeskRequest, code: str) -> bool:
    """Return whether `code` is good now for the app that signed in this session, or the one used last."""
    count_try(request, "code")
    held = request.user.otp_device
    app = held if isinstance(held, TotpDevice) else factors.find_factor(request.user, None)
    return app is not None and factors.check_code(app, code.replace(" ", "")) is not None


def is_enrolment(request: HttpRequest) -> bool:
    """Return whether the request is for one of the pages that an unverified person may see."""
    match = request.resolver_match
    return match is not None and match.view_name in {"door:enrol", "door:sign_out"}
