"""How a mail server is reached: its address, verified TLS, and the failing step in the server's own words."""

import base64
import ipaddress
import re
import socket
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from helpdesk.core.errors import Unavailable

_WORDS_LIMIT: Final = 300
_ADDRESSES_TRIED: Final = 4
_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e\xa0-\ud7ff\ue000-\uffff]+")
_BIDI: Final = re.compile("[\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+")


class Security(StrEnum):
    """How the connection is protected. Plaintext is for a server on this very machine."""

    TLS = "tls"
    STARTTLS = "starttls"
    PLAINTEXT_LOOPBACK = "plaintext-loopback"


class Step(StrEnum):
    """The steps of talking to a mail server, in their order. A token comes first, from the provider's own server."""

    TOKEN = "token"  # noqa: S105 - a step's name, no secret
    DNS = "dns"
    TCP = "tcp"
    TLS = "tls"
    SIGN_IN = "sign_in"
    FOLDER = "folder"
    FETCH = "fetch"
    DISPOSE = "dispose"
    SEND = "send"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Server:
    """Where a mail server listens. `ca_file`, a PEM file, replaces the system's authorities; None keeps them."""

    host: str
    port: int
    security: Security
    ca_file: str | None = None


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of a connection test. `words` is empty when the step went well."""

    step: Step
    ok: bool
    words: str = ""


class WireError(Unavailable):
    """Talking to the server failed at `step`.

    `words` are the server's own, short and printable, without a secret; they may hold an address and belong on a page,
    never in a log. `again` says whether the same try may succeed without anybody changing a setting.
    """

    code = "mail_server"

    def __init__(self, step: Step, words: str, *, again: bool) -> None:
        super().__init__(step.value)
        self.step = step
        self.words = words
        self.again = again


def plain_words(raw: object, *, secrets: Sequence[str] = ()) -> str:
    """Return what a server or the system said as one short printable line, each of `secrets` blotted out."""
    text = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    for secret in filter(None, secrets):
        text = text.replace(secret, "***")
    text = _BIDI.sub("", _UNPRINTABLE.sub(" ", text))
    return " ".join(text.split())[:_WORDS_LIMIT]


def xoauth2(user: str, token: str) -> bytes:
    """Return the words of the sign-in XOAUTH2, as Google and Microsoft define it."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def secrets_of(user: str, secret: str) -> tuple[str, ...]:
    """Return what a server may not be quoted with: the secret itself, and in the shapes that a sign-in sends."""
    words = (f"\0{user}\0{secret}".encode(), xoauth2(user, secret), secret.encode())
    return (secret, *(base64.b64encode(each).decode() for each in words)) if secret else ()


def open_socket(server: Server, *, connect_s: float, read_s: float) -> socket.socket:
    """Return a connected socket, inside TLS when the server speaks TLS from the first byte.

    Each of the first addresses gets `connect_s`; afterwards every read and write has `read_s`. Raises WireError.
    """
    plain = _connect(server, _resolve(server), connect_s)
    if server.security is not Security.TLS:
        plain.settimeout(read_s)
        return plain
    try:
        plain.settimeout(connect_s)
        wrapped = tls_context(server).wrap_socket(plain, server_hostname=server.host)
    except WireError:
        plain.close()
        raise
    except (OSError, ValueError) as error:
        plain.close()
        raise tls_error(error) from error
    wrapped.settimeout(read_s)
    return wrapped


def tls_context(server: Server) -> ssl.SSLContext:
    """Return a context that checks chain and host name, TLS 1.2 at least. Raises WireError on an unreadable CA file."""
    try:
        context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=server.ca_file)
    except OSError as error:
        raise WireError(Step.TLS, f"The CA file cannot be read: {error.strerror}.", again=False) from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def tls_error(error: Exception) -> WireError:
    """Return the WireError for a failed handshake: a bad certificate does not mend itself, a silent server may."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return WireError(Step.TLS, plain_words(error.verify_message or error), again=False)
    if isinstance(error, ssl.SSLError):
        return WireError(Step.TLS, plain_words(error.reason or error), again=False)
    return WireError(Step.TLS, plain_words(error), again=isinstance(error, OSError))


def step_results(server: Server, steps: Sequence[Step], *, failed: WireError | None) -> list[StepResult]:
    """Return one result a step up to the failed one. A connection without TLS has no TLS step."""
    results: list[StepResult] = []
    for step in steps:
        if failed is not None and step is failed.step:
            return [*results, StepResult(step, ok=False, words=failed.words)]
        if step is not Step.TLS or server.security is not Security.PLAINTEXT_LOOPBACK:
            results.append(StepResult(step, ok=True))
    return results


def _resolve(server: Server) -> list[str]:
    """Return the addresses of the host, each once. Plaintext wants every one of them to be this machine."""
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        raise WireError(Step.DNS, plain_words(error.strerror), again=True) from error
    except (UnicodeError, OverflowError) as error:
        raise WireError(Step.DNS, "This is no host name or port.", again=False) from error
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if server.security is Security.PLAINTEXT_LOOPBACK and not all(map(_is_loopback, addresses)):
        raise WireError(Step.TCP, "Without TLS only a server on this machine is allowed.", again=False)
    return addresses[:_ADDRESSES_TRIED]


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _connect(server: Server, addresses: Sequence[str], connect_s: float) -> socket.socket:
    """Connect to the first address that answers: those that were checked, not a second look-up."""
    trouble: OSError | None = None
    for address in addresses:
        try:
            return socket.create_connection((address, server.port), connect_s)
        except OSError as error:
            trouble = error
    words = plain_words((trouble.strerror or trouble) if trouble else "no address")
    raise WireError(Step.TCP, words, again=True) from trouble
