"""The app of `audit`."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from helpdesk.core.grants import grant_app_role


class AuditConfig(AppConfig):
    """The log of every act."""

    name = "audit"
    label = "audit"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and let the owner give the app role its rights after each migration."""
        import audit.checks  # noqa: F401 - registers itself; models must be loaded first

        post_migrate.connect(_grant, sender=self, dispatch_uid="audit.grants")


def _grant(using: str, **_rest: object) -> None:
    grant_app_role(using, insert_only=["audit_entry"])
