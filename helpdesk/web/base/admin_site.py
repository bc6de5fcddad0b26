"""The admin site: behind the one door, with the second factor, and never with a password form of its own."""

from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django_otp.admin import OTPAdminSite


class DeskAdminSite(OTPAdminSite):
    """Lets verified staff in; everybody else is sent to the door, or told that there is nothing here."""

    site_header = site_title = _("Postern administration")
    index_title = _("Administration")

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)  # type: ignore[no-untyped-call] # django-otp has no types

    @never_cache
    def login(self, request: HttpRequest, extra_context: object = None) -> HttpResponse:  # noqa: ARG002 - Django's signature
        """Send to the door, or home when the person is signed in and simply may not enter."""
        if request.user.is_authenticated:
            return HttpResponseRedirect(reverse("tickets:list"))
        target = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return HttpResponseRedirect(f"{reverse('door:sign_in')}?{urlencode({'next': target})}")
