"""The app of `helpdesk.crypto`."""

from django.apps import AppConfig


class CryptoConfig(AppConfig):
    """Keys and sealing."""

    name = "helpdesk.crypto"
    label = "crypto"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the system checks."""
        from helpdesk.crypto import checks  # noqa: F401 - checks register themselves when they are imported
