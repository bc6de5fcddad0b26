"""Mailboxes that sign in by token, and what they keep."""

from inbox.mail.models import Mailbox
from inbox.mail.oauth import vault
from inbox.mail.services.consent import Client, keep_refresh_token, set_client
from inbox.mail.states import OAuthFlow, OAuthProvider
from tests.make import make_inbox, make_mailbox
from tests.servers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHost


def make_oauth_mailbox(host: OAuthHost, *, flow: OAuthFlow = OAuthFlow.CONSENT, secret: str = CLIENT_SECRET) -> Mailbox:
    """Return a mailbox of the desk's own provider, with a refresh token when a person consents."""
    client = Client(OAuthProvider.OTHER, flow, CLIENT_ID, secret=secret)
    mailbox = set_client(make_mailbox(make_inbox()), client)
    if flow == OAuthFlow.APP:
        return mailbox
    host.ledger.refresh.add("first")
    return keep_refresh_token(mailbox, "first")


def kept(mailbox: Mailbox) -> dict[str, str]:
    """Return the secret as it stands."""
    return vault.opened(Mailbox.objects.get(pk=mailbox.pk))
