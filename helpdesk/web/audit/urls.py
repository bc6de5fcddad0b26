"""The log's addresses."""

from django.urls import path

from helpdesk.web.audit import pages

app_name = "audit"
urlpatterns = [
    path("audit/", pages.log, name="log"),
    path("audit/ticket/<int:number>", pages.timeline, name="timeline"),
    path("audit/export", pages.export, name="export"),
]
