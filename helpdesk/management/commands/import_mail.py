"""`import_mail PATH --inbox NAME`: mails from .eml files, mbox files and maildirs into tickets. Sends nothing."""

import collections
import os
from pathlib import Path
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line
from helpdesk.management.progress import Progress
from inbox.inboxes.models import Inbox
from inbox.mail.receive.importing import Import, Imported, import_mails, mails_at
from inbox.mail.states import RawState

_KIB: Final = 1024


class Command(BaseCommand):
    """Import mails."""

    help = (
        "Import .eml files, mbox files, a maildir, or a folder of these into an inbox. The same mail twice adds "
        "nothing; nothing is sent; after a break the same command goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the path and the inbox."""
        parser.add_argument("path", type=Path)
        parser.add_argument("--inbox", required=True, help="the inbox's name")

    def handle(self, *args: Any, **options: Any) -> None:
        """Import and tell what became of the mails."""
        inbox = Inbox.objects.filter(name=options["inbox"]).first()
        if inbox is None:
            raise CommandError(f"there is no inbox named {options['inbox']}")
        try:
            what = mails_at(options["path"])
        except (DomainError, OSError) as error:
            raise CommandError(_printable(error)) from error
        counts = self._import(what, inbox)
        self.stdout.write(", ".join(f"{count} {word}" for word, count in sorted(counts.items())))
        if what.left_out:
            names = ", ".join(map(_printable, what.left_out))
            self.stdout.write(f"left out, each can be imported by its own path: {names}")

    def _import(self, what: Import, inbox: Inbox) -> "collections.Counter[str]":
        counts: collections.Counter[str] = collections.Counter()
        progress, done = Progress(self.stderr, what="KiB", total=-(-what.size_bytes // _KIB)), 0
        try:
            with at_the_command_line():
                for imported in import_mails(what, inbox):
                    counts[_word(imported)] += 1
                    done += imported.size_bytes
                    progress.show(done // _KIB)
        except (DomainError, OSError) as error:
            taken = f"{counts.total()} mails taken"
            raise CommandError(f"{taken}, then: {_printable(error)}; run it again to go on") from error
        progress.end(-(-what.size_bytes // _KIB))
        return counts


def _word(imported: Imported) -> str:
    if imported.state is None:
        return "known already"
    return "marked as deleted" if imported.state == RawState.SKIPPED else imported.state.value


def _printable(what: object) -> str:
    """Return a text that any terminal takes: the name of a file may be in no charset at all."""
    return os.fsencode(str(what)).decode("utf-8", "replace")
