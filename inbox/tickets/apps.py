"""The app of `inbox.tickets`."""

from django.apps import AppConfig


class TicketsConfig(AppConfig):
    """Tickets and their messages."""

    name = "inbox.tickets"
    label = "tickets"
    default_auto_field = "django.db.models.BigAutoField"
