"""`doctor`: is this installation well? One line for each thing, and what to do about each fault."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from helpdesk.management.examination import examine


class Command(BaseCommand):
    """Look at a running desk from its settings to its last mail."""

    help = "Check a running installation; the exit code is 1 when something is at fault."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for each finding. Raises CommandError when there was a fault."""
        faults = 0
        for finding in examine():
            faults += bool(finding.remedy)
            mark = "FAULT" if finding.remedy else "ok   "
            self.stdout.write(f"{mark}  {finding.subject}: {finding.words}")
            if finding.remedy:
                self.stdout.write(f"       -> {finding.remedy}")
        if faults:
            raise CommandError(f"{faults} at fault")
