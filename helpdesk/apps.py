"""The app of the desk as a whole: its commands, and the wiring of what happens when."""

from django.apps import AppConfig


class HelpdeskConfig(AppConfig):
    """Holds the commands; connects the wiring once every app is loaded."""

    name = "helpdesk"
    label = "helpdesk"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Connect the table "when this happens, that runs"."""
        from helpdesk import wiring

        wiring.connect()
