"""The app of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, their factors and teams."""

    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the checks, and what auditlog records."""
        from accounts import checks, recorded  # noqa: F401 - importing checks registers them

        recorded.register()
