"""The app of `inbox.mail`."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Everything that speaks IMAP, SMTP or MIME."""

    name = "inbox.mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register what auditlog records."""
        from inbox.mail import recorded

        recorded.register()
