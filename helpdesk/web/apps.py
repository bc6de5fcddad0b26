"""The apps of the HTML surface: the pages, and Django's admin on our own site."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig


class WebConfig(AppConfig):
    """The pages."""

    name = "helpdesk.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"


class DeskAdminConfig(AdminConfig):
    """Django's admin, behind the same door as every page."""

    default_site = "helpdesk.web.base.admin_site.DeskAdminSite"
