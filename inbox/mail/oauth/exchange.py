"""One question to a provider's token address: inside verified TLS, under one time limit, no redirect followed."""

import io
import json
import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException, HTTPResponse
from typing import Final
from urllib.parse import urlencode, urlsplit

from inbox.mail.imap.wire import Security, Server, Step, WireError, open_socket, plain_words
from inbox.mail.oauth.providers import Provider

LIMIT_S: Final = 20.0
"""From the first packet to the last: nobody waits longer for a token."""
_ANSWER_BYTES: Final = 64 * 1024
_SHORTEST_S: Final = 60
_UNSAID_S: Final = 300
_LONGEST_S: Final = 24 * 3600
_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,16384}")
_ENDS_CONSENT: Final = {"invalid_grant", "interaction_required", "consent_required", "login_required"}
_HIDDEN: Final = ("client_secret", "code", "code_verifier", "refresh_token")


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a provider gave. `refresh` is "" when there is none anew; `consent_s`: how long consent holds, if told."""

    access: str = field(repr=False)
    lives_s: int
    refresh: str = field(default="", repr=False)
    consent_s: int | None = None


class TokenRefused(WireError):
    """The provider gives no token, in its own words. `ends_consent`: not before a person consents again."""

    def __init__(self, words: str, *, again: bool = False, ends_consent: bool = False) -> None:
        super().__init__(Step.TOKEN, words, again=again)
        self.ends_consent = ends_consent


def ask(provider: Provider, form: Mapping[str, str]) -> Tokens:
    """Send `form` to the token address and return what the provider gave. Raises TokenRefused or WireError at TOKEN."""
    try:
        status, body = _post(provider, urlencode(form).encode())
    except WireError as error:
        raise WireError(Step.TOKEN, f"{error.step}: {error.words}", again=error.again) from error
    except TimeoutError as error:
        raise WireError(Step.TOKEN, "The provider did not answer in time.", again=True) from error
    except (OSError, HTTPException, ValueError) as error:
        raise WireError(Step.TOKEN, "The provider's answer cannot be read.", again=True) from error
    said = _read(body)
    if status == 200 and "error" not in said:
        return _tokens(said)
    raise _refusal(status, said, [form[name] for name in _HIDDEN if name in form])


def _post(provider: Provider, body: bytes) -> tuple[int, bytes]:
    url = urlsplit(provider.token_url)
    security = Security.PLAINTEXT_LOOPBACK if url.scheme == "http" else Security.TLS
    port = url.port or (80 if url.scheme == "http" else 443)
    until = time.monotonic() + LIMIT_S
    sock = open_socket(Server(url.hostname or "", port, security, provider.ca_file), connect_s=5, read_s=LIMIT_S)
    with sock:
        head = (
            f"POST {url.path or '/'}{'?' + url.query if url.query else ''} HTTP/1.1\r\nHost: {url.netloc}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\nAccept: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        line = _Line(sock, until)
        line.send(head.encode("ascii") + body)
        response = HTTPResponse(line, method="POST")  # type: ignore[arg-type] # it asks a socket for makefile() alone
        response.begin()
        return response.status, response.read(_ANSWER_BYTES + 1)


class _Line(io.RawIOBase):
    """A socket whose reads and writes all end at one moment, however slowly the other side drips."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until

    def makefile(self, _mode: str) -> io.BufferedReader:
        """Return the reading side, as http.client asks a socket for it."""
        return io.BufferedReader(self)

    def send(self, data: bytes) -> None:
        """Write all of `data`."""
        self._sock.settimeout(self._left())
        self._sock.sendall(data)

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override] # the two buffers that io hands in
        """Read what has come."""
        self._sock.settimeout(self._left())
        return self._sock.recv_into(buffer)

    def _left(self) -> float:
        left = self._until - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time is up")
        return left


def _read(body: bytes) -> dict[str, object]:
    """Return the JSON object of an answer, an empty one when it holds none."""
    if len(body) > _ANSWER_BYTES:
        return {}
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _tokens(said: Mapping[str, object]) -> Tokens:
    access, kind = said.get("access_token"), said.get("token_type", "Bearer")
    if not isinstance(access, str) or not _TOKEN.fullmatch(access) or str(kind).lower() != "bearer":
        raise TokenRefused("The provider's answer holds no bearer token.", again=True)
    refresh = said.get("refresh_token")
    return Tokens(
        access,
        max(_SHORTEST_S, min(_LONGEST_S, _seconds(said.get("expires_in")) or _UNSAID_S)),
        refresh if isinstance(refresh, str) and _TOKEN.fullmatch(refresh) else "",
        _seconds(said.get("refresh_token_expires_in")),
    )


def _seconds(raw: object) -> int | None:
    """Return a number of seconds up to ten years, None for anything else. Some providers write it as a text."""
    text = str(raw)
    return min(int(text), 315_360_000) if text.isascii() and text.isdigit() and len(text) < 12 and int(text) else None


def _refusal(status: int, said: Mapping[str, object], secrets: list[str]) -> TokenRefused:
    if 300 <= status < 400:
        return TokenRefused("The provider answers with a redirect, which is not followed.")
    code = str(said.get("error", ""))
    described = f"{code}: {said.get('error_description', '')}" if code else f"The provider answers with {status}."
    words = plain_words(described, secrets=secrets)
    if status == 429 or status >= 500 or code in {"temporarily_unavailable", "server_error", "slow_down"}:
        return TokenRefused(words, again=True)
    return TokenRefused(words, ends_consent=code in _ENDS_CONSENT)
