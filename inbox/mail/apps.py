"""The app of `inbox.mail`."""

from django.apps import AppConfig


class MailConfig(AppConfig):
    """Everything that speaks IMAP, SMTP or MIME."""

    name = "inbox.mail"
    label = "mail"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and what auditlog records."""
        from inbox.mail import checks, recorded  # noqa: F401 - importing checks registers them

        recorded.register()
