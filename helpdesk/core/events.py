"""Events: a frozen fact, told after commit to the handlers that `helpdesk/wiring.py` lists."""

import logging
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from django.db import transaction

logger = logging.getLogger(__name__)

E = TypeVar("E")

_handlers: dict[type[object], list[Callable[[object], None]]] = defaultdict(list)


def subscribe(event_type: type[E], handler: Callable[[E], None]) -> None:
    """Let `handler` hear every `event_type`. Called by the wiring alone; the same handler is taken once."""
    known = _handlers[event_type]
    if handler not in known:
        known.append(handler)  # type: ignore[arg-type] # the dict is keyed by the type that the handler takes


def emit(event: object) -> None:
    """Tell `event` to its handlers once the current transaction is committed, at once outside of one.

    A handler that fails is logged and stops nobody: its sweep finds the work. What must be true in the same
    transaction is a call, never an event.
    """
    for handler in _handlers[type(event)]:
        transaction.on_commit(_bound(handler, event), robust=True)


def _bound(handler: Callable[[object], None], event: object) -> Callable[[], None]:
    def run() -> None:
        handler(event)

    return run
