"""`auditlogmigratejson`, refused: entries are never rewritten."""

from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    """Stands in front of django-auditlog's command, which would rewrite entries."""

    help = "Refused: entries of the audit log are never rewritten."

    def handle(self, *args: object, **options: object) -> None:
        """Refuse."""
        raise CommandError("entries of the audit log are never rewritten")
