"""Access tokens: fetched before they end, rotated under a lock, and a consent that ended is told once."""

import json
import logging
import shutil
import tempfile
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import time_machine
from django.db import connection, transaction
from django.utils import timezone

from audit.actions import Action, Outcome
from audit.models import Entry
from inbox.mail.imap.wire import Security, Step, WireError
from inbox.mail.models import Mailbox, OutboundMail, RawMail
from inbox.mail.oauth import vault
from inbox.mail.oauth.credentials import access_token, drop_access, imap_credential
from inbox.mail.oauth.exchange import TokenRefused
from inbox.mail.receive.poll import poll
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.send.pool import POOL
from inbox.mail.services.consent import Client, connect_app, set_client
from inbox.mail.services.mailboxes import test_mailbox as try_mailbox
from inbox.mail.states import OAuthFlow, OAuthProvider, OutState
from tests.inbox.mail.oauth.boxes import kept, make_oauth_mailbox
from tests.make import make_inbox, make_mail, make_mailbox, make_reply, make_ticket
from tests.servers.dovecot import USER, MailHost
from tests.servers.oauth import CLIENT_ID, CLIENT_SECRET, OAuthHost
from tests.servers.smtp import Protection, SmtpHost

pytestmark = pytest.mark.django_db


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
