"""How a mail server is reached: TLS is always verified, plaintext stays on this machine, secrets stay out of words."""

import socket
import ssl

import pytest

from inbox.mail.imap.probe import probe
from inbox.mail.imap.wire import Security, Server, Step, StepResult, WireError, open_socket, plain_words, tls_context
from tests.servers.certs import Certs
from tests.servers.dovecot import PASSWORD, USER, MailHost


def _probe(server: Server, password: str = PASSWORD, folder: str = "INBOX") -> list[StepResult]:
    return probe(server, user=USER, password=password, folder=folder)


def _steps(results: list[StepResult]) -> list[tuple[Step, bool]]:
    return [(result.step, result.ok) for result in results]


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
def test_verified_tls_reaches_the_mails(certs: Certs, security: Security) -> None:
    host = MailHost(tls=certs.good)
    try:
        host.start()

        results = _probe(host.server(security, ca=certs.ca))
        stranger = _probe(host.server(security, ca=certs.other_ca))
        system = _probe(host.server(security))
    finally:
        host.remove()

    assert all(result.ok for result in results)
    assert [result.step for result in results] == [
        Step.DNS,
        Step.TCP,
        Step.TLS,
        Step.SIGN_IN,
        Step.FOLDER,
        Step.FETCH,
    ]
    assert _steps(stranger) == _steps(system) == [(Step.DNS, True), (Step.TCP, True), (Step.TLS, False)]
    assert "self-signed" in system[-1].words or "unable to get local issuer" in system[-1].words


@pytest.mark.parametrize("security", [Security.TLS, Security.STARTTLS])
@pytest.mark.parametrize(("leaf", "words"), [("expired", "expired"), ("wrong_host", "mismatch")])
def test_bad_certificate_is_refused(certs: Certs, security: Security, leaf: str, words: str) -> None:
    host = MailHost(tls=getattr(certs, leaf))
    try:
        host.start()

        results = _probe(host.server(security, ca=certs.ca))
    finally:
        host.remove()

    assert _steps(results) == [(Step.DNS, True), (Step.TCP, True), (Step.TLS, False)]
    assert words in results[-1].words


def test_missing_starttls_fails_closed(mail_host: MailHost, certs: Certs) -> None:
    results = _probe(mail_host.server(Security.STARTTLS, ca=certs.ca))

    assert _steps(results) == [(Step.DNS, True), (Step.TCP, True), (Step.TLS, False)]
    assert results[-1].words == "The server offers no STARTTLS."


def test_unreadable_ca_file_is_told(mail_host: MailHost, certs: Certs) -> None:
    missing = certs.ca.with_name("missing.pem")

    results = _probe(mail_host.server(Security.STARTTLS, ca=missing))

    assert results[-1] == StepResult(Step.TLS, ok=False, words="The CA file cannot be read: No such file or directory.")


def test_plaintext_leaves_this_machine_never(monkeypatch: pytest.MonkeyPatch) -> None:
    def far(*_args: object, **_kwargs: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", 143))]

    def unwanted(*_args: object) -> socket.socket:
        raise AssertionError("connected")

    monkeypatch.setattr(socket, "getaddrinfo", far)
    monkeypatch.setattr(socket, "create_connection", unwanted)

    with pytest.raises(WireError) as caught:
        open_socket(Server("mail.example.org", 143, Security.PLAINTEXT_LOOPBACK), connect_s=1, read_s=1)

    assert (caught.value.step, caught.value.again) == (Step.TCP, False)
    with pytest.raises(AssertionError, match="connected"):
        open_socket(Server("mail.example.org", 143, Security.STARTTLS), connect_s=1, read_s=1)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_plaintext_to_this_machine_is_allowed(mail_host: MailHost, host: str) -> None:
    results = _probe(Server(host, mail_host.port, Security.PLAINTEXT_LOOPBACK))

    assert [result.step for result in results] == [Step.DNS, Step.TCP, Step.SIGN_IN, Step.FOLDER, Step.FETCH]
    assert all(result.ok for result in results)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 300])
def test_unknown_host_fails_at_dns(host: str) -> None:
    results = _probe(Server(host, 993, Security.TLS))

    assert _steps(results) == [(Step.DNS, False)]
    assert results[0].words


def test_closed_port_fails_at_tcp(mail_host: MailHost) -> None:
    server = mail_host.server()
    mail_host.stop()

    results = _probe(server)

    assert results == [StepResult(Step.DNS, ok=True), StepResult(Step.TCP, ok=False, words="Connection refused")]


def test_plain_port_spoken_to_in_tls_fails_at_tls(mail_host: MailHost, certs: Certs) -> None:
    results = _probe(Server("localhost", mail_host.port, Security.TLS, str(certs.ca)))

    assert _steps(results) == [(Step.DNS, True), (Step.TCP, True), (Step.TLS, False)]


def test_wrong_password_and_folder_are_told_in_the_servers_words(mail_host: MailHost) -> None:
    server = mail_host.server()

    wrong_password = _probe(server, password="not the password")
    wrong_folder = _probe(server, folder="Täglich")
    right = _probe(server)

    assert wrong_password[-1] == StepResult(
        Step.SIGN_IN, ok=False, words="[AUTHENTICATIONFAILED] Authentication failed."
    )
    assert (wrong_folder[-1].step, wrong_folder[-1].ok) == (Step.FOLDER, False)
    assert "Mailbox doesn't exist" in wrong_folder[-1].words
    assert all(result.ok for result in right)


def test_plain_words_hold_no_secret_and_no_control_character() -> None:
    raw = b"NO bad \x1b[31mpass\xe2\x80\xaeword hunter2\r\n" + b"x" * 900

    words = plain_words(raw, secrets=("hunter2", ""))

    assert words.startswith("NO bad [31mpassword *** xxx")
    assert len(words) == 300
    assert words.isprintable()


def test_tls_context_checks_everything() -> None:
    context = tls_context(Server("mail.example.org", 993, Security.TLS))

    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
