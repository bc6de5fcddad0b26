"""Work of crypto in the background."""

import logging

from celery import shared_task

from helpdesk.crypto.rotate import rewrap_left

logger = logging.getLogger(__name__)


@shared_task(name="crypto.rewrap")
def rewrap() -> None:
    """Wrap anew what other processes still wrapped under an older key after a rotation; may run twice."""
    done = rewrap_left()
    if done:
        logger.info("keys wrapped anew", extra={"count": done})
