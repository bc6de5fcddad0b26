"""The pages: Django's WSGI handler, with the static files in front of it."""

import os
from wsgiref.headers import Headers

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from whitenoise import WhiteNoise

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings.desk")

_HASHED = r"\.[0-9a-f]{12}\.[^/]+$"
"""A name that changes with its content, so a browser may keep it for ever."""


def _add_headers(headers: Headers, _path: str, _url: str) -> None:
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers["Content-Security-Policy"] = "default-src 'none'; sandbox"


_django = get_wsgi_application()
application = WhiteNoise(
    _django,
    root=settings.STATIC_ROOT,
    prefix=settings.STATIC_URL,
    allow_all_origins=False,
    immutable_file_test=_HASHED,
    add_headers_function=_add_headers,
)
