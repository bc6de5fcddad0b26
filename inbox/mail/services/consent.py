"""Connect a mailbox to Google, Microsoft 365 or another provider: a person consents, or the application asks itself."""

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hmac import compare_digest
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action, Outcome
from audit.record import record
from helpdesk.core.context import current_request
from inbox.mail.errors import ConsentRefused, NoSuchConsent
from inbox.mail.imap.wire import Server, WireError, plain_words
from inbox.mail.models import Mailbox
from inbox.mail.oauth import vault
from inbox.mail.oauth.credentials import access_token
from inbox.mail.oauth.exchange import Tokens, ask
from inbox.mail.oauth.providers import Provider, provider_of, require_flow
from inbox.mail.states import AuthKind, OAuthFlow

PATIENCE: Final = timedelta(minutes=10)
"""For so long a consent that was begun may be ended."""
_STATE: Final = "begun_state"
_VERIFIER: Final = "begun_verifier"
_SESSION: Final = "begun_session"
_PERSON: Final = "begun_person"
_ENDS: Final = "begun_until"
_BACK: Final = "begun_back"
_PASSWORDS: Final = {"imap_password", "smtp_password"}


@dataclass(frozen=True, slots=True)
class Client:
    """What the provider knows the desk by. An empty `secret` leaves the one that is kept; `secret_ends_at` is typed."""

    provider: str
    flow: str
    client_id: str
    tenant: str = ""
    secret: str = field(default="", repr=False)
    secret_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProvidersAnswer:
    """What the provider's page sent back through the person's browser: a code, or an error in its words."""

    state: str
    code: str = field(default="", repr=False)
    error: str = ""


@transaction.atomic
def set_client(mailbox: Mailbox, client: Client) -> Mailbox:
    """Let the mailbox sign in by OAuth2 as `client`, at the provider's own mail servers. Raises WrongProvider.

    Passwords go. Of what was kept nothing reaches another client, provider or tenant than it was given for.
    """
    require_flow(client.provider, client.flow, tenant=client.tenant)
    row = vault.lock(mailbox)
    kept = {name: value for name, value in vault.opened(row).items() if name not in _PASSWORDS}
    secret = _with_client(kept if _is_known(row, client) else {}, client)
    row.auth_kind = AuthKind.XOAUTH2
    row.oauth_provider, row.oauth_flow = client.provider, client.flow
    row.oauth_tenant, row.oauth_client_id = client.tenant, client.client_id
    if _move_to(row, provider_of(client.provider, client.tenant)):
        secret = vault.without_tokens(secret)
    row.save(update_fields=_COLUMNS)
    waits = client.flow == OAuthFlow.CONSENT and not secret.get(vault.REFRESH)
    vault.save(row, secret, needs_consent=waits)
    record(Action.MAILBOX_SECRET, on=row.as_subject(), changed=["oauth"])
    return row


@transaction.atomic
def forget_client(mailbox: Mailbox) -> Mailbox:
    """Drop tokens and client secret, because server or account are others now: somebody has to connect it again."""
    row = vault.lock(mailbox)
    vault.save(row, {}, needs_consent=True)
    record(Action.MAILBOX_SECRET, on=row.as_subject(), forgotten=["oauth"])
    return row


@transaction.atomic
def back_to_password(mailbox: Mailbox) -> Mailbox:
    """Let the mailbox sign in by password again: tokens and client secret are forgotten."""
    row = vault.lock(mailbox)
    row.auth_kind = AuthKind.PASSWORD
    row.save(update_fields=["auth_kind"])
    vault.save(row, {}, needs_consent=False)
    record(Action.MAILBOX_SECRET, on=row.as_subject(), forgotten=["oauth"])
    return row


@transaction.atomic
def begin_consent(mailbox: Mailbox, *, by: User, back_to: str) -> str:
    """Return the provider's address at which `by` consents; it sends the browser `back_to` us.

    What comes back is taken from the same session alone, once, within ten minutes. Raises WrongProvider.
    """
    row = vault.lock(mailbox)
    provider = provider_of(row.oauth_provider, row.oauth_tenant)
    if _move_to(row, provider):
        row.save(update_fields=_COLUMNS)
    state, verifier = f"{row.pk.hex}.{secrets.token_urlsafe(32)}", secrets.token_urlsafe(64)
    begun = {
        _STATE: state,
        _VERIFIER: verifier,
        _SESSION: _session(),
        _PERSON: str(by.pk),
        _ENDS: (timezone.now() + PATIENCE).isoformat(),
        _BACK: back_to,
    }
    vault.save(row, {**vault.opened(row), **begun}, needs_consent=row.needs_consent)
    return f"{provider.authorize_url}?{urlencode(_question(row, provider, begun))}"


def mailbox_of_state(state: str) -> UUID:
    """Return the mailbox that a state speaks of, unproved. Raises NoSuchConsent."""
    try:
        return UUID(hex=state.partition(".")[0])
    except ValueError as error:
        raise NoSuchConsent("this is no state of ours") from error


def finish_consent(mailbox: Mailbox, answer: ProvidersAnswer, *, by: User) -> Mailbox:
    """Take what the provider sent back and fetch the first tokens; the mailbox is fetched at once.

    Raises NoSuchConsent for a state that this session did not begin, ConsentRefused with the provider's words.
    """
    row, begun = _take_begun(mailbox, answer.state, by=by)
    if answer.error or not answer.code:
        record(Action.MAILBOX_CONNECTED, on=row.as_subject(), outcome=Outcome.FAILED)
        raise ConsentRefused(plain_words(answer.error) or "no code came back")
    try:
        tokens = _first_tokens(row, begun, answer.code)
    except WireError as error:
        record(Action.MAILBOX_CONNECTED, on=row.as_subject(), outcome=Outcome.FAILED)
        raise ConsentRefused(error.words) from error
    return _connected(row, tokens)


def connect_app(mailbox: Mailbox) -> Mailbox:
    """Fetch the first token of an application that asks for itself. Raises ConsentRefused."""
    try:
        access_token(mailbox, fresh=True)
    except WireError as error:
        record(Action.MAILBOX_CONNECTED, on=mailbox.as_subject(), outcome=Outcome.FAILED)
        raise ConsentRefused(error.words) from error
    Mailbox.objects.filter(pk=mailbox.pk).update(next_poll_at=None)
    record(Action.MAILBOX_CONNECTED, on=mailbox.as_subject())
    return mailbox


@transaction.atomic
def keep_refresh_token(mailbox: Mailbox, token: str) -> Mailbox:
    """Keep a refresh token that was made elsewhere. Whether it is any good shows at the first fetch."""
    row = vault.lock(mailbox)
    vault.save(row, {**vault.without_tokens(vault.opened(row)), vault.REFRESH: token}, needs_consent=False)
    return row


_COLUMNS: Final = [
    "auth_kind", "oauth_provider", "oauth_flow", "oauth_tenant", "oauth_client_id", "imap_host", "imap_port",
    "imap_security", "smtp_host", "smtp_port", "smtp_security", "smtp_user",
]  # fmt: skip


def _is_known(row: Mailbox, client: Client) -> bool:
    now = (row.auth_kind, row.oauth_provider, row.oauth_flow, row.oauth_tenant, row.oauth_client_id)
    return now == (AuthKind.XOAUTH2, client.provider, client.flow, client.tenant, client.client_id)


def _with_client(kept: Mapping[str, str], client: Client) -> dict[str, str]:
    secret = dict(kept)
    if client.secret:
        secret[vault.CLIENT_SECRET] = client.secret
    if client.secret_ends_at is not None:
        secret[vault.CLIENT_ENDS] = client.secret_ends_at.isoformat()
    return secret


def _move_to(row: Mailbox, provider: Provider) -> bool:
    """Let the mailbox use the provider's own mail servers, and return whether that changed anything."""
    before = (row.imap_host, row.imap_port, row.smtp_host, row.smtp_port)
    if provider.imap is not None:
        row.imap_host, row.imap_port, row.imap_security = _place(provider.imap)
    if provider.smtp is not None:
        row.smtp_host, row.smtp_port, row.smtp_security = _place(provider.smtp)
        row.smtp_user = row.smtp_user or row.imap_user
    return before != (row.imap_host, row.imap_port, row.smtp_host, row.smtp_port)


def _place(server: Server) -> tuple[str, int, str]:
    return server.host, server.port, server.security.value


def _question(row: Mailbox, provider: Provider, begun: Mapping[str, str]) -> dict[str, str]:
    digest = hashlib.sha256(begun[_VERIFIER].encode()).digest()
    return {
        "response_type": "code",
        "client_id": row.oauth_client_id,
        "redirect_uri": begun[_BACK],
        "scope": provider.scope,
        "state": begun[_STATE],
        "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
        "login_hint": row.imap_user,
        **provider.asks,
    }


@transaction.atomic
def _take_begun(mailbox: Mailbox, state: str, *, by: User) -> tuple[Mailbox, dict[str, str]]:
    """Return the row with the consent that was begun in this session, and forget it: it is good once."""
    row = vault.lock(mailbox)
    secret = vault.opened(row)
    begun = {name: value for name, value in secret.items() if name.startswith(vault.BEGUN)}
    if not _fits(begun, state, by=by):
        raise NoSuchConsent("this session began no such consent, or too long ago")
    rest = {name: value for name, value in secret.items() if name not in begun}
    vault.save(row, rest, needs_consent=row.needs_consent)
    return row, begun


def _fits(begun: Mapping[str, str], state: str, *, by: User) -> bool:
    """Tell whether this very session and person began the consent, a short while ago. A wrong state uses up nothing."""
    if not begun.get(_STATE) or not compare_digest(begun[_STATE].encode(), state.encode()):
        return False
    session = _session()
    is_same = bool(session) and compare_digest(begun[_SESSION].encode(), session.encode())
    return is_same and begun[_PERSON] == str(by.pk) and datetime.fromisoformat(begun[_ENDS]) > timezone.now()


def _session() -> str:
    request = current_request()
    return request.session if request is not None else ""


def _first_tokens(row: Mailbox, begun: Mapping[str, str], code: str) -> Tokens:
    form = {
        "grant_type": "authorization_code",
        "client_id": row.oauth_client_id,
        "client_secret": vault.opened(row).get(vault.CLIENT_SECRET, ""),
        "code": code,
        "code_verifier": begun[_VERIFIER],
        "redirect_uri": begun[_BACK],
    }
    return ask(provider_of(row.oauth_provider, row.oauth_tenant), form)


@transaction.atomic
def _connected(mailbox: Mailbox, tokens: Tokens) -> Mailbox:
    row = vault.lock(mailbox)
    if any(getattr(row, name) != getattr(mailbox, name) for name in (*_COLUMNS, "imap_user")):
        raise NoSuchConsent("the mailbox was changed while its consent was under way")
    secret = vault.with_tokens(vault.without_tokens(vault.opened(row)), tokens)
    if not secret.get(vault.REFRESH):
        record(Action.MAILBOX_CONNECTED, on=row.as_subject(), outcome=Outcome.FAILED, survives_rollback=True)
        raise ConsentRefused("the provider gave no refresh token: without one nobody gets in for more than an hour")
    vault.save(row, secret, needs_consent=False)
    row.next_poll_at = None
    row.save(update_fields=["next_poll_at"])
    record(Action.MAILBOX_CONNECTED, on=row.as_subject())
    return row
