"""`audit_export`: the log of a range as a file of CSV or JSON Lines, with its manifest beside it; itself recorded."""

import hashlib
import json
import os
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import User
from audit.export import Export, Form, begin_export, stream
from audit.querysets import EntryFilter
from helpdesk.core.errors import DomainError
from helpdesk.management.acting import at_the_command_line, on_rights_of
from helpdesk.management.progress import Progress
from helpdesk.web.audit.names import names_of
from inbox.inboxes.permissions import Access, DeskRight


class Command(BaseCommand):
    """Export the log."""

    help = "Write the audit log of a range into a file, and FILE.manifest.json beside it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the range, the form and the place of the file."""
        parser.add_argument("--format", choices=[form.value for form in Form], default=Form.CSV.value)
        parser.add_argument("--from", dest="since", help="first day, or a moment with its offset (included)")
        parser.add_argument("--to", dest="until", help="last day (included), or a moment with its offset (left out)")
        parser.add_argument("--output", type=Path, help="the file; an existing one is replaced when the new is whole")
        parser.add_argument("--bom", action="store_true", help="begin CSV with a byte order mark")
        parser.add_argument("--as", dest="email", help="export what this person may, by the days of their time zone")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write both files. Nothing is left under the file's name when the export fails."""
        form = Form(options["format"])
        path = options["output"] or Path(f"postern-log-{timezone.now():%Y-%m-%d}.{form}")
        with _rights(options["email"]) as access:
            wanted = _filter(options, access)
            try:
                export = begin_export(wanted, form=form, byte_order_mark=options["bom"])
                self._write(export, path)
            except DomainError as error:
                raise CommandError(str(error)) from error
        self.stdout.write(f"{export.manifest.count} entries in {path}, its manifest in {_beside(path)}")

    def _write(self, export: Export, path: Path) -> None:
        partial = path.with_name(f"{path.name}.part")
        manifest = json.loads(export.manifest.as_json()) | {"file": path.name, **self._copy(export, partial)}
        with _created(_beside(path)) as file:
            file.write(f"{json.dumps(manifest, indent=2)}\n".encode())
        partial.replace(path)

    def _copy(self, export: Export, partial: Path) -> dict[str, int | str]:
        count = export.manifest.count
        progress = Progress(self.stderr, what="export", total=count)
        digest, size_bytes, lines = hashlib.sha256(), 0, 0
        with _created(partial) as file:
            for piece in stream(export, names=names_of):
                digest.update(piece)
                size_bytes += file.write(piece)
                lines += piece.count(b"\n")
                progress.show(min(lines, count))
            file.flush()
            os.fsync(file.fileno())
        progress.end(count)
        return {"size_bytes": size_bytes, "sha256": digest.hexdigest()}


def _rights(email: str | None) -> AbstractContextManager[Access | None]:
    return on_rights_of(email) if email else at_the_command_line()


def _filter(options: dict[str, Any], access: Access | None) -> EntryFilter:  # Django's parsed options
    if access is not None and not access.may(DeskRight.EXPORT_AUDIT):
        raise CommandError("this person may not export the log")
    zone: tzinfo = UTC
    if access is not None:
        zone = ZoneInfo(User.objects.values_list("timezone", flat=True).get(pk=access.user_id))
    return EntryFilter(
        since=_moment(options["since"], zone, days=0),
        until=_moment(options["until"], zone, days=1),
        inbox_ids=access.audit_inboxes if access is not None else None,
    )


def _moment(text: str | None, zone: tzinfo, *, days: int) -> datetime | None:
    """Return the begin of a day, `days` later, or the moment itself; without an offset it is one of `zone`."""
    if not text:
        return None
    try:
        if len(text) == len("2026-10-25"):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=days), time.min, zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text} is neither a day (2026-10-25) nor a moment (2026-10-25T02:30:00Z)") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.manifest.json")


def _created(path: Path) -> BinaryIO:
    """Return a new file that its owner alone may read."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
