"""One IMAP connection: opened inside verified TLS, signed in, closed; what the library raises becomes a WireError."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import CapabilityError, IMAPClientAbortError, IMAPClientError
from imapclient.imap4 import IMAP4WithTimeout

from inbox.mail.imap.wire import (
    Security,
    Server,
    Step,
    WireError,
    open_socket,
    plain_words,
    secrets_of,
    tls_context,
    tls_error,
    xoauth2,
)

_TOO_LATE: Final = "The server did not answer in time."
_GOODBYE_S: Final = 3.0
MOST_BYTES: Final = 192 * 1024 * 1024
"""No answer to one command is longer: mails are asked for in batches of a few MiB, which a server may tell wrongly."""
_LINE_BYTES: Final = 200
"""What a line costs besides its own bytes."""
_ANSWER: Final = 2.5
"""An answer may take this many times the wait for its next byte: a server that drips does not hold us for ever."""
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ATOM: Final = re.compile(r"[A-Za-z0-9!#$&'+,\-./:;=?@^_`|}~]+")
_BYTES_SHOWN: Final = re.compile(r"\[?b(['\"])(.*?)\1\]?")  # imaplib shows the server's bytes as Python does
_PASSING: Final = re.compile(r"\[(UNAVAILABLE|INUSE|LIMIT|SERVERBUG)\]", re.IGNORECASE)


class Connection:
    """A connection to an IMAP server. After a failure that leaves the line in doubt it is only fit to be closed."""

    def __init__(self, server: Server, timeout: SocketTimeout) -> None:
        self._server = server
        self._timeout = timeout
        self._secrets: tuple[str, ...] = ()
        self._opened: socket.socket | None = None
        self._is_cut = False
        self.is_in_doubt = False
        """Whether what comes next on the line can no longer be trusted."""
        self._client: IMAPClient | None = None

    @property
    def client(self) -> IMAPClient:
        """The library's client of the open connection."""
        if self._client is None:
            raise RuntimeError("this connection is not open")
        return self._client

    def open(self) -> None:
        """Connect, inside verified TLS unless the server is on this machine. STARTTLS fails closed."""
        self._opened = open_socket(self._server, connect_s=self._timeout.connect, read_s=self._timeout.read)
        with self.at(Step.TCP):
            self._client = _Client(self._server, self._opened, self._timeout)
        if self._server.security is Security.STARTTLS:
            self._start_tls()

    def sign_in(self, user: str, password: str) -> None:
        """Sign in. Raises WireError with the server's words, in which the password is blotted out."""
        self._hold(user, password)
        with self.at(Step.SIGN_IN):
            if (user + password).isascii():
                self.client.login(_astring(user), password)
            else:
                self.client.plain_login(user, password)

    def sign_in_by_token(self, user: str, token: str) -> None:
        """Sign in by XOAUTH2. Raises WireError with the server's words, in which the token is blotted out."""
        self._hold(user, token)
        words = xoauth2(user, token)
        with self.at(Step.SIGN_IN):
            # An error comes as one more challenge: it wants an empty answer before the server says no.
            self.client.sasl_login("XOAUTH2", lambda challenge: b"" if challenge else words)

    def close(self) -> None:
        """Say goodbye and close; close at once when the line is in doubt. Never raises and never waits long."""
        client = self._client
        if client is None:
            return
        try:
            if self.is_in_doubt:
                client.shutdown()
            else:
                client.socket().settimeout(_GOODBYE_S)
                with self._no_longer_than(_GOODBYE_S):
                    client.logout()
        except (OSError, IMAPClientError, ValueError):
            client.socket().close()
        finally:
            self._client = None

    @contextmanager
    def at(self, step: Step) -> Iterator[None]:
        """Turn what the library raises into a WireError of this step, without the cause: that may hold the password."""
        try:
            with self._no_longer_than(self._timeout.read * _ANSWER):
                yield
        except TimeoutError:
            self.is_in_doubt = True
            raise WireError(step, _TOO_LATE, again=True) from None
        except (OSError, IMAPClientAbortError) as error:
            self.is_in_doubt = True
            raise WireError(step, _TOO_LATE if self._is_cut else self._words(error), again=True) from None
        except IMAPClientError as error:
            words = self._words(error)
            again = step is Step.FETCH or _PASSING.search(words) is not None
            raise WireError(step, words, again=again) from None
        except ValueError:
            self.is_in_doubt = True
            raise WireError(step, "The server's answer cannot be read.", again=True) from None

    @contextmanager
    def _no_longer_than(self, seconds: float) -> Iterator[None]:
        """Cut the line when what is done inside takes longer: whoever reads from it then finds its end."""
        watch = threading.Timer(seconds, self._cut)
        watch.daemon = True
        watch.start()
        try:
            yield
        finally:
            watch.cancel()

    def _cut(self) -> None:
        self._is_cut = True
        line = self._client.socket() if self._client else self._opened
        if line is not None:
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # not TLS's own, which another thread is reading from

    def _hold(self, user: str, secret: str) -> None:
        if _CONTROL.search(user + secret):
            raise WireError(Step.SIGN_IN, "The user name or password holds a control character.", again=False)
        self._secrets = secrets_of(user, secret)

    def _start_tls(self) -> None:
        try:
            with self._no_longer_than(self._timeout.read * _ANSWER):
                self.client.starttls(tls_context(self._server))
        except (WireError, IMAPClientError, OSError, ValueError) as error:
            self.is_in_doubt = True
            self.close()
            raise _starttls_error(error) from error

    def _words(self, error: Exception) -> str:
        return plain_words(_BYTES_SHOWN.sub(r"\2", str(error)), secrets=self._secrets)


class _Wire(IMAP4WithTimeout):
    """imaplib's protocol over a socket that was opened and verified before."""

    def __init__(self, server: Server, sock: socket.socket, timeout_s: float) -> None:
        self._opened = sock
        self._left_bytes = MOST_BYTES
        super().__init__(server.host, server.port, timeout_s)

    def _create_socket(self, timeout: float | None = None) -> socket.socket:  # noqa: ARG002 - the library's signature
        return self._opened

    def _new_tag(self) -> bytes:
        """Begin a command, whose answer has its own room."""
        self._left_bytes = MOST_BYTES
        tag: bytes = super()._new_tag()  # type: ignore[misc] # the library's own
        return tag

    def read(self, size: int) -> bytes:
        """Read a literal of the length that the server tells; for one that is too long no memory is taken."""
        self._take_room(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line."""
        line = super().readline()
        self._take_room(len(line) + _LINE_BYTES)
        return line

    def _take_room(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            raise self.abort("The answer is too long.")


class _Client(IMAPClient):
    """imapclient over a socket of ours, with its logging off.

    The library formats every answer, the whole mail included, for a debug log that nobody may have: that costs more
    than the transfer and would put mails into logs.
    """

    def __init__(self, server: Server, sock: socket.socket, timeout: SocketTimeout) -> None:
        self._server = server
        self._opened = sock
        self._read_s = timeout.read
        super().__init__(server.host, server.port, ssl=server.security is Security.TLS, timeout=timeout.read)
        self.normalise_times = False
        self._imap.debug = 0

    def _create_IMAP4(self) -> _Wire:  # noqa: N802 - the library's name
        return _Wire(self._server, self._opened, self._read_s)


def _starttls_error(error: Exception) -> WireError:
    if isinstance(error, WireError):
        return error
    if isinstance(error, CapabilityError):
        return WireError(Step.TLS, "The server offers no STARTTLS.", again=False)
    if isinstance(error, IMAPClientError):
        return WireError(Step.TLS, plain_words(error), again=False)
    return tls_error(error)


def _astring(user: str) -> str:
    """Quote a user name that is no atom: imaplib sends it as it comes."""
    if _ATOM.fullmatch(user):
        return user
    return '"' + user.replace("\\", "\\\\").replace('"', '\\"') + '"'
