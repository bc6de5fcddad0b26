"""Who gives out tokens: the fixed addresses of Google and Microsoft 365, and the one that this desk's settings name."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from django.conf import settings

from inbox.mail.errors import WrongProvider
from inbox.mail.imap.wire import Security, Server
from inbox.mail.states import OAuthFlow, OAuthProvider

_TENANT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{0,98}")
_MANY_TENANTS: Final = {"common", "organizations", "consumers"}
_MICROSOFT: Final = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True)
class Provider:
    """Where consent and tokens come from, and the mail servers that take them (None: whichever the mailbox names).

    `app_scope` is what an application asks for itself, "" where the provider has no such way. `asks` goes along when a
    person is asked.
    """

    authorize_url: str
    token_url: str
    scope: str
    app_scope: str = ""
    asks: Mapping[str, str] = field(default_factory=dict)
    imap: Server | None = None
    smtp: Server | None = None
    ca_file: str | None = None


def provider_of(kind: str, tenant: str = "") -> Provider:
    """Return the provider of that kind (a value of OAuthProvider). Raises WrongProvider."""
    if kind == OAuthProvider.GOOGLE:
        return _GOOGLE
    if kind == OAuthProvider.MICROSOFT:
        return _microsoft(tenant or "organizations")
    if kind == OAuthProvider.OTHER and is_other_set_up():
        return _other()
    raise WrongProvider("this desk knows no such provider of tokens")


def is_other_set_up() -> bool:
    """Return whether the settings name a provider of their own."""
    return bool(settings.OAUTH_AUTHORIZE_URL and settings.OAUTH_TOKEN_URL)


def require_flow(kind: str, flow: str, *, tenant: str) -> None:
    """Raise WrongProvider when this provider cannot let a desk in that way."""
    provider = provider_of(kind, tenant)
    if flow != OAuthFlow.APP:
        return
    if not provider.app_scope:
        raise WrongProvider("this provider lets no application in by itself")
    if kind == OAuthProvider.MICROSOFT and (not tenant or tenant.lower() in _MANY_TENANTS):
        raise WrongProvider("an application by itself needs the tenant that it is registered in")


_GOOGLE: Final = Provider(
    "https://accounts.google.com/o/oauth2/v2/auth",
    "https://oauth2.googleapis.com/token",
    "https://mail.google.com/",
    # Without both Google gives no refresh token, or none the second time.
    asks={"access_type": "offline", "prompt": "consent"},
    imap=Server("imap.gmail.com", 993, Security.TLS),
    smtp=Server("smtp.gmail.com", 465, Security.TLS),
)


def _microsoft(tenant: str) -> Provider:
    if not _TENANT.fullmatch(tenant):
        raise WrongProvider("a tenant is its id or its domain")
    base = f"{_MICROSOFT}/{tenant}/oauth2/v2.0"
    return Provider(
        f"{base}/authorize",
        f"{base}/token",
        "https://outlook.office.com/IMAP.AccessAsUser.All https://outlook.office.com/SMTP.Send offline_access",
        "https://outlook.office365.com/.default",
        imap=Server("outlook.office365.com", 993, Security.TLS),
        smtp=Server("smtp.office365.com", 587, Security.STARTTLS),
    )


def _other() -> Provider:
    return Provider(
        settings.OAUTH_AUTHORIZE_URL,
        settings.OAUTH_TOKEN_URL,
        settings.OAUTH_SCOPE,
        settings.OAUTH_SCOPE,
        ca_file=settings.OAUTH_CA_FILE or None,
    )
