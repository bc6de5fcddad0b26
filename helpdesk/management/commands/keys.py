"""`keys status` and `keys rotate`: what the keys are, and new ones for old."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from audit.actions import Action, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.crypto.checks import ensure_usable
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.rotate import key_status, rewrap_batch, rotate_data_key
from helpdesk.management.acting import at_the_command_line


class Command(BaseCommand):
    """Show the desk's keys, or make a new key that wraps all others while the desk goes on."""

    help = _("Show the keys of this desk, or make a new one and wrap every DataKey under it.")

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do."""
        parser.add_argument("act", choices=["status", "rotate"])

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it; the exit code is 1 when the root key does not open what is stored."""
        try:
            if options["act"] == "rotate":
                self._rotate()
            ensure_usable()
        except CryptoError as error:
            raise CommandError(str(error)) from error
        finally:
            self._show()

    def _rotate(self) -> None:
        with at_the_command_line(), transaction.atomic():
            number = rotate_data_key()
            record(Action.KEYS_ROTATED, on=Subject(SubjectKind.KEY), number=number)
        done = 0
        while batch := rewrap_batch():
            done += batch
        self.stdout.write(_("key %(number)d is active; %(done)d keys wrapped anew") % {"number": number, "done": done})

    def _show(self) -> None:
        line = "{:>6}  {:<10}  {:<12}  {:<10}  {:<10}  {:>9}  {:>9}"
        heads = [_("number"), _("purpose"), _("state"), _("root key"), _("made"), _("data keys"), _("destroyed")]
        self.stdout.write(line.format(*heads))
        for row in key_status():
            made = row.created_at.date().isoformat()
            self.stdout.write(
                line.format(row.number, row.purpose, row.state, row.root_key_id, made, row.data_keys, row.destroyed)
            )
