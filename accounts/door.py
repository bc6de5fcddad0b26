"""The one door: allauth's adapter with our rules, and the stage that asks for the second factor before sign-in."""

from typing import Final

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal import flows  # noqa: F401 - loaded first: the stages import it in a circle
from allauth.account.stages import LoginStage
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.crypto import get_random_string, salted_hmac
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import User
from accounts.services.factors import has_factor
from accounts.services.sessions import record_failure
from helpdesk.core.context import current_request

COOKIE: Final = "__Host-known" if settings.SESSION_COOKIE_SECURE else "postern_known"
COOKIE_AGE_S: Final = 90 * 86_400
_SALT: Final = "accounts.known_device"
_NOWHERE: Final = "0.0.0.0"  # noqa: S104 - no address is bound: what limits count for a Unix socket


class OtpStage(LoginStage):
    """Asks for the second factor while the session is still anonymous."""

    key = "second_factor"
    urlname = "door:code"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Send to the code page; somebody without a factor goes on, and may then do nothing but enrol."""
        if isinstance(self.login.user, User) and has_factor(self.login.user):
            return HttpResponseRedirect(reverse(self.urlname)), True
        return None, True


class Door(DefaultAccountAdapter):
    """allauth with our rules: nobody signs up, one stage, limits by known device, no address of another host."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002 - allauth's signature
        """Return False: people are made by people."""
        return False

    def get_login_stages(self) -> list[str]:
        """Return the one stage of ours; none of allauth's is offered."""
        return ["accounts.door.OtpStage"]

    def get_client_ip(self, request: HttpRequest) -> str:  # noqa: ARG002 - allauth's signature
        """Return the address that the request's context says, so that limits and the log agree."""
        here = current_request()
        return (here.network if here else "") or _NOWHERE

    def is_safe_url(self, url: str) -> bool:
        """Return whether `url` stays on this desk, wherever it is reached."""
        return url_has_allowed_host_and_scheme(url, allowed_hosts=None)

    def add_message(self, *_what: object, **_more: object) -> None:
        """Say nothing: signing in and out speaks for itself."""

    def pre_authenticate(self, request: HttpRequest, **credentials: str) -> None:
        """Count a try. Raises ValidationError, and records it, when there were too many."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            record_failure(credentials.get("email", ""), reason="limit")
            raise

    def authenticate(self, request: HttpRequest, **credentials: str) -> User | None:
        """Return who it is; somebody switched off looks like a wrong password."""
        user = super().authenticate(request, **credentials)
        return user if isinstance(user, User) and user.is_active else None

    def post_login(
        self, request: HttpRequest, *_who: AbstractBaseUser, redirect_url: str | None, **_more: object
    ) -> HttpResponse:
        """Enter the session into the person's list, and lead on.

        allauth's own hearer would open each earlier session of the person first, which grows with their number.
        """
        UserSession.objects.create_from_request(request)
        return HttpResponseRedirect(redirect_url or self.get_login_redirect_url(request))

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: str) -> str:
        """Count tries from a known device apart: a stranger locks an address for strangers alone (OWASP)."""
        base = super()._get_login_attempts_cache_key(request, **credentials)
        device = known_device(request, credentials.get("email", ""))
        return f"{base}|{device or 'stranger'}"


def known_device(request: HttpRequest, email: str) -> str:
    """Return the name of the device that signed in as `email` before, "" for a stranger's."""
    try:
        name, _, whose = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_SALT, max_age=COOKIE_AGE_S).partition("|")
    except signing.BadSignature:
        return ""
    return name if whose == _whose(email) else ""


def remember_device(response: HttpResponse, user: User) -> None:
    """Let the browser be known as one that has signed in as `user`. It opens nothing: limits are counted apart."""
    value = signing.dumps(f"{get_random_string(22)}|{_whose(user.email)}", salt=_SALT)
    response.set_cookie(
        COOKIE, value, max_age=COOKIE_AGE_S, secure=settings.SESSION_COOKIE_SECURE, httponly=True, samesite="Strict"
    )


def _whose(email: str) -> str:
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()[:32]
