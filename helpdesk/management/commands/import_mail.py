"""`import_mail PATH --inbox NAME`: mails from .eml files into tickets. Sends nothing."""

import collections
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line
from helpdesk.management.progress import Progress
from inbox.inboxes.models import Inbox
from inbox.mail.receive.importing import import_files, mails_at


class Command(BaseCommand):
    """Import mails."""

    help = "Import .eml files, or a folder of them, into an inbox. The same file twice adds nothing; nothing is sent."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the path and the inbox."""
        parser.add_argument("path", type=Path)
        parser.add_argument("--inbox", required=True, help="the inbox's name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and tell what became of the files."""
        inbox = Inbox.objects.filter(name=options["inbox"]).first()
        if inbox is None:
            raise CommandError(f"there is no inbox named {options['inbox']}")
        try:
            paths = mails_at(options["path"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        counts: collections.Counter[str] = collections.Counter()
        progress = Progress(self.stderr, what="mails", total=len(paths))
        try:
            with at_the_command_line():
                for done, imported in enumerate(import_files(paths, inbox), start=1):
                    counts[imported.state.value if imported.state else "known already"] += 1
                    progress.show(done)
        except (DomainError, OSError) as error:
            raise CommandError(
                f"{counts.total()} of {len(paths)} taken, then: {error}; run it again to go on"
            ) from error
        progress.end(len(paths))
        self.stdout.write(", ".join(f"{count} {state}" for state, count in sorted(counts.items())))
