"""`fetch_mail [--mailbox ID]`: one poll to the end, read, in the foreground."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line
from helpdesk.management.progress import Progress
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, RawMail
from inbox.mail.receive.poll import poll
from inbox.mail.receive.process import process_raw
from inbox.mail.states import RawState


class Command(BaseCommand):
    """Fetch mail now."""

    help = "Fetch every active mailbox, or one, to its end and read what came."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the mailbox."""
        parser.add_argument("--mailbox", type=UUID, help="the mailbox's id (see `mailbox list`); all of them otherwise")

    def handle(self, *args: Any, **options: Any) -> None:
        """Fetch, then read. One mailbox's fault stops no other; the exit code tells that there was one."""
        mailboxes = Mailbox.objects.filter(active=True).exclude(imap_host="")
        if options["mailbox"]:
            mailboxes = mailboxes.filter(pk=options["mailbox"])
        if not mailboxes:
            raise CommandError("there is no such active mailbox")
        with at_the_command_line():
            faults = [self._fetch(mailbox) for mailbox in mailboxes]
            self._read()
        if any(faults):
            raise CommandError("not every mailbox could be fetched")

    def _fetch(self, mailbox: Mailbox) -> bool:
        progress = Progress(self.stderr, what=f"fetching {mailbox}")
        try:
            fetched = poll(mailbox.pk, on_progress=lambda so_far: progress.show(so_far.done, total=so_far.total))
        except DomainError as error:
            words = f"{error.step}: {error.words}" if isinstance(error, WireError) else str(error)
            self.stderr.write(f"{mailbox}: {words}")
            return True
        progress.end(fetched.done)
        return False

    def _read(self) -> None:
        waiting = list(RawMail.objects.filter(state=RawState.STORED).order_by("stored_at").values_list("pk", flat=True))
        progress = Progress(self.stderr, what="reading", total=len(waiting))
        for done, raw_id in enumerate(waiting, start=1):
            process_raw(raw_id)
            progress.show(done)
        progress.end(len(waiting))
