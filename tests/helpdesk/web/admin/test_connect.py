"""The guided way to Google and Microsoft 365 in the administration, and what a hostile browser makes of it."""

import re
from datetime import timedelta
from html import unescape
from urllib.parse import parse_qsl, urlsplit

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from audit.actions import Action, Outcome
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from helpdesk.web.admin.connect import redirect_uri
from inbox.inboxes.models import Inbox
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox
from inbox.mail.oauth import vault
from inbox.mail.receive.poll import poll
from inbox.mail.services.consent import Client as OAuthClient
from inbox.mail.services.consent import set_client
from inbox.mail.states import OAuthFlow, OAuthProvider
from tests.inbox.mail.oauth.boxes import kept
from tests.make import make_agent, make_inbox, make_mailbox
from tests.servers.dovecot import USER
from tests.servers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHost
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db

NEW = "/admin/mail/mailbox/connect/"
BACK = "/admin/mail/mailbox/connected/"
GOOGLE = {"address": "help@example.org", "history": "none", "provider": "google", "flow": "consent",
          "client_id": "desk-1", "client_secret": "Zitronenfalter 9"}  # fmt: skip
MICROSOFT = GOOGLE | {"provider": "microsoft", "tenant": "example.org", "secret_ends_on": "2027-05-01"}
OTHER = {"provider": "other", "flow": "consent", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}


def make_keeper(inbox: Inbox) -> User:
    """Return somebody who manages the mailboxes of `inbox`."""
    user = make_agent("Inbox admin", inbox=inbox)
    user.is_staff = True
    user.save(update_fields=["is_staff"])
    return user


def keeper(inbox: Inbox) -> Client:
    """Return the browser of such a person."""
    return client_of(make_keeper(inbox))


def leads_to(page: bytes) -> str:
    """Return the address that a page goes on to by itself."""
    found = re.search(r'http-equiv="refresh" content="0;url=([^"]+)"', page.decode())
    assert found is not None
    return unescape(found.group(1))


def words(answer: object) -> str:
    """Return what the page says about what was just done."""
    return " ".join(str(message) for message in answer.context["messages"])  # type: ignore[attr-defined] # a test answer


def begun(client: Client, mailbox: Mailbox) -> str:
    """Begin a consent and return the provider's address."""
    return leads_to(client.post(f"/admin/mail/mailbox/{mailbox.pk}/connect/", OTHER).content)


def test_a_mailbox_at_google_is_made_and_its_person_sent_there() -> None:
    inbox = make_inbox()

    page = keeper(inbox).post(NEW, GOOGLE | {"inbox": str(inbox.pk)})

    url = urlsplit(leads_to(page.content))
    asked = dict(parse_qsl(url.query))
    mailbox = Mailbox.objects.get()
    assert f"{url.scheme}://{url.netloc}{url.path}" == "https://accounts.google.com/o/oauth2/v2/auth"
    assert (asked["redirect_uri"], asked["scope"]) == (redirect_uri(), "https://mail.google.com/")
    assert (asked["response_type"], asked["code_challenge_method"], asked["access_type"]) == ("code", "S256", "offline")
    assert (len(asked["code_challenge"]), asked["login_hint"]) == (43, "help@example.org")
    assert (mailbox.imap_host, mailbox.imap_user, mailbox.needs_consent) == ("imap.gmail.com", "help@example.org", True)
    assert kept(mailbox)[vault.CLIENT_SECRET] == "Zitronenfalter 9"
    assert b"Zitronenfalter" not in page.content


def test_the_form_says_what_to_set_up_and_never_shows_a_secret() -> None:
    inbox = make_inbox()
    client = keeper(inbox)
    client.post(NEW, MICROSOFT | {"inbox": str(inbox.pk)})
    mailbox = Mailbox.objects.get()

    pages = [client.get(NEW), client.get(f"/admin/mail/mailbox/{mailbox.pk}/connect/")]
    pages.append(client.get(f"/admin/mail/mailbox/{mailbox.pk}/change/"))

    assert [redirect_uri().encode() in page.content for page in pages] == [True, True, False]
    assert b"Connect again" in pages[2].content
    assert not any(b"Zitronenfalter" in page.content for page in pages)
    assert Mailbox.objects.get().secret_ends_at is not None
    with purpose(Purpose.SYSTEM):
        assert not any(b"Zitronenfalter" in bytes(entry.payload) for entry in Entry.objects.all())


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"provider": "other"}, "not one of the available choices"),
        ({"tenant": "../../evil"}, "tenant and way of consent"),
        ({"tenant": "", "flow": "app"}, "tenant and way of consent"),
        ({"tenant": "common", "flow": "app"}, "tenant and way of consent"),
        ({"provider": "google", "flow": "app"}, "tenant and way of consent"),
        ({"client_secret": ""}, "required"),
        ({"inbox": "01a2138d-6af0-7543-bec4-15589dff0f74"}, "not one of the available choices"),
    ],
)
def test_what_no_provider_can_do_is_told_and_makes_nothing(change: dict[str, str], told: str) -> None:
    inbox = make_inbox()

    page = keeper(inbox).post(NEW, MICROSOFT | {"inbox": str(inbox.pk)} | change)

    assert told in page.content.decode()
    assert not Mailbox.objects.exists()


def test_a_consent_goes_there_and_back(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    address = begun(client, mailbox)
    assert Mailbox.objects.get().needs_consent

    answer = client.get(BACK, oauth_host.consent(address), follow=True)

    assert "is connected" in words(answer)
    assert kept(mailbox)[vault.REFRESH] in oauth_host.ledger.refresh
    assert not any(name.startswith(vault.BEGUN) for name in kept(mailbox))
    row = Mailbox.objects.get()
    assert (row.needs_consent, row.next_poll_at, row.auth_kind) == (False, None, "xoauth2")
    assert Entry.objects.get(action=Action.MAILBOX_CONNECTED).outcome == Outcome.DONE


def test_one_button_consents_again(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    client.get(BACK, oauth_host.consent(begun(client, mailbox)))
    Mailbox.objects.update(needs_consent=True)
    assert b"has to consent again" in client.get(f"/admin/mail/mailbox/{mailbox.pk}/change/").content

    page = client.post(f"/admin/mail/mailbox/{mailbox.pk}/consent/")
    client.get(BACK, oauth_host.consent(leads_to(page.content)))

    assert not Mailbox.objects.get().needs_consent


def test_an_application_is_connected_at_once(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    address = f"/admin/mail/mailbox/{mailbox.pk}/connect/"

    refused = client.post(address, OTHER | {"flow": "app", "client_secret": "wrong"}, follow=True)
    taken = client.post(address, OTHER | {"flow": "app"}, follow=True)

    assert "invalid_client" in words(refused)
    assert "is connected" in words(taken)


def test_what_comes_back_is_taken_in_its_own_session_once(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, person = make_mailbox(inbox), make_keeper(inbox)
    client, other_session, colleague = client_of(person), client_of(person), keeper(inbox)
    stranger = keeper(make_inbox("Other", address="other@desk.example.net"))
    brought = oauth_host.consent(begun(client, mailbox))

    assert stranger.get(BACK, brought).status_code == 404
    assert Client().get(BACK, brought).headers["Location"].startswith("/login/")
    assert "begun elsewhere" in words(other_session.get(BACK, brought, follow=True))
    assert "begun elsewhere" in words(colleague.get(BACK, brought, follow=True))
    assert "begun elsewhere" in words(client.get(BACK, brought | {"state": brought["state"] + "x"}, follow=True))
    assert client.get(BACK, brought | {"state": "x"}).status_code == 422
    assert oauth_host.ledger.forms == []

    assert "is connected" in words(client.get(BACK, brought, follow=True))
    assert "begun elsewhere" in words(client.get(BACK, brought, follow=True))
    assert len(oauth_host.ledger.forms) == 1


def test_a_consent_that_took_too_long_is_not_taken(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    brought = oauth_host.consent(begun(client, mailbox))

    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        assert "took too long" in words(client.get(BACK, brought, follow=True))
    assert oauth_host.ledger.forms == []

    with time_machine.travel(timezone.now() + timedelta(minutes=9)):
        assert "is connected" in words(client.get(BACK, brought, follow=True))


def test_a_code_of_somebody_elses_consent_is_refused_by_its_proof(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    planted = oauth_host.consent(begun(client, mailbox))["code"]
    mine = oauth_host.consent(begun(client, mailbox))

    answer = client.get(BACK, mine | {"code": planted}, follow=True)

    assert "did not let the desk in: invalid_grant" in words(answer)
    assert vault.REFRESH not in kept(mailbox)
    assert "is connected" in words(client.get(BACK, oauth_host.consent(begun(client, mailbox)), follow=True))


def test_what_the_provider_says_is_told_and_the_old_consent_stays(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    client.get(BACK, oauth_host.consent(begun(client, mailbox)))
    token = kept(mailbox)[vault.REFRESH]
    state = oauth_host.consent(begun(client, mailbox))["state"]

    denied = {"state": state, "error": "access_denied", "error_description": "<b>no</b>\u202e"}
    answer = client.get(BACK, denied, follow=True)

    assert "did not let the desk in: access_denied <b>no</b>" in words(answer)
    assert b"<b>no" not in answer.content
    assert (kept(mailbox)[vault.REFRESH], Mailbox.objects.get().needs_consent) == (token, False)


def test_a_provider_without_a_refresh_token_is_no_consent(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    oauth_host.mood.gives_refresh = False

    answer = client.get(BACK, oauth_host.consent(begun(client, mailbox)), follow=True)

    assert "no refresh token" in words(answer)
    assert Mailbox.objects.get().needs_consent


def test_a_mailbox_that_was_changed_meanwhile_gets_no_token(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    brought = oauth_host.consent(begun(client, mailbox))
    set_client(mailbox, OAuthClient(OAuthProvider.OTHER, OAuthFlow.CONSENT, "another"))

    assert "begun elsewhere" in words(client.get(BACK, brought, follow=True))

    assert vault.REFRESH not in kept(mailbox)


FORM = {
    "active": "on", "imap_host": "127.0.0.1", "imap_port": "1", "imap_user": USER, "folder": "INBOX",
    "imap_security": "plaintext-loopback", "history": "all", "smtp_host": "127.0.0.1", "smtp_port": "1",
    "smtp_user": "", "smtp_security": "plaintext-loopback", "dispose": "leave", "dispose_folder": "Processed",
}  # fmt: skip


def test_tokens_go_to_no_other_server(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    client.get(BACK, oauth_host.consent(begun(client, mailbox)))
    address, form = f"/admin/mail/mailbox/{mailbox.pk}/change/", FORM | {"inbox": str(inbox.pk)}

    assert client.post(address, form | {"folder": "INBOX.Other"}).status_code == 302
    assert vault.REFRESH in kept(mailbox)
    moved = form | {"imap_host": "mail.evil.example", "imap_security": "tls"}
    assert client.post(address, moved).status_code == 302

    assert (kept(mailbox), Mailbox.objects.get().needs_consent) == ({}, True)


def test_a_password_that_is_typed_ends_the_tokens(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    client.get(BACK, oauth_host.consent(begun(client, mailbox)))
    address, form = f"/admin/mail/mailbox/{mailbox.pk}/change/", FORM | {"inbox": str(inbox.pk)}

    assert b"on both sides" in client.post(address, form | {"smtp_password": "only one"}).content
    assert client.post(address, form | {"imap_password": "Zitronenfalter 9"}).status_code == 302

    row = Mailbox.objects.get()
    assert (row.auth_kind, row.needs_consent) == ("password", False)
    assert kept(mailbox)["imap_password"] == "Zitronenfalter 9"
    assert vault.REFRESH not in kept(mailbox)


def test_tokens_of_google_leave_for_google_alone(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    client = keeper(inbox)
    client.post(NEW, GOOGLE | {"inbox": str(inbox.pk)})
    mailbox = Mailbox.objects.get()
    Mailbox.objects.update(imap_host="mail.evil.example", needs_consent=False)

    page = client.post(f"/admin/mail/mailbox/{mailbox.pk}/test/").content.decode()

    assert "go to its own mail servers alone" in page
    client.post(f"/admin/mail/mailbox/{mailbox.pk}/consent/")
    assert Mailbox.objects.get().imap_host == "imap.gmail.com"


def test_the_page_of_mailboxes_leads_to_the_button(oauth_host: OAuthHost) -> None:
    inbox = make_inbox()
    mailbox, client = make_mailbox(inbox), keeper(inbox)
    begun(client, mailbox)
    link = f"/admin/mail/mailbox/{mailbox.pk}/change/".encode()
    assert link not in client.get(reverse("mail:mailboxes")).content

    with pytest.raises(WireError):
        poll(mailbox.pk)

    assert link in client.get(reverse("mail:mailboxes")).content
