"""`fill --tickets N`: many believable tickets for benchmarks; refuses on a desk that is not a demo or bench one."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.demo.filling import fill_tickets
from helpdesk.management.acting import at_the_command_line
from helpdesk.management.progress import Progress
from inbox.inboxes.models import Inbox


class Command(BaseCommand):
    """Fill the desk."""

    help = "Write believable tickets in bulk, sealed and indexed, for benchmarks."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take how many."""
        parser.add_argument("--tickets", type=int, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them, unless somebody works here."""
        is_demo = (Path(settings.POSTERN_HOME) / "demo.json").is_file()
        if not is_demo and settings.POSTERN_KIND not in {"demo", "bench"}:
            raise CommandError("this is a desk that people work at: fill runs on a demo or bench one (POSTERN_KIND)")
        if not Inbox.objects.exists():
            raise CommandError("make an inbox first")
        progress = Progress(self.stderr, what="tickets", total=options["tickets"])
        with at_the_command_line():
            for done in fill_tickets(options["tickets"]):
                progress.show(done)
        progress.end(options["tickets"])
