"""The one table "when this happens, that runs"."""

from helpdesk.core.events import subscribe

_TABLE: tuple[tuple[type[object], object], ...] = ()


def connect() -> None:
    """Connect the table. Called once, when Django is ready."""
    for event_type, handler in _TABLE:
        subscribe(event_type, handler)  # type: ignore[arg-type] # each row pairs a type with its own handler
