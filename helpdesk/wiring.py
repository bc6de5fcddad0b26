"""The one table "when this happens, that runs"."""

from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import Signal

from accounts.services import sessions
from helpdesk.core.events import subscribe

_TABLE: tuple[tuple[type[object], object], ...] = ()


_SIGNALS: tuple[tuple[Signal, object], ...] = (
    (user_logged_in, sessions.on_signed_in),
    (user_logged_out, sessions.on_signed_out),
    (user_login_failed, sessions.on_sign_in_failed),
)
"""Signals of others; none of ours exists."""


def connect() -> None:
    """Connect the tables. Called once, when Django is ready."""
    for signal, hearer in _SIGNALS:
        signal.connect(hearer)  # type: ignore[arg-type] # each row pairs a signal with its own hearer
    for event_type, handler in _TABLE:
        subscribe(event_type, handler)  # type: ignore[arg-type] # each row pairs a type with its own handler
