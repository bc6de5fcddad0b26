"""Small applications behind the gate, for tests over a real server: `guarded`, and `bare` without the gate."""

import asyncio
import json
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

from helpdesk.core.gate import Gate, Limits, Message, Receive, Rooms, Scope, Send, in_threads

PART = b"x" * 65536
PARTS = 800


def _big() -> Iterator[bytes]:
    for _ in range(PARTS):
        yield PART


def _echo(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    """Answer a large file below a path with `big`, else what the application saw of the request, as JSON."""
    if "big" in environ["PATH_INFO"]:
        start_response("200 OK", [("content-type", "application/octet-stream")])
        return _big()
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    seen = {
        "method": environ["REQUEST_METHOD"],
        "query": environ["QUERY_STRING"],
        "body": body.decode(),
        "headers": headers,
    }
    answer = json.dumps(seen).encode()
    start_response("200 OK", [("content-type", "application/json"), ("content-length", str(len(answer)))])
    return [answer]


async def _live(_scope: Scope, _receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
    for _ in range(600):
        await send({"type": "http.response.body", "body": b": beat\n\n", "more_body": True})
        await asyncio.sleep(0.1)


guarded = Gate(
    Rooms(
        pages=in_threads(_echo, workers=8, parts=64),
        downloads=in_threads(_echo, workers=4, parts=8),
        live=_live,
        live_path="/live",
        download_paths=("/files/",),
    ),
    Limits(body_s=2, send_s=0.5, body_bytes=1_000_000, waiting_bytes=1_500_000),
)

_threads = in_threads(_echo, workers=8, parts=8)


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """Hand everything to the threads as it comes."""

    async def coroutine_receive() -> Message:
        return await receive()

    await _threads(scope, coroutine_receive, send)
