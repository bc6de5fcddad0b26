"""`listen`: take mail over LMTP or SMTP, until a signal comes."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line
from inbox.mail.smtpd import pulse
from inbox.mail.smtpd.listener import listen


class Command(BaseCommand):
    """Listen."""

    help = "Take mail over LMTP or SMTP as POSTERN_SMTPD says, beside or instead of fetching it."

    def handle(self, *args: Any, **options: Any) -> None:
        """Return when a signal has ended it. Raises CommandError with what to set."""
        if not pulse.is_wanted():
            raise CommandError("POSTERN_SMTPD is off: set it to lmtp or smtp")
        where = f"{settings.SMTPD_BIND}:{settings.SMTPD_PORT}"
        try:
            with at_the_command_line():
                listen(ready=lambda: self._say(f"takes mail over {settings.SMTPD.upper()} at {where}"))
        except DomainError as error:
            raise CommandError(str(error)) from error
        except OSError as error:
            raise CommandError(f"cannot listen at {where}: {error.strerror}") from error

    def _say(self, line: str) -> None:
        # At once: whoever waits for this line reads it through a pipe.
        self.stdout.write(line)
        self.stdout.flush()
