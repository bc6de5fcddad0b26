"""The app of `inbox.inboxes`."""

from django.apps import AppConfig


class InboxesConfig(AppConfig):
    """Inboxes, roles and bindings."""

    name = "inbox.inboxes"
    label = "inboxes"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what auditlog records."""
        from inbox.inboxes import recorded

        recorded.register()
