"""Settings of mail that only work together."""

import pytest
from pytest_django import Settings

from inbox.mail.checks import check_mail


def faults() -> list[str | None]:
    """Return the ids of what the check finds."""
    return [found.id for found in check_mail(None)]


@pytest.mark.parametrize(
    ("bind", "certificate", "found"),
    [
        ("127.0.0.1", "", []),
        ("localhost", "", []),
        ("::1", "", []),
        ("0.0.0.0", "", ["mail.E001"]),  # noqa: S104 - what is checked
        ("mail.example.org", "", ["mail.E001"]),
        ("0.0.0.0", "/run/secrets/pem", []),  # noqa: S104 - as above
    ],
)
def test_an_open_listener_wants_a_certificate(
    settings: Settings, bind: str, certificate: str, found: list[str]
) -> None:
    settings.SMTPD_BIND, settings.SMTPD_CERT_FILE = bind, certificate
    assert faults() == []

    settings.SMTPD = "lmtp"
    assert faults() == found


def test_a_provider_is_named_whole_or_not_at_all(settings: Settings) -> None:
    settings.OAUTH_AUTHORIZE_URL = "https://login.example.org/authorize"
    assert faults() == ["mail.E002"]

    settings.OAUTH_TOKEN_URL, settings.OAUTH_SCOPE = "https://login.example.org/token", "mail"
    assert faults() == []
