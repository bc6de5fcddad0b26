"""The app of `accounts`."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """People, their factors and teams."""

    name = "accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"
