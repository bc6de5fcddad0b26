"""`auditlogflush`, refused: the log is insert-only."""

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    """Stands in front of django-auditlog's command, which would empty the log."""

    help = "Refused: the audit log is never emptied."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the original's flags, so that each call is refused in the same words."""
        parser.add_argument("-y", "--yes", action="store_true")
        parser.add_argument("-b", "--before-date")
        parser.add_argument("-t", "--truncate", action="store_true")

    def handle(self, *args: object, **options: object) -> None:
        """Refuse."""
        raise CommandError("the audit log is insert-only and is never emptied")
