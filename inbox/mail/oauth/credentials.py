"""What a mailbox signs in with: its password, or an access token that is fetched anew before it ends."""

import logging
from dataclasses import dataclass, field
from typing import Final

from django.db import OperationalError, connection, transaction

from audit.actions import Action, Outcome
from audit.record import record
from inbox.mail.errors import WrongProvider
from inbox.mail.imap.wire import Step, WireError
from inbox.mail.models import Mailbox
from inbox.mail.oauth import vault
from inbox.mail.oauth.exchange import TokenRefused, Tokens, ask
from inbox.mail.oauth.providers import Provider, provider_of
from inbox.mail.opening import secret_of
from inbox.mail.states import AuthKind, OAuthFlow

logger = logging.getLogger(__name__)

_LOCK_S: Final = 20
_AGAIN: Final = "Somebody has to connect the mailbox to its provider again."


@dataclass(frozen=True, slots=True)
class Credential:
    """Who signs in with what. `bearer`: the password is an access token, for XOAUTH2."""

    user: str
    password: str = field(default="", repr=False)
    bearer: bool = False


def imap_credential(mailbox: Mailbox) -> Credential:
    """Return what opens the IMAP side. Raises WireError at the step TOKEN when no access token can be had.

    After a sign-in that failed a kept token is not tried again: it may have been taken back.
    """
    if mailbox.auth_kind == AuthKind.XOAUTH2:
        token = access_token(mailbox, fresh=mailbox.fault_step == Step.SIGN_IN)
        return Credential(mailbox.imap_user, token, bearer=True)
    return Credential(mailbox.imap_user, secret_of(mailbox, "imap_password"))


def smtp_credential(mailbox: Mailbox) -> Credential:
    """Return what opens the SMTP side, without a user when nobody signs in there. Raises as `imap_credential`."""
    if mailbox.auth_kind == AuthKind.XOAUTH2:
        return Credential(mailbox.smtp_user or mailbox.imap_user, access_token(mailbox), bearer=True)
    if not mailbox.smtp_user:
        return Credential("")
    password = secret_of(mailbox, "smtp_password") or secret_of(mailbox, "imap_password")
    return Credential(mailbox.smtp_user, password)


def access_token(mailbox: Mailbox, *, fresh: bool = False) -> str:
    """Return an access token that is good for some minutes; `fresh`: not the kept one.

    Raises WireError at the step TOKEN: TokenRefused with `ends_consent` when only a person can go on.
    """
    _require_home(mailbox)
    kept = "" if fresh else vault.usable_access(vault.opened(Mailbox.objects.get(pk=mailbox.pk)))
    if kept:
        return kept
    try:
        outcome = _renewed(mailbox, fresh=fresh)
    except OperationalError as error:
        raise WireError(Step.TOKEN, "The mailbox is busy just now.", again=True) from error
    if isinstance(outcome, TokenRefused):
        raise outcome
    return outcome


def drop_access(mailbox: Mailbox) -> None:
    """Forget the access token of a mailbox that its server would not let in; the next try fetches another."""
    if mailbox.auth_kind != AuthKind.XOAUTH2:
        return
    with transaction.atomic():
        row = vault.lock(mailbox)
        vault.save(row, vault.without_access(vault.opened(row)), needs_consent=row.needs_consent)


def _require_home(mailbox: Mailbox) -> None:
    """Let tokens of Google and Microsoft out to their own mail servers alone."""
    provider = _provider(mailbox)
    homes = {server.host for server in (provider.imap, provider.smtp) if server is not None}
    if homes and not {mailbox.imap_host, mailbox.smtp_host} - {""} <= homes:
        raise TokenRefused("The tokens of this provider go to its own mail servers alone.")


@transaction.atomic
def _renewed(mailbox: Mailbox, *, fresh: bool) -> str | TokenRefused:
    """Fetch a token under the row's lock; what the provider gives anew is saved in the same transaction.

    A provider that rotates its refresh tokens takes each once: two workers at a time would lose the mailbox.
    """
    _wait_at_most(_LOCK_S)
    row = vault.lock(mailbox)
    secret = vault.opened(row)
    kept = "" if fresh else vault.usable_access(secret)
    if kept:
        return kept
    if row.needs_consent:
        return TokenRefused(_AGAIN, ends_consent=True)
    try:
        tokens = _ask(row, secret)
    except TokenRefused as error:
        if error.ends_consent:
            _end_consent(row, secret)
        return error
    vault.save(row, vault.with_tokens(secret, tokens), needs_consent=False)
    return tokens.access


def _wait_at_most(seconds: int) -> None:
    # Whoever stores a large mail holds the row for as long as that takes.
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", [f"{seconds}s"])


def _ask(row: Mailbox, secret: dict[str, str]) -> Tokens:
    provider = _provider(row)
    form = {"client_id": row.oauth_client_id, "client_secret": secret.get(vault.CLIENT_SECRET, "")}
    return ask(provider, form | _grant(row, provider, secret))


def _provider(row: Mailbox) -> Provider:
    try:
        return provider_of(row.oauth_provider, row.oauth_tenant)
    except WrongProvider as error:
        raise TokenRefused("This desk knows its provider no more.") from error


def _grant(row: Mailbox, provider: Provider, secret: dict[str, str]) -> dict[str, str]:
    if row.oauth_flow == OAuthFlow.APP:
        return {"grant_type": "client_credentials", "scope": provider.app_scope}
    return {"grant_type": "refresh_token", "refresh_token": secret.get(vault.REFRESH, "")}


def _end_consent(row: Mailbox, secret: dict[str, str]) -> None:
    """Keep that only a person can go on. The token that is no good any more goes."""
    vault.save(row, vault.without_tokens(secret), needs_consent=True)
    record(Action.MAILBOX_CONSENT_ENDED, on=row.as_subject(), outcome=Outcome.FAILED)
    logger.warning("a mailbox needs consent", extra={"mailbox": row.pk})
