"""The app of `audit`."""

from django.apps import AppConfig


class AuditConfig(AppConfig):
    """The log of every act."""

    name = "audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"
