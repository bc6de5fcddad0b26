"""What auditlog's registry records of inboxes: an allow-list of columns. Bindings are recorded by their service."""

from auditlog.registry import auditlog

from inbox.inboxes.models import Holiday, Inbox, InboxAddress, OpeningHours, Role


def register() -> None:
    """Let auditlog record these rows."""
    auditlog.register(Inbox, include_fields=["name", "signature", "language", "team", "time_zone", "acknowledges"])
    auditlog.register(InboxAddress, include_fields=["inbox", "address", "sends", "takes_plus"])
    auditlog.register(OpeningHours, include_fields=["inbox", "weekday", "opens", "closes"])
    auditlog.register(Holiday, include_fields=["inbox", "day", "every_year", "name"])
    auditlog.register(Role, include_fields=["name", "rights", "desk_rights", "assign_to_self"])
