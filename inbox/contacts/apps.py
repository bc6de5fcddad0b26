"""The app of `inbox.contacts`."""

from django.apps import AppConfig


class ContactsConfig(AppConfig):
    """People outside who write to us."""

    name = "inbox.contacts"
    label = "contacts"
    default_auto_field = "django.db.models.BigAutoField"
