"""The listener, for an inbox with an address."""

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from helpdesk.demo.dovecot import free_port
from inbox.inboxes.models import Inbox
from tests.make import make_inbox
from tests.servers.listener import ListenerHost


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.SMTPD, settings.SMTPD_PORT = "smtp", free_port()
    settings.MAIL_MAX_BYTES = 1024 * 1024


@pytest.fixture
def inbox() -> Inbox:
    """The inbox that mail is for."""
    return make_inbox()


@pytest.fixture
def listener(inbox: Inbox) -> Iterator[ListenerHost]:
    """The listener, speaking SMTP."""
    with ListenerHost() as host:
        yield host
