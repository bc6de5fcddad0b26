"""An SMTP server for tests that keeps what it gets and misbehaves on demand."""

import asyncio
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from helpdesk.demo.dovecot import HOST, TlsFiles, free_port
from inbox.mail.imap.wire import Security
from inbox.mail.send.connection import SmtpServer
from inbox.mail.send.pool import POOL


@dataclass(frozen=True, slots=True)
class Received:
    """One mail as it came: the envelope and the bytes between DATA and the final dot, un-stuffed."""

    sender: str
    recipients: tuple[str, ...]
    mime: bytes
    options: tuple[str, ...]


@dataclass(slots=True)
class Mood:
    """How the server behaves; may be changed while it runs.

    `rcpt` maps a recipient to its answer. `answers` are given to the next mails in turn: a text is the reply to DATA,
    DROP closes the connection without one, FREEZE says nothing until the client leaves; all three keep the mail.
    `hidden` are EHLO words not offered (`STARTTLS`, `8BITMIME`, `SMTPUTF8`, `SIZE`).
    """

    rcpt: dict[str, str] = field(default_factory=dict)
    answers: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)
    mail_from: str = ""


_ERROR = b64encode(b'{"status":"401"}').decode()
DROP = "drop"
FREEZE = "freeze"


@dataclass(frozen=True, slots=True)
class Protection:
    """What a server offers: TLS by these files, from the first byte or after STARTTLS; an account to sign in with.

    With `token_is_good` the user signs in by XOAUTH2 with an access token.
    """

    tls: TlsFiles | None = None
    from_first_byte: bool = False
    user: str = ""
    password: str = ""
    size_limit: int = 0
    token_is_good: Callable[[str], bool] | None = None


class SmtpHost:
    """The server as a context manager."""

    def __init__(self, protection: Protection | None = None) -> None:
        self.protection = protection or Protection()
        self.mood = Mood()
        self.received: list[Received] = []
        self.left = threading.Event()
        self.port = free_port()
        self._controller = self._make_controller()

    def __enter__(self) -> "SmtpHost":
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.left.set()
        POOL.close_idle()
        self._controller.stop()

    def server(self, security: Security = Security.PLAINTEXT_LOOPBACK, *, ca: object = None) -> SmtpServer:
        """Return how to reach it, with its account when it has one; over TLS by the name localhost."""
        host = HOST if security is Security.PLAINTEXT_LOOPBACK else "localhost"
        user, password = self.protection.user, self.protection.password
        return SmtpServer(host, self.port, security, str(ca) if ca else None, user=user, password=password)

    def _make_controller(self) -> Controller:
        protection = self.protection
        context = None
        if protection.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(protection.tls.certificate, protection.tls.key)
        return Controller(
            _Handler(self),
            HOST,
            self.port,
            ssl_context=context if protection.from_first_byte else None,
            tls_context=None if protection.from_first_byte else context,
            authenticator=self._authenticate if protection.user else None,
            auth_require_tls=False,
            data_size_limit=protection.size_limit or 33_554_432,
        )

    def _authenticate(
        self, _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, data: object
    ) -> AuthResult:
        right = LoginPassword(self.protection.user.encode(), self.protection.password.encode())
        return AuthResult(success=data == right, handled=False)


class _Handler:
    """aiosmtpd's hooks."""

    def __init__(self, host: SmtpHost) -> None:
        self._host = host

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:  # noqa: N802 - the library's name
        """Let the user of a good token in; else say why, and wait for the empty answer."""
        user, bearer, _ = b64decode(args[1]).decode().split("\x01", 2)
        good, protection = self._host.protection.token_is_good, self._host.protection
        token = bearer.removeprefix("auth=Bearer ")
        if good is not None and good(token) and user == f"user={protection.user}":
            return AuthResult(success=True, handled=False)
        await server.push(f"334 {_ERROR}")
        await server._reader.readline()
        await server.push("535 5.7.8 this token lets nobody in")
        return AuthResult(success=False, handled=True)

    async def handle_EHLO(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Leave out what the mood hides."""
        session.host_name = hostname
        hidden = self._host.mood.hidden
        kept = [line for line in responses[:-1] if line[4:].split()[0] not in hidden]
        return [*kept, responses[-1]]

    async def handle_MAIL(  # noqa: N802 - the library's name
        self, _server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the sender, or not."""
        if self._host.protection.user and not session.authenticated:
            return "530 5.7.0 sign in first"
        if self._host.mood.mail_from:
            return self._host.mood.mail_from
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        answer = self._host.mood.rcpt.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        """Keep the mail, then answer as the mood says."""
        content = envelope.original_content or b""
        recipients = tuple(envelope.rcpt_tos)
        options = tuple(envelope.mail_options)
        sender = (envelope.mail_from or "").removeprefix("<").removesuffix(">")
        self._host.received.append(Received(sender, recipients, content, options))
        answers = self._host.mood.answers
        answer = answers.pop(0) if answers else "250 2.0.0 kept"
        if answer == DROP and isinstance(server.transport, asyncio.WriteTransport):
            server.transport.abort()
        if answer == FREEZE:
            await server.loop.run_in_executor(None, self._host.left.wait, 20)
        return answer if answer not in (DROP, FREEZE) else "421 too late"
