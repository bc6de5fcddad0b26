"""The headers that every answer carries, errors too: what a page may load, and who may look into it."""

from typing import Final

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest

_PAGE: Final = (
    "default-src 'none'; script-src {origin}/static/{more}; style-src {origin}/static/; "
    "img-src {origin}/static/ {origin}/m/ blob:; font-src {origin}/static/; connect-src 'self'; "
    "frame-src {origin}/m/; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; "
    "worker-src 'none'; manifest-src 'self'"
)
"""Scripts come from /static/ only, never from 'self': an attachment can never be a script."""

_ADMIN: Final = "/admin/"
_WORDS: Final = "/admin/jsi18n/"

_OFF: Final = (
    "accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "fullscreen", "geolocation",
    "gyroscope", "magnetometer", "microphone", "midi", "payment", "usb", "xr-spatial-tracking",
)  # fmt: skip
_PERMISSIONS: Final = ", ".join(
    [
        *(f"{feature}=()" for feature in _OFF),
        "publickey-credentials-get=(self)",
        "publickey-credentials-create=(self)",
    ]
)

FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": _PERMISSIONS,
}


def page_policy(request: HttpRequest) -> str:
    """Return the Content-Security-Policy of our own pages, for the host under which they were asked for."""
    try:
        origin = f"{request.scheme}://{request.get_host()}"
    except DisallowedHost:
        origin = settings.POSTERN_URL
    # Django's admin brings its catalogue of words as a script of its own.
    more = f" {origin}{_WORDS}" if request.path.startswith(_ADMIN) else ""
    return _PAGE.format(origin=origin, more=more)
