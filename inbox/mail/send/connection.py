"""One connection to an SMTP server: opened inside verified TLS, signed in, left politely; failures as a WireError."""

import base64
import io
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Final

from inbox.mail.imap.wire import (
    Security,
    Server,
    Step,
    StepResult,
    WireError,
    open_socket,
    plain_words,
    secrets_of,
    step_results,
    tls_context,
    tls_error,
    xoauth2,
)
from inbox.mail.send.hearing import Hearing

_CONNECT_S: Final = 10.0
_PROBE_S: Final = 20.0
_PROBE_STEPS: Final = (Step.DNS, Step.TCP, Step.TLS, Step.SIGN_IN, Step.SEND)
_HELLO: Final = "[127.0.0.1]"


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where mail is handed in. An empty `user` means without signing in; `hello` is our name in EHLO.

    `bearer`: the password is an access token, and the sign-in XOAUTH2.
    """

    host: str
    port: int
    security: Security
    ca_file: str | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    bearer: bool = False
    hello: str = _HELLO

    @property
    def address(self) -> Server:
        """Where it listens, without the account."""
        return Server(self.host, self.port, self.security, self.ca_file)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What its words are never quoted with."""
        return secrets_of(self.user, self.password)


def probe_smtp(server: SmtpServer) -> list[StepResult]:
    """Return the outcome of each step up to the first that failed. Signs in, sends nothing."""
    failed: WireError | None = None
    try:
        client = open_connection(server, timeout_s=_PROBE_S)
        try:
            with _failing_at(Step.SEND, server.secrets):
                _ask_sign_of_life(client)
        finally:
            leave(client)
    except WireError as error:
        failed = error
    return step_results(server.address, _PROBE_STEPS, failed=failed)


def _ask_sign_of_life(client: smtplib.SMTP) -> None:
    code, said = client.noop()
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)


class _Client(smtplib.SMTP):
    """smtplib over a socket that was opened and verified before."""

    def __init__(self, server: SmtpServer, sock: socket.socket, timeout_s: float) -> None:
        self._opened = sock
        self._hearing: Hearing | None = None
        super().__init__(server.host, server.port, local_hostname=server.hello, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - the library's signature
        return self._opened

    def getreply(self) -> tuple[int, bytes]:
        """Return the server's answer. Raises SMTPServerDisconnected for one that does not end."""
        if self.file is None and self.sock is not None:
            self._hearing = Hearing(self.sock)  # anew within TLS: what was said before it counts no more
            self.file = io.BufferedReader(self._hearing)
        if self._hearing is not None:
            self._hearing.expect()
        return super().getreply()


def open_connection(server: SmtpServer, *, timeout_s: float) -> smtplib.SMTP:
    """Return a greeted, protected, signed-in connection; `timeout_s` bounds each wait on it. Raises WireError."""
    sock = open_socket(server.address, connect_s=_CONNECT_S, read_s=timeout_s)
    client: smtplib.SMTP | None = None
    try:
        with _failing_at(Step.TCP, server.secrets):
            client = _Client(server, sock, timeout_s)
            client.ehlo_or_helo_if_needed()
        _protect(client, server)
        if server.user:
            _sign_in(client, server)
    except WireError:
        sock.close() if client is None else client.close()
        raise
    return client


def leave(client: smtplib.SMTP) -> None:
    """Say goodbye and close. Never raises and never waits: the outcome is known and must be kept at once."""
    with suppress(smtplib.SMTPException, OSError):
        client.send(b"QUIT\r\n")
    client.close()


def _protect(client: smtplib.SMTP, server: SmtpServer) -> None:
    """Start TLS where that is to be done, or fail: nothing meant for TLS is ever said in plain."""
    if server.security is not Security.STARTTLS:
        return
    context = tls_context(server.address)
    with _failing_at(Step.TLS, server.secrets):
        client.starttls(context=context)
        client.ehlo_or_helo_if_needed()


def _sign_in(client: smtplib.SMTP, server: SmtpServer) -> None:
    with _failing_at(Step.SIGN_IN, server.secrets):
        if server.bearer:
            _present_token(client, server)
            return
        if (server.user + server.password).isascii():
            client.login(server.user, server.password)
            return
        # smtplib signs in with ASCII alone; RFC 4616 says UTF-8
        token = base64.b64encode(f"\0{server.user}\0{server.password}".encode()).decode()
        code, said = client.docmd("AUTH", f"PLAIN {token}")
        if code not in (235, 503):
            raise smtplib.SMTPAuthenticationError(code, said)


def _present_token(client: smtplib.SMTP, server: SmtpServer) -> None:
    token = base64.b64encode(xoauth2(server.user, server.password)).decode()
    code, said = client.docmd("AUTH", f"XOAUTH2 {token}")
    if code == 334:
        # The error itself, which wants an empty answer before the server says no.
        code, said = client.docmd("")
    if code != 235:
        raise smtplib.SMTPAuthenticationError(code, said)


@contextmanager
def _failing_at(step: Step, secrets: Sequence[str]) -> Iterator[None]:
    """Turn what smtplib raises into a WireError of this step, without the cause: that may hold the password."""
    try:
        yield
    except smtplib.SMTPResponseException as error:
        words = plain_words(error.smtp_error, secrets=secrets)
        raise WireError(step, words, again=400 <= error.smtp_code < 500) from None
    except smtplib.SMTPNotSupportedError as error:
        raise WireError(step, plain_words(error), again=False) from None
    except ssl.SSLCertVerificationError as error:
        raise tls_error(error) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise WireError(step, plain_words(error, secrets=secrets), again=True) from None
