"""What a mailbox keeps of OAuth2 in its sealed secret: opened for the desk alone, changed under the row's lock."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import Mailbox
from inbox.mail.oauth.exchange import Tokens

CLIENT_SECRET: Final = "client_secret"  # noqa: S105 - a name
CLIENT_ENDS: Final = "client_secret_ends"
REFRESH: Final = "refresh_token"
CONSENT_ENDS: Final = "consent_ends"
_ACCESS: Final = "access_token"
_ACCESS_ENDS: Final = "access_ends"
BEGUN: Final = "begun_"
_MARGIN_S: Final = 300
"""A token that ends sooner is not begun with: a long fetch may still need it."""


def opened(mailbox: Mailbox) -> dict[str, str]:
    """Return the secret's texts."""
    with purpose(Purpose.SYSTEM):
        return {str(name): str(value) for name, value in mailbox.secret.items()}


def without_tokens(secret: Mapping[str, str]) -> dict[str, str]:
    """Return the secret without any token and without a consent that was begun."""
    gone = {REFRESH, CONSENT_ENDS, _ACCESS, _ACCESS_ENDS}
    return {name: value for name, value in secret.items() if name not in gone and not name.startswith(BEGUN)}


def without_access(secret: Mapping[str, str]) -> dict[str, str]:
    """Return the secret without its access token."""
    return {name: value for name, value in secret.items() if name not in {_ACCESS, _ACCESS_ENDS}}


def usable_access(secret: Mapping[str, str]) -> str:
    """Return the access token that is still good, "" when there is none."""
    ends = secret.get(_ACCESS_ENDS, "")
    return secret.get(_ACCESS, "") if ends and datetime.fromisoformat(ends) > timezone.now() else ""


def with_tokens(secret: Mapping[str, str], tokens: Tokens) -> dict[str, str]:
    """Return the secret with these tokens; a refresh token that was not given anew stays as it is."""
    now = timezone.now()
    margin = min(_MARGIN_S, tokens.lives_s // 5)
    new = {_ACCESS: tokens.access, _ACCESS_ENDS: (now + timedelta(seconds=tokens.lives_s - margin)).isoformat()}
    if tokens.refresh:
        new[REFRESH] = tokens.refresh
    if tokens.consent_s is not None:
        new[CONSENT_ENDS] = (now + timedelta(seconds=tokens.consent_s)).isoformat()
    return {**secret, **new}


def soonest_end(secret: Mapping[str, str]) -> datetime | None:
    """Return when the client secret or the consent ends, whichever is sooner; None when nobody told."""
    told = [datetime.fromisoformat(secret[name]) for name in (CLIENT_ENDS, CONSENT_ENDS) if secret.get(name)]
    return min(told, default=None)


def lock(mailbox: Mailbox) -> Mailbox:
    """Return the row, locked until the transaction ends."""
    return Mailbox.objects.select_for_update(of=("self",)).select_related("inbox").get(pk=mailbox.pk)


def save(row: Mailbox, secret: Mapping[str, str], *, needs_consent: bool) -> None:
    """Write the secret of a locked row, and what hangs on it."""
    row.secret = dict(secret)
    row.needs_consent = needs_consent
    row.secret_ends_at = soonest_end(secret)
    row.save(update_fields=["secret", "needs_consent", "secret_ends_at"])
