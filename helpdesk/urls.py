"""Every address of the desk, area by area."""

from django.contrib import admin
from django.urls import include, path

handler400 = "helpdesk.web.base.errors.bad_request"
handler403 = "helpdesk.web.base.errors.forbidden"
handler404 = "helpdesk.web.base.errors.not_found"
handler500 = "helpdesk.web.base.errors.server_error"

urlpatterns = [
    path("", include("helpdesk.web.health.urls")),
    path("", include("helpdesk.web.door.urls")),
    path("", include("helpdesk.web.audit.urls")),
    path("", include("helpdesk.web.tickets.urls")),
    path("", include("helpdesk.web.mail.urls")),
    path("", include("helpdesk.web.live.urls")),
    path("admin/", admin.site.urls),
]
