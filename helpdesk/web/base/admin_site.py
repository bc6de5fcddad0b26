"""The admin site: behind the one door, with the second factor, and never with a password form of its own."""

from typing import Final

from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, URLResolver, reverse
from django.utils.translation import gettext_lazy as _
from django_otp.admin import OTPAdminSite

_NOT_OFFERED: Final = {"password_change_done", "autocomplete", "view_on_site"}
"""Django's own pages that nothing here leads to, or that ask nobody's rights."""


class DeskAdminSite(OTPAdminSite):
    """Lets verified staff in. Signing in, signing out and one's own password are the door's alone."""

    site_header = site_title = _("Postern administration")
    index_title = _("Administration")
    final_catch_all_view = False

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)  # type: ignore[no-untyped-call] # django-otp has no types

    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Send home: who comes here is signed in and may not enter; the door keeps everybody else away."""
        return HttpResponseRedirect(reverse("tickets:list"))

    def logout(self, request: HttpRequest, *_more: object) -> HttpResponse:  # type: ignore[override] # Django redirects too
        """End the session when a form asks for it, and go where signing out leads."""
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(reverse("door:sign_out"))

    def password_change(self, *_given: object, **_more: object) -> HttpResponse:  # type: ignore[override] # as above
        """Send to one's own page, where a new password needs the old one and a code."""
        return HttpResponseRedirect(reverse("door:me"))

    def get_urls(self) -> list[URLPattern | URLResolver]:
        """Return the site's addresses without those that this desk does not offer."""
        return [url for url in super().get_urls() if getattr(url, "name", "") not in _NOT_OFFERED]
