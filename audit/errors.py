"""What can go wrong in the log."""

from helpdesk.core.errors import Conflict, Invalid, NotFound


class RecordingError(RuntimeError):
    """A row was about to be recorded in a way that would leak or lose something: a bug, never a user's fault."""


class LogNotFound(NotFound):
    """There is no log for somebody without the right to read it."""

    code = "audit_not_found"


class WrongFilter(Invalid):
    """The filter or the cursor cannot be read."""

    code = "audit_wrong_filter"


class ExportIncomplete(Conflict):
    """The rows written are not the rows that the manifest promised; the file must not be used."""

    code = "audit_export_incomplete"
