"""Work of accounts in the background."""

import logging

from celery import shared_task

from accounts.services import sessions

logger = logging.getLogger(__name__)


@shared_task(name="accounts.clear_sessions")
def clear_sessions() -> None:
    """Delete the rows of sessions that have run out; may run twice."""
    logger.info("sessions cleared", extra={"count": sessions.clear_ended()})
