"""Where machines ask how the desk is."""

from django.urls import path

from helpdesk.web.health import views

app_name = "health"
urlpatterns = [path("healthz", views.health, name="health")]
