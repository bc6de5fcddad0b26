"""A pytest plugin: the mail servers that tests talk to. Each is real, on loopback, and gone afterwards."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from tests.servers.bare_imap import BareImap
from tests.servers.certs import Certs, make_certs
from tests.servers.dovecot import MailHost
from tests.servers.oauth import OAuthHost
from tests.servers.smtp import SmtpHost


@pytest.fixture(scope="session")
def certs(tmp_path_factory: pytest.TempPathFactory) -> Certs:
    """Certificates of an authority of our own."""
    folder: Path = tmp_path_factory.mktemp("certs")
    return make_certs(folder)


@pytest.fixture
def mail_host() -> Iterator[MailHost]:
    """A Dovecot with one account and an empty INBOX."""
    host = MailHost()
    try:
        host.start()
        yield host
    finally:
        host.remove()


@pytest.fixture
def bare_mail_host() -> Iterator[MailHost]:
    """A Dovecot that offers no extension."""
    host = MailHost(extra=MailHost.BARE)
    try:
        host.start()
        yield host
    finally:
        host.remove()


@pytest.fixture
def bare_imap() -> Iterator[BareImap]:
    """A scripted IMAP4rev1 server that answers BAD to every extension."""
    with BareImap() as server:
        yield server


@pytest.fixture
def smtp_host() -> Iterator[SmtpHost]:
    """An SMTP server without TLS or account that keeps what it gets."""
    with SmtpHost() as host:
        yield host


@pytest.fixture
def oauth_host(settings: Settings) -> Iterator[OAuthHost]:
    """An authorization server that the settings name as the desk's own provider."""
    with OAuthHost() as host:
        settings.OAUTH_AUTHORIZE_URL, settings.OAUTH_TOKEN_URL = host.url("/authorize"), host.url("/token")
        settings.OAUTH_SCOPE = "mail"
        yield host
