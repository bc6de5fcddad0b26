"""What the web server runs: `/live` to the asynchronous side, everything else to the pages' threads."""

import os

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.urls import get_resolver

from helpdesk.core.gate import Gate, Limits, Rooms, in_threads
from helpdesk.wsgi import application as pages

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "helpdesk.settings.desk")

application = Gate(
    Rooms(
        pages=in_threads(pages, workers=8, parts=64),
        downloads=in_threads(pages, workers=4, parts=8),
        live=get_asgi_application(),
        live_path="/live",
        download_paths=("/files/", "/m/", "/audit/export"),
    ),
    Limits(
        body_s=settings.POSTERN_BODY_S,
        send_s=settings.POSTERN_SEND_S,
        body_bytes=settings.POSTERN_UPLOAD_BYTES + settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
    ),
)

# Every address and the pages behind it are read now, not while the first person waits.
get_resolver().reverse_dict  # noqa: B018 - reading it fills it
