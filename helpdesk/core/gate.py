"""The outermost ASGI application: what a client may send, how long it may take, and which door its request goes to.

Pages are synchronous and run in threads. Nothing a slow or odd client does may hold one: a body is read whole before
a thread sees it, and an answer that nobody takes is dropped after a while.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote_from_bytes

from a2wsgi import WSGIMiddleware

Scope = MutableMapping[str, Any]  # Any: ASGI's own shape, a dict whose values differ by key
Message = MutableMapping[str, Any]  # Any: as above
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]  # Any: each library writes the three shapes in its own words
Headers = list[tuple[bytes, bytes]]

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SMALL_BYTES: Final = 64 * 1024
"""Bodies up to here do not count against the room for large ones: a form is always read."""
_QUERY_SAFE: Final = "!$%&'()*+,-./:;=?@_~[]|"
_SHUT: Final = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"x-content-type-options", b"nosniff"),
)
_WORDS: Final = {
    400: b"Bad request\n",
    405: b"Method not allowed\n",
    408: b"The request took too long\n",
    411: b"A request body needs a Content-Length\n",
    413: b"The request is too large\n",
    431: b"The request's headers are too large\n",
    503: b"Too many uploads at once, try again\n",
}


def in_threads(pages: Callable[..., Iterable[bytes]], *, workers: int, parts: int) -> Application:
    """Return the WSGI application `pages` run in `workers` threads.

    An answer of up to `parts` parts leaves its thread at once, however slowly the client takes it.
    """
    return WSGIMiddleware(pages, workers=workers, send_queue_size=parts)


class Refused(Exception):
    """A request that is answered here, with `status`."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Left(Exception):
    """The client went away before its body was whole."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a client may cost: seconds for a whole body, seconds to take one part of an answer, and sizes in bytes."""

    body_s: float = 60
    send_s: float = 10
    body_bytes: int = 32 * 1024 * 1024
    header_bytes: int = 32 * 1024
    waiting_bytes: int = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Rooms:
    """The applications behind the gate; `downloads` has threads of its own, so that pages never wait for them."""

    pages: Application
    downloads: Application
    live: Application
    live_path: str
    download_paths: tuple[str, ...]

    def room_for(self, path: str) -> Application:
        """Return the application for a path that is not the live one."""
        return self.downloads if path.startswith(self.download_paths) else self.pages


class Gate:
    """The root application."""

    def __init__(self, rooms: Rooms, limits: Limits) -> None:
        self._rooms = rooms
        self._limits = limits
        self._waiting_bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or hand it on with clean headers and a whole body."""
        if scope["type"] != "http":
            await self._rooms.pages(scope, receive, send)
            return
        try:
            await self._admit(scope, receive, send)
        except Refused as refusal:
            await _answer(send, refusal.status)
        except Left:
            return

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        _check(scope, self._limits)
        query = quote_from_bytes(scope["query_string"], _QUERY_SAFE).encode()
        clean = {**scope, "headers": clean_headers(scope["headers"]), "query_string": query}
        if scope["path"] == self._rooms.live_path:
            body_length(scope["headers"], most=0)
            await self._rooms.live(clean, receive, send)
            return
        body = await self._read(receive, body_length(scope["headers"], most=self._limits.body_bytes))
        await self._rooms.room_for(scope["path"])(clean, _Given(body), _patient(send, self._limits.send_s))

    async def _read(self, receive: Receive, length: int) -> bytes:
        """Return the whole body. Raises Refused when it takes too long or there is no room, Left when it breaks off."""
        if not length:
            return b""
        body = bytearray()
        try:
            async with asyncio.timeout(self._limits.body_s):
                while len(body) < length:
                    self._take(body, await receive(), is_small=length <= _SMALL_BYTES)
        except TimeoutError:
            raise Refused(408) from None
        finally:
            self._waiting_bytes -= 0 if length <= _SMALL_BYTES else len(body)
        return bytes(body)

    def _take(self, body: bytearray, message: Message, *, is_small: bool) -> None:
        part = message.get("body", b"")
        if message["type"] != "http.request" or not (part or message.get("more_body", False)):
            raise Left
        body.extend(part)
        if is_small:
            return
        self._waiting_bytes += len(part)
        if self._waiting_bytes > self._limits.waiting_bytes:
            raise Refused(503)


class _Given:
    """`receive` of a request whose body is known: the body once, then the client is taken to have gone."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body

    async def __call__(self) -> Message:
        body, self._body = self._body, None
        if body is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": body, "more_body": False}


def _patient(send: Send, send_s: float) -> Send:
    """Return a `send` that never raises and gives a client `send_s` for each part; then the rest is dropped.

    An exception here would leave the thread that writes the answer waiting for ever.
    """
    is_gone = False

    async def patient_send(message: Message) -> None:
        nonlocal is_gone
        if is_gone:
            return
        try:
            async with asyncio.timeout(send_s):
                await send(message)
        except (TimeoutError, OSError, RuntimeError):
            is_gone = True

    return patient_send


def clean_headers(headers: Headers) -> Headers:
    """Return the headers without names that hold `_` (WSGI reads them as `-`) and with one Cookie line.

    Two Cookie lines are joined by a semicolon (RFC 9113, 8.2.3); WSGI would join them by a comma.
    """
    kept = [(name, value) for name, value in headers if b"_" not in name and name != b"cookie"]
    cookies = [value for name, value in headers if name == b"cookie"]
    return [*kept, (b"cookie", b"; ".join(cookies))] if cookies else kept


def body_length(headers: Headers, *, most: int) -> int:
    """Return the length that the headers tell, 0 without one. Raises Refused when it is odd or above `most`."""
    told = {value for name, value in headers if name == b"content-length"}
    if not told:
        return 0
    value = told.pop()
    if told or not value.isdigit():
        raise Refused(400)
    if len(value) > 15 or int(value) > most:
        raise Refused(413)
    return int(value)


def _check(scope: Scope, limits: Limits) -> None:
    if scope["method"] not in METHODS:
        raise Refused(405)
    if sum(len(name) + len(value) for name, value in scope["headers"]) > limits.header_bytes:
        raise Refused(431)
    if any(name == b"transfer-encoding" for name, _ in scope["headers"]):
        raise Refused(411)


async def _answer(send: Send, status: int) -> None:
    words = _WORDS[status]
    length = str(len(words)).encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", length), (b"connection", b"close"), *_SHUT]
    if status == 405:
        headers.append((b"allow", ", ".join(sorted(METHODS)).encode()))
    if status == 503:
        headers.append((b"retry-after", b"30"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": words, "more_body": False})
