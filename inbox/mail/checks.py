"""System checks of mail: settings that only work together must stop the start when one of them is missing."""

from collections.abc import Sequence

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register

from inbox.mail.smtpd.pulse import is_local, is_wanted


@register(Tags.security)
def check_mail(app_configs: Sequence[AppConfig] | None, **_more: object) -> list[CheckMessage]:  # noqa: ARG001 - Django's signature
    """Return what does not go together in the settings of the listener and of a provider of tokens."""
    found: list[CheckMessage] = []
    if is_wanted() and not settings.SMTPD_CERT_FILE and not is_local(settings.SMTPD_BIND):
        words = "POSTERN_SMTPD_CERT_FILE is needed where others than this machine can connect."
        found.append(Error(words, hint="name a certificate, or set POSTERN_SMTPD_BIND to 127.0.0.1", id="mail.E001"))
    provider = (settings.OAUTH_AUTHORIZE_URL, settings.OAUTH_TOKEN_URL, settings.OAUTH_SCOPE)
    if any(provider) and not all(provider):
        words = "POSTERN_OAUTH_AUTHORIZE_URL, POSTERN_OAUTH_TOKEN_URL and POSTERN_OAUTH_SCOPE go together."
        found.append(Error(words, hint="set all three, or none", id="mail.E002"))
    return found
