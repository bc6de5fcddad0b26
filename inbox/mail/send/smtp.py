"""One mail over SMTP: verified TLS, and an outcome that says sent, deferred, refused or uncertain. Knows no rows."""

import base64
import re
import smtplib
import socket
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import idna

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

_CONNECT_S: Final = 10.0
_GOODBYE_S: Final = 3.0
_PROBE_S: Final = 20.0
_PROBE_STEPS: Final = (Step.DNS, Step.TCP, Step.TLS, Step.SIGN_IN, Step.SEND)
_HELLO: Final = "[127.0.0.1]"
_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_FIRST_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>\x00-\x20\x7f]+@[^\s<>@\x00-\x20\x7f]+")


class OutcomeKind(StrEnum):
    """How a try ended. Only UNCERTAIN leaves open whether the server has the mail."""

    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


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


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A recipient that the server would not take: `again` when it may later (4xx), else for good (5xx)."""

    recipient: str
    code: int
    words: str
    again: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended, for which recipients, in the server's own words (short, printable, without the password).

    SENT: the server has the mail for `accepted`; those in `turned_away` did not get it. DEFERRED: nobody got it, try
    again later; `step` tells how far it came. REFUSED: nobody got it and nobody will. UNCERTAIN: the connection died
    after the last byte and before the answer (RFC 5321 4.2.5).
    """

    kind: OutcomeKind
    words: str = ""
    code: int = 0
    step: Step = Step.SEND
    accepted: tuple[str, ...] = ()
    turned_away: tuple[TurnedAway, ...] = ()

    @property
    def again(self) -> bool:
        """Whether the same try may be repeated by itself without a mail arriving twice."""
        return self.kind is OutcomeKind.DEFERRED


def deliver(server: SmtpServer, *, sender: str, recipients: Sequence[str], mime: bytes, timeout_s: float) -> Outcome:
    """Hand one mail in and return how it ended; never raises for what a server does.

    `sender` is the envelope's, "" for the null sender. `mime` goes out as it is but for its line ends, which become
    CRLF. `timeout_s` bounds each wait for the server, the one after the final dot too.
    """
    if sender and not _ADDRESS.fullmatch(sender):
        return Outcome(OutcomeKind.REFUSED, "The sender is no address.")
    body = _LINE_END.sub(b"\r\n", mime)
    try:
        with _session(server, timeout_s) as client:
            return _Delivery(client, server.secrets).run(sender, recipients, body)
    except WireError as error:
        return Outcome(OutcomeKind.DEFERRED, error.words, step=error.step)


def probe_smtp(server: SmtpServer) -> list[StepResult]:
    """Return the outcome of each step up to the first that failed. Signs in, sends nothing."""
    failed: WireError | None = None
    try:
        with _session(server, _PROBE_S) as client, _failing_at(Step.SEND, server.secrets):
            _ask_sign_of_life(client)
    except WireError as error:
        failed = error
    return step_results(server.address, _PROBE_STEPS, failed=failed)


def _ask_sign_of_life(client: smtplib.SMTP) -> None:
    code, said = client.noop()
    if code != 250:
        raise smtplib.SMTPResponseException(code, said)


class _Delivery:
    """One mail transaction on an open connection."""

    def __init__(self, client: smtplib.SMTP, secrets: Sequence[str]) -> None:
        self._client = client
        self._secrets = secrets
        self._accepted: list[str] = []
        self._turned_away: list[TurnedAway] = []

    def run(self, sender: str, recipients: Sequence[str], body: bytes) -> Outcome:
        """Go through MAIL, RCPT and DATA. Until the last byte is out, a lost connection means deferred."""
        unfit = self._unfit(sender, body)
        if unfit:
            return Outcome(OutcomeKind.REFUSED, unfit)
        fit = [recipient for recipient in recipients if self._is_fit(recipient)]
        if not fit:
            return self._nobody()
        try:
            refusal = self._envelope(sender, fit, body) or self._content(body)
        except (smtplib.SMTPException, OSError) as error:
            return self._end(OutcomeKind.DEFERRED, 0, error)
        return refusal or self._verdict()

    def _unfit(self, sender: str, body: bytes) -> str:
        """Return why this server cannot take this mail at all, or an empty text."""
        if not body.isascii() and not self._client.has_extn("8bitmime"):
            return "The server takes no 8-bit mail."
        if not _ascii_domain(sender).isascii() and not self._client.has_extn("smtputf8"):
            return "The server takes no sender outside ASCII."
        limit = self._client.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(body):
            return f"The mail has {len(body)} bytes, the server takes {limit}."
        return ""

    def _is_fit(self, recipient: str) -> bool:
        """Tell whether the recipient can be named to this server; who cannot be is turned away."""
        unfit = ""
        if not _ADDRESS.fullmatch(recipient):
            unfit = "This is no address."
        elif not _ascii_domain(recipient).isascii() and not self._client.has_extn("smtputf8"):
            unfit = "The server takes no recipient outside ASCII."
        if unfit:
            self._turned_away.append(TurnedAway(recipient, 0, unfit, again=False))
        return not unfit

    def _envelope(self, sender: str, recipients: Sequence[str], body: bytes) -> Outcome | None:
        """Name sender and recipients. Returns an outcome when nobody is left to send to."""
        utf8 = not all(_ascii_domain(address).isascii() for address in (sender, *recipients))
        self._client.command_encoding = "utf-8" if utf8 else "ascii"
        options = _options(self._client, body, utf8=utf8)
        code, said = self._client.docmd(f"MAIL FROM:<{_ascii_domain(sender)}>{options}")
        if code != 250:
            return self._answer(code, said)
        for recipient in recipients:
            code, said = self._client.docmd(f"RCPT TO:<{_ascii_domain(recipient)}>")
            if code == 421:
                return self._answer(code, said)
            self._note(recipient, code, said)
        return None if self._accepted else self._nobody()

    def _note(self, recipient: str, code: int, said: bytes) -> None:
        if code in (250, 251):
            self._accepted.append(recipient)
        else:
            self._turned_away.append(TurnedAway(recipient, code, self._words(said), again=code < 500))

    def _nobody(self) -> Outcome:
        """Return the outcome when every recipient was turned away: deferred if one of them may be taken later."""
        later = next((one for one in self._turned_away if one.again), None)
        told = later or next(iter(self._turned_away), None)
        kind = OutcomeKind.DEFERRED if later else OutcomeKind.REFUSED
        return self._end(kind, told.code if told else 0, told.words if told else "The mail has no recipient.")

    def _content(self, body: bytes) -> Outcome | None:
        """Send the mail up to, not with, the final dot. Returns an outcome when the server does not want it."""
        code, said = self._client.docmd("DATA")
        if code != 354:
            return self._answer(code, said)
        self._client.send(_FIRST_DOT.sub(b"..", body))
        if not body.endswith(b"\r\n"):
            self._client.send(b"\r\n")
        return None

    def _verdict(self) -> Outcome:
        """Send the final dot and wait: from here on silence leaves it open whether the server has the mail."""
        try:
            self._client.send(b".\r\n")
            code, said = self._client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return self._end(OutcomeKind.UNCERTAIN, 0, error)
        if 400 <= code < 600:
            return self._answer(code, said)
        return self._end(OutcomeKind.SENT if 200 <= code < 300 else OutcomeKind.UNCERTAIN, code, said)

    def _answer(self, code: int, said: bytes) -> Outcome:
        return self._end(OutcomeKind.REFUSED if 500 <= code < 600 else OutcomeKind.DEFERRED, code, said)

    def _end(self, kind: OutcomeKind, code: int, said: object) -> Outcome:
        reached = kind in (OutcomeKind.SENT, OutcomeKind.UNCERTAIN)
        accepted = tuple(self._accepted) if reached else ()
        return Outcome(kind, self._words(said), code, accepted=accepted, turned_away=tuple(self._turned_away))

    def _words(self, said: object) -> str:
        return plain_words(said, secrets=self._secrets)


class _Client(smtplib.SMTP):
    """smtplib over a socket that was opened and verified before."""

    def __init__(self, server: SmtpServer, sock: socket.socket, timeout_s: float) -> None:
        self._opened = sock
        super().__init__(server.host, server.port, local_hostname=server.hello, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:  # noqa: ARG002 - the library's signature
        return self._opened


@contextmanager
def _session(server: SmtpServer, timeout_s: float) -> Iterator[smtplib.SMTP]:
    """Yield a greeted, protected, signed-in connection and close it politely. Raises WireError."""
    sock = open_socket(server.address, connect_s=_CONNECT_S, read_s=timeout_s)
    client: smtplib.SMTP | None = None
    try:
        with _failing_at(Step.TCP, server.secrets):
            client = _Client(server, sock, timeout_s)
            client.ehlo_or_helo_if_needed()
        _protect(client, server)
        if server.user:
            _sign_in(client, server)
        yield client
        with suppress(smtplib.SMTPException, OSError):
            client.send(b"QUIT\r\n")  # its answer is not waited for: the outcome is known and must be kept at once
    finally:
        if client is not None:
            client.close()
        sock.close()


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


def _options(client: smtplib.SMTP, body: bytes, *, utf8: bool) -> str:
    """Return the parameters of MAIL FROM that this server offers and this mail needs."""
    offered = [f" SIZE={len(body)}"] if client.has_extn("size") else []
    if not body.isascii():
        offered.append(" BODY=8BITMIME")
    if utf8:
        offered.append(" SMTPUTF8")
    return "".join(offered)


def ascii_domain(domain: str) -> str:
    """Return `domain` in the DNS's own letters (RFC 5890); as it is where that cannot be.

    After IDNA 2008: the codec of the standard library would make another domain of one with ß or a final sigma.
    """
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return domain


def _ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + ascii_domain(domain)
