"""The address of the live stream."""

from django.urls import path

from helpdesk.web.live import views

app_name = "live"

urlpatterns = [path("live", views.stream, name="stream")]
