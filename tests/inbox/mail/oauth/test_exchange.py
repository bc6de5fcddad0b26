"""What a provider says, or sends instead, and what becomes of it."""

import time

import pytest
from pytest_django import Settings

from inbox.mail.imap.wire import Step, WireError
from inbox.mail.models import Mailbox
from inbox.mail.oauth import exchange
from inbox.mail.oauth.credentials import access_token
from inbox.mail.oauth.exchange import TokenRefused
from tests.inbox.mail.oauth.boxes import kept, make_oauth_mailbox
from tests.servers.certs import Certs
from tests.servers.oauth import OAuthHost

pytestmark = pytest.mark.django_db


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
