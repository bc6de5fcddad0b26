"""An authorization server for tests: consent, codes with PKCE, rotating refresh tokens, and a word for Dovecot."""

import base64
import hashlib
import json
import secrets
import ssl
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from helpdesk.demo.dovecot import HOST, TlsFiles
from tests.servers.dovecot import USER

CLIENT_ID: Final = "desk-client"
CLIENT_SECRET: Final = "s3cret of the client"


@dataclass(slots=True)
class Mood:
    """How the server behaves; may be changed while it runs.

    `answer` is given instead of what is right: a status and a body; `raw` is sent as it is. `drips` sends a byte at a
    time for ever. `consent_s` tells how long the consent holds.
    """

    rotates: bool = True
    gives_refresh: bool = True
    lives_s: int = 3600
    user: str = USER
    answer: tuple[int, bytes] | None = None
    location: str = ""
    drips: bool = False
    raw: bytes = b""
    consent_s: str = ""


@dataclass(slots=True)
class Ledger:
    """What was given out and asked for."""

    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    refresh: set[str] = field(default_factory=set)
    access: dict[str, str] = field(default_factory=dict)
    forms: list[dict[str, str]] = field(default_factory=list)


class OAuthHost:
    """The server as a context manager, plain or with `tls`."""

    def __init__(self, tls: TlsFiles | None = None) -> None:
        self.mood = Mood()
        self.ledger = Ledger()
        self.left = threading.Event()
        self._lock = threading.Lock()
        self._server = _Server((HOST, 0), _Handler)
        self._server.host = self
        self._scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
            self._scheme = "https"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> "OAuthHost":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.left.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def url(self, path: str) -> str:
        """Return one of its addresses."""
        return f"{self._scheme}://localhost:{self._server.server_address[1]}{path}"

    def revoke(self) -> None:
        """Take every token back."""
        self.ledger.refresh.clear()
        self.ledger.access.clear()

    def consent(self, address: str) -> dict[str, str]:
        """Let a person consent at `address` and return what the browser brings back."""
        asked = dict(parse_qsl(urlsplit(address).query))
        code = secrets.token_urlsafe(16)
        self.ledger.codes[code] = asked
        return {"state": asked["state"], "code": code}

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        """Return status and answer of the token address."""
        with self._lock:
            self.ledger.forms.append(form)
            if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
                return 401, {"error": "invalid_client", "error_description": f"no such client {form}"}
            grant = getattr(self, f"_{form.get('grant_type', '')}", None)
            if grant is None:
                return 400, {"error": "unsupported_grant_type"}
            return grant(form)  # type: ignore[no-any-return] # one of the three below

    def _authorization_code(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        asked = self.ledger.codes.pop(form.get("code", ""), None)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form.get("redirect_uri"):
            return 400, {"error": "invalid_grant", "error_description": "the code does not fit"}
        return 200, self._given(refresh=self.mood.gives_refresh)

    def _refresh_token(self, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        token = form.get("refresh_token", "")
        if token not in self.ledger.refresh:
            return 400, {"error": "invalid_grant", "error_description": f"token {token} was taken back"}
        if self.mood.rotates:
            self.ledger.refresh.remove(token)
        return 200, self._given(refresh=self.mood.rotates)

    def _client_credentials(self, _form: dict[str, str]) -> tuple[int, dict[str, object]]:
        return 200, self._given(refresh=False)

    def _given(self, *, refresh: bool) -> dict[str, object]:
        access = secrets.token_urlsafe(24)
        self.ledger.access[access] = self.mood.user
        given: dict[str, object] = {"access_token": access, "token_type": "Bearer", "expires_in": self.mood.lives_s}
        if self.mood.consent_s:
            given["refresh_token_expires_in"] = self.mood.consent_s
        if refresh:
            token = secrets.token_urlsafe(24)
            self.ledger.refresh.add(token)
            given["refresh_token"] = token
        return given

    def dovecot(self, folder: Path) -> str:
        """Return the lines that let a Dovecot take its tokens; `folder` must be readable for Dovecot."""
        file = folder / "oauth2.conf.ext"
        file.write_text(
            f"introspection_url = {self.url('/introspect').replace('localhost', HOST)}\nintrospection_mode = post\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        file.chmod(0o644)
        return (
            "auth_mechanisms = plain login xoauth2\n"
            f"passdb {{\n  driver = oauth2\n  mechanisms = xoauth2\n  args = {file}\n}}\n"
        )


class _Server(ThreadingHTTPServer):
    """Knows its host."""

    host: OAuthHost


class _Handler(BaseHTTPRequestHandler):
    """The addresses of the server."""

    @property
    def _host(self) -> OAuthHost:
        assert isinstance(self.server, _Server)
        return self.server.host

    def do_GET(self) -> None:
        """Consent at once and send the browser back."""
        back = dict(parse_qsl(urlsplit(self.path).query)).get("redirect_uri", "")
        self.send_response(302)
        self.send_header("Location", f"{back}?{urlencode(self._host.consent(self.path))}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self) -> None:
        """Give tokens, or tell Dovecot what one is worth."""
        form = dict(parse_qsl(self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()))
        mood = self._host.mood
        if self.path == "/introspect":
            user = self._host.ledger.access.get(form.get("token", ""))
            self._send(200, json.dumps({"active": user is not None, "username": user or ""}).encode())
        elif mood.drips:
            self._drip()
        elif mood.raw:
            self.wfile.write(mood.raw)
        elif mood.answer is not None:
            self._send(*mood.answer)
        else:
            status, said = self._host.token(form)
            self._send(status, json.dumps(said).encode())

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        if self._host.mood.location:
            self.send_header("Location", self._host.mood.location)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self._host.left.wait(0.1):
            try:
                self.wfile.write(b"X")
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Say nothing."""
