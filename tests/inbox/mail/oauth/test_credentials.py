"""Access tokens: fetched before they end, rotated under a lock, and a consent that ended is told once."""

import json
import logging
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import Settings

from audit.actions import Action, Outcome
from audit.models import Entry
from inbox.mail.imap.wire import Security, Step, WireError
from inbox.mail.models import Mailbox, OutboundMail, RawMail
from inbox.mail.oauth import exchange, vault
from inbox.mail.oauth.credentials import access_token, drop_access, imap_credential
from inbox.mail.oauth.exchange import TokenRefused
from inbox.mail.receive.poll import poll
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.pool import POOL
from inbox.mail.services.consent import Client, connect_app, keep_refresh_token, set_client
from inbox.mail.services.mailboxes import test_mailbox as try_mailbox
from inbox.mail.states import OAuthFlow, OAuthProvider, OutState
from tests.make import make_inbox, make_mail, make_mailbox, make_reply, make_ticket
from tests.servers.certs import Certs
from tests.servers.dovecot import USER, MailHost
from tests.servers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHost
from tests.servers.smtp import Protection, SmtpHost

pytestmark = pytest.mark.django_db


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


def test_a_token_is_fetched_once_and_kept_until_shortly_before_its_end(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)

    first = [access_token(mailbox) for _ in range(3)]
    with time_machine.travel(timezone.now() + timedelta(minutes=56), tick=False):
        second = access_token(mailbox)

    assert (len(set(first)), second in first, len(oauth_host.ledger.forms)) == (1, False, 2)
    assert second in oauth_host.ledger.access


def test_a_rotated_refresh_token_takes_the_place_of_the_old(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)

    for _ in range(3):
        access_token(mailbox, fresh=True)

    used = [form["refresh_token"] for form in oauth_host.ledger.forms]
    assert (used[0], len(set(used))) == ("first", 3)
    assert {kept(mailbox)[vault.REFRESH]} == oauth_host.ledger.refresh


def test_a_provider_that_gives_none_anew_keeps_the_old(oauth_host: OAuthHost) -> None:
    oauth_host.mood.rotates = False
    mailbox = make_oauth_mailbox(oauth_host)

    for _ in range(2):
        access_token(mailbox, fresh=True)

    assert [form["refresh_token"] for form in oauth_host.ledger.forms] == ["first", "first"]
    assert kept(mailbox)[vault.REFRESH] == "first"


def test_an_application_asks_by_itself(oauth_host: OAuthHost) -> None:
    mailbox = connect_app(make_oauth_mailbox(oauth_host, flow=OAuthFlow.APP))

    assert oauth_host.ledger.forms[0]["grant_type"] == "client_credentials"
    assert (Mailbox.objects.get().needs_consent, vault.REFRESH in kept(mailbox)) == (False, False)
    assert Entry.objects.get(action=Action.MAILBOX_CONNECTED).outcome == Outcome.DONE


def test_a_consent_that_ended_is_told_once_and_asked_for_no_more(
    oauth_host: OAuthHost, caplog: pytest.LogCaptureFixture
) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    oauth_host.revoke()

    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            with pytest.raises(TokenRefused) as refused:
                access_token(mailbox, fresh=True)
            assert (refused.value.step, refused.value.ends_consent, refused.value.again) == (Step.TOKEN, True, False)

    assert Mailbox.objects.get().needs_consent
    assert len(oauth_host.ledger.forms) == 1
    assert Entry.objects.get(action=Action.MAILBOX_CONSENT_ENDED).outcome == Outcome.FAILED
    assert vault.REFRESH not in kept(mailbox)
    assert "first" not in caplog.text


def test_a_poll_without_consent_names_the_step_and_comes_again(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    oauth_host.revoke()

    with pytest.raises(WireError):
        poll(mailbox.pk)

    row = Mailbox.objects.get()
    assert (row.fault_step, row.needs_consent, row.failures) == ("token", True, 1)
    assert row.next_poll_at is not None


@pytest.mark.parametrize(
    ("answer", "again", "words"),
    [
        ((503, b"busy"), True, "answers with 503"),
        ((429, b"{}"), True, "answers with 429"),
        ((400, b'{"error": "temporarily_unavailable"}'), True, "temporarily_unavailable"),
        ((401, b'{"error": "invalid_client", "error_description": "AADSTS7000222: ended"}'), False, "AADSTS7000222"),
        ((302, b""), False, "redirect"),
        ((200, b"<html>"), True, "no bearer token"),
        ((200, b"["), True, "no bearer token"),
        ((200, b"[" * 60_000), True, "no bearer token"),
        ((200, b'{"access_token": "a b"}'), True, "no bearer token"),
        ((200, b'{"access_token": "a\\u0001b"}'), True, "no bearer token"),
        ((200, b'{"access_token": 7}'), True, "no bearer token"),
        ((200, b'{"access_token": "abc", "token_type": "mac"}'), True, "no bearer token"),
        ((200, b" " * 70_000), True, "no bearer token"),
    ],
)
def test_whatever_a_provider_says_is_told_and_changes_nothing(
    oauth_host: OAuthHost, answer: tuple[int, bytes], *, again: bool, words: str
) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    before = kept(mailbox)
    oauth_host.mood.answer = answer
    oauth_host.mood.location = oauth_host.url("/token")

    with pytest.raises(TokenRefused) as refused:
        access_token(mailbox)

    assert (refused.value.again, refused.value.ends_consent) == (again, False)
    assert words in refused.value.words
    assert (kept(mailbox), Mailbox.objects.get().needs_consent) == (before, False)
    oauth_host.mood.answer = None
    assert access_token(mailbox)


@pytest.mark.parametrize("raw", [b"SMTP ready\r\n", b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200, b"\x00" * 70_000])
def test_an_answer_that_is_none_is_told(oauth_host: OAuthHost, raw: bytes) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    oauth_host.mood.raw = raw

    with pytest.raises(WireError) as refused:
        access_token(mailbox)

    assert (refused.value.step, refused.value.words) == (Step.TOKEN, "The provider's answer cannot be read.")


def test_a_provider_that_the_settings_name_no_more_is_told(oauth_host: OAuthHost, settings: Settings) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    settings.OAUTH_TOKEN_URL = ""

    with pytest.raises(TokenRefused, match="token") as refused:
        access_token(mailbox)

    assert refused.value.words == "This desk knows its provider no more."


def test_the_end_of_the_consent_is_kept_when_it_is_sooner(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    ends = timezone.now() + timedelta(days=180)
    set_client(
        mailbox, Client(OAuthProvider.OTHER, OAuthFlow.CONSENT, CLIENT_ID, secret=CLIENT_SECRET, secret_ends_at=ends)
    )
    oauth_host.mood.consent_s = "86400"

    access_token(mailbox)

    told = Mailbox.objects.get().secret_ends_at
    assert told is not None
    assert timedelta(hours=23) < told - timezone.now() <= timedelta(days=1)
    oauth_host.mood.consent_s = "never"
    access_token(mailbox, fresh=True)
    assert Mailbox.objects.get().secret_ends_at == told


def test_a_provider_that_quotes_our_secrets_is_not_quoted(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host, secret="wrong s3cret")

    with pytest.raises(TokenRefused) as refused:
        access_token(mailbox)

    assert refused.value.words.startswith("invalid_client: no such client")
    assert ("wrong s3cret" in refused.value.words, "'first'" in refused.value.words) == (False, False)


def test_a_provider_that_drips_is_left(oauth_host: OAuthHost, monkeypatch: pytest.MonkeyPatch) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    oauth_host.mood.drips = True
    monkeypatch.setattr(exchange, "LIMIT_S", 1.0)
    began = time.monotonic()

    with pytest.raises(WireError, match="token"):
        access_token(mailbox)

    assert time.monotonic() - began < 10


def test_a_provider_is_reached_inside_verified_tls_alone(certs: Certs, settings: Settings) -> None:
    with OAuthHost(certs.good) as host:
        settings.OAUTH_AUTHORIZE_URL = settings.OAUTH_TOKEN_URL = host.url("/token")
        mailbox = make_oauth_mailbox(host)

        with pytest.raises(WireError) as refused:
            access_token(mailbox)
        assert (refused.value.words.startswith("tls: "), refused.value.again) == (True, False)
        assert host.ledger.forms == []

        settings.OAUTH_CA_FILE = str(certs.ca)
        assert access_token(mailbox) in host.ledger.access


def test_an_address_that_is_not_on_this_machine_gets_nothing_in_plain(settings: Settings) -> None:
    settings.OAUTH_AUTHORIZE_URL = settings.OAUTH_TOKEN_URL = "http://192.0.2.1/token"

    with OAuthHost() as host, pytest.raises(WireError) as refused:
        access_token(make_oauth_mailbox(host))

    assert "Without TLS only a server on this machine" in refused.value.words


def test_another_client_or_server_gets_nothing_that_was_kept(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    access_token(mailbox)
    assert set(kept(mailbox)) >= {vault.REFRESH, vault.CLIENT_SECRET, "access_token"}

    set_client(mailbox, Client(OAuthProvider.OTHER, OAuthFlow.CONSENT, "another client"))
    assert (kept(mailbox), Mailbox.objects.get().needs_consent) == ({}, True)


def test_the_same_client_keeps_its_tokens_when_its_secret_changes(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    ends = timezone.now() + timedelta(days=180)

    set_client(
        mailbox, Client(OAuthProvider.OTHER, OAuthFlow.CONSENT, CLIENT_ID, secret=CLIENT_SECRET, secret_ends_at=ends)
    )

    row = Mailbox.objects.get()
    assert (row.needs_consent, row.secret_ends_at, kept(mailbox)[vault.REFRESH]) == (False, ends, "first")


def test_google_and_microsoft_are_reached_at_their_own_servers_alone() -> None:
    mailbox = make_mailbox(make_inbox())

    google = set_client(mailbox, Client(OAuthProvider.GOOGLE, OAuthFlow.CONSENT, "id", secret="s"))
    assert (google.imap_host, google.smtp_host, google.imap_security) == ("imap.gmail.com", "smtp.gmail.com", "tls")
    microsoft = set_client(mailbox, Client(OAuthProvider.MICROSOFT, OAuthFlow.APP, "id", "example.org", "s"))

    assert (microsoft.imap_host, microsoft.smtp_host) == ("outlook.office365.com", "smtp.office365.com")
    assert (microsoft.smtp_port, microsoft.smtp_security, microsoft.smtp_user) == (587, "starttls", USER)
    assert kept(mailbox) == {vault.CLIENT_SECRET: "s"}


def test_what_a_server_would_not_let_in_is_fetched_anew(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    first = access_token(mailbox)

    drop_access(mailbox)
    second = imap_credential(mailbox).password
    mailbox.fault_step = "sign_in"
    third = imap_credential(mailbox)

    assert len({first, second, third.password}) == 3
    assert (third.user, third.bearer, first in repr(third)) == (USER, True, False)


@pytest.fixture
def oauth_mail(oauth_host: OAuthHost) -> Iterator[MailHost]:
    """A Dovecot that takes the tokens of `oauth_host` beside its password."""
    folder = Path(tempfile.mkdtemp(prefix="postern-test-oauth-"))
    folder.chmod(0o755)
    host = MailHost(extra=oauth_host.dovecot(folder))
    try:
        host.start()
        yield host
    finally:
        host.remove()
        shutil.rmtree(folder)


@pytest.mark.dovecot
def test_mail_is_fetched_by_token_from_dovecot(oauth_host: OAuthHost, oauth_mail: MailHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    Mailbox.objects.update(imap_port=oauth_mail.port, smtp_host="")
    oauth_mail.append(make_mail())

    assert poll(mailbox.pk).stored == 1
    assert RawMail.objects.count() == 1
    probed = list(try_mailbox(Mailbox.objects.get()))
    assert [(each.side, each.step.step.value, each.step.ok) for each in probed] == [
        ("oauth", "token", True), ("imap", "dns", True), ("imap", "tcp", True), ("imap", "sign_in", True),
        ("imap", "folder", True), ("imap", "fetch", True),
    ]  # fmt: skip


@pytest.mark.dovecot
def test_a_token_of_somebody_else_names_the_sign_in_and_mends_itself(
    oauth_host: OAuthHost, oauth_mail: MailHost
) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    Mailbox.objects.update(imap_port=oauth_mail.port, smtp_host="")
    access_token(mailbox)
    oauth_host.ledger.access.clear()

    with pytest.raises(WireError) as refused:
        poll(mailbox.pk)
    assert (refused.value.step, Mailbox.objects.get().fault_step) == (Step.SIGN_IN, "sign_in")

    poll(mailbox.pk)
    assert Mailbox.objects.get().fault_step == ""


def test_a_test_of_a_mailbox_ends_at_the_token_with_the_providers_words(oauth_host: OAuthHost) -> None:
    make_oauth_mailbox(oauth_host)
    oauth_host.mood.answer = (401, json.dumps({"error": "invalid_client", "error_description": "ended"}).encode())

    (probed,) = try_mailbox(Mailbox.objects.get())

    assert (probed.side, probed.step.step, probed.step.ok) == ("oauth", Step.TOKEN, False)
    assert probed.step.words == "invalid_client: ended"
    assert Entry.objects.get(action=Action.MAILBOX_TESTED).outcome == Outcome.FAILED


def test_mail_is_sent_by_token(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    with SmtpHost(Protection(user=USER, token_is_good=lambda token: token in oauth_host.ledger.access)) as smtp:
        Mailbox.objects.update(smtp_port=smtp.port)
        row = make_reply(make_ticket())
        OutboundMail.objects.update(send_after=timezone.now())

        assert deliver_mail(row.pk) == OutState.SENT

        oauth_host.ledger.access.clear()
        POOL.close_idle()
        again = make_reply(row.message.ticket if row.message else make_ticket(), "Once more.")
        OutboundMail.objects.filter(pk=again.pk).update(send_after=timezone.now())
        assert deliver_mail(again.pk) == OutState.DEFERRED
        assert OutboundMail.objects.get(pk=again.pk).reason == "sign_in"
        OutboundMail.objects.filter(pk=again.pk).update(send_after=timezone.now())
        assert deliver_mail(again.pk) == OutState.SENT

        assert len(smtp.received) == 2
    assert mailbox.smtp_security == Security.PLAINTEXT_LOOPBACK


def test_mail_waits_while_nobody_consents(oauth_host: OAuthHost) -> None:
    make_oauth_mailbox(oauth_host)
    oauth_host.revoke()
    row = make_reply(make_ticket())
    OutboundMail.objects.update(send_after=timezone.now())

    assert deliver_mail(row.pk) == OutState.DEFERRED

    assert OutboundMail.objects.get().reason == "token"
    assert Mailbox.objects.get().needs_consent


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_use_a_refresh_token_once(oauth_host: OAuthHost) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    got: list[str] = []

    def work() -> None:
        try:
            got.append(access_token(mailbox))
        finally:
            connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)

    assert (len(got), len(set(got)), len(oauth_host.ledger.forms)) == (4, 1, 1)
    assert {kept(mailbox)[vault.REFRESH]} == oauth_host.ledger.refresh


@pytest.mark.django_db(transaction=True)
def test_a_row_that_somebody_holds_is_waited_for_not_for_ever(
    oauth_host: OAuthHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    mailbox = make_oauth_mailbox(oauth_host)
    monkeypatch.setattr("inbox.mail.oauth.credentials._LOCK_S", 1)
    outcome: list[WireError] = []

    def work() -> None:
        try:
            access_token(mailbox)
        except WireError as error:
            outcome.append(error)
        finally:
            connection.close()

    with transaction.atomic():
        vault.lock(mailbox)
        worker = threading.Thread(target=work)
        worker.start()
        worker.join(20)

    assert [(error.words, error.again) for error in outcome] == [("The mailbox is busy just now.", True)]
    assert access_token(mailbox)
