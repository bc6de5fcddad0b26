"""The gate over a real server: odd requests, and clients that take or give nothing."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.helpdesk.gate_app import PART, PARTS

ROOT = Path(__file__).resolve().parent.parent.parent
Seen = dict[str, Any]  # Any: JSON of the echo
CLIENTS = 20
OPTIONS = ("--interface", "asgi", "--workers", "1", "--no-ws", "--http", "1", "--workers-kill-timeout", "2")


@contextmanager
def _serve(application: str) -> Iterator[int]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    program = Path(sys.executable).with_name("granian")
    place = ("--host", "127.0.0.1", "--port", str(port))
    with subprocess.Popen(  # noqa: S603 - no shell
        (program, *OPTIONS, *place, f"tests.helpdesk.gate_app:{application}"),
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        try:
            _wait_for(port)
            yield port
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture(scope="module")
def guarded() -> Iterator[int]:
    with _serve("guarded") as port:
        yield port


def _wait_for(port: int) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server does not listen after 20 s")


def _ask(port: int, request: bytes) -> tuple[int, bytes]:
    """Send raw bytes and return the status and the body of the answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as line:
        line.sendall(request)
        answer = http.client.HTTPResponse(line)
        answer.begin()
        return answer.status, answer.read()


def _seen(port: int, request: bytes) -> Seen:
    status, body = _ask(port, request)
    assert status == 200
    seen: Seen = json.loads(body)
    return seen


def _request(line: str, *headers: str, body: bytes = b"") -> bytes:
    return "\r\n".join((f"{line} HTTP/1.1", "Host: localhost", *headers, "", "")).encode() + body


def _page_s(port: int) -> float:
    begun = time.monotonic()
    assert _seen(port, _request("GET /"))["method"] == "GET"
    return time.monotonic() - begun


def _stopped_reader(port: int, path: str) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.settimeout(5)
    line.connect(("127.0.0.1", port))
    line.sendall(_request(f"GET {path}"))
    return line


def _half_sender(port: int, length: int) -> socket.socket:
    line = socket.create_connection(("127.0.0.1", port), 5)
    line.sendall(_request("POST /", f"Content-Length: {length}", body=b"half"))
    return line


def test_a_post_arrives_whole(guarded: int) -> None:
    body = b"a" * 300_000

    seen = _seen(guarded, _request("POST /", f"Content-Length: {len(body)}", body=body))

    assert (seen["method"], seen["body"]) == ("POST", body.decode())


def test_a_body_that_comes_in_two_parts_arrives_whole(guarded: int) -> None:
    with socket.create_connection(("127.0.0.1", guarded), 5) as line:
        line.sendall(_request("POST /", "Content-Length: 6", body=b"abc"))
        time.sleep(0.2)
        line.sendall(b"def")
        answer = http.client.HTTPResponse(line)
        answer.begin()
        assert json.loads(answer.read())["body"] == "abcdef"


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (_request("TRACE /"), 405),
        (_request("BREW /"), 405),
        (_request("POST /", "Transfer-Encoding: chunked", body=b"3\r\nabc\r\n0\r\n\r\n"), 411),
        (_request("POST /", "Content-Length: 2000000"), 413),
        (_request("POST /live", "Content-Length: 1", body=b"a"), 413),
        (_request("GET /", f"X-Long: {'a' * 40_000}"), 431),
        (_request("POST /", "Content-Length: 10", body=b"half"), 408),
        (_request("GET /"), 200),
    ],
)
def test_an_odd_request_is_refused_by_its_status(guarded: int, request_bytes: bytes, status: int) -> None:
    assert _ask(guarded, request_bytes)[0] == status


def test_two_cookie_lines_become_one(guarded: int) -> None:
    seen = _seen(guarded, _request("GET /", "Cookie: a=1", "Cookie: b=2"))

    assert seen["headers"]["HTTP_COOKIE"] == "a=1; b=2"


def test_a_header_with_an_underscore_cannot_pose_as_a_proxy(guarded: int) -> None:
    seen = _seen(guarded, _request("GET /", "X_Forwarded_Proto: https", "X-Kept: yes"))

    assert {name for name in seen["headers"] if name.startswith("HTTP_X")} == {"HTTP_X_KEPT"}


def test_a_raw_query_arrives_quoted(guarded: int) -> None:
    request = b"GET /?q=\xc3\xa9&r=%20+[1] HTTP/1.1\r\nHost: localhost\r\n\r\n"

    assert _seen(guarded, request)["query"] == "q=%C3%A9&r=%20+[1]"


def test_pages_answer_while_clients_take_and_give_nothing(guarded: int) -> None:
    with ExitStack() as lines:
        for _ in range(CLIENTS):
            lines.enter_context(_stopped_reader(guarded, "/files/big"))
            lines.enter_context(_half_sender(guarded, 60_000))
        time.sleep(0.3)

        slowest_s = max(_page_s(guarded) for _ in range(10))

    assert slowest_s < 1


def test_threads_come_back_from_clients_that_take_no_page(guarded: int) -> None:
    with ExitStack() as lines:
        for _ in range(CLIENTS):
            lines.enter_context(_stopped_reader(guarded, "/big"))

        assert _page_s(guarded) < 8


def test_a_download_works_after_clients_left_in_the_middle(guarded: int) -> None:
    for _ in range(CLIENTS):
        _stopped_reader(guarded, "/files/big").close()

    status, body = _ask(guarded, _request("GET /files/big"))

    assert (status, len(body)) == (200, PARTS * len(PART))


def test_large_halves_leave_room_for_a_form(guarded: int) -> None:
    half = _request("POST /", "Content-Length: 900000", body=b"a" * 800_000)
    with ExitStack() as lines:
        for _ in range(2):
            line = lines.enter_context(socket.create_connection(("127.0.0.1", guarded), 5))
            line.sendall(half)
        time.sleep(0.3)

        assert _seen(guarded, _request("POST /", "Content-Length: 3", body=b"abc"))["body"] == "abc"


def test_without_the_gate_the_same_clients_stop_the_pages() -> None:
    with _serve("bare") as port, ExitStack() as lines:
        for _ in range(CLIENTS):
            lines.enter_context(_half_sender(port, 60_000))
        time.sleep(0.3)

        line = lines.enter_context(socket.create_connection(("127.0.0.1", port), 2))
        line.sendall(_request("GET /"))
        with pytest.raises(TimeoutError):
            line.recv(1)


def test_the_server_stops_while_a_stream_is_open() -> None:
    with _serve("guarded") as port:
        line = _stopped_reader(port, "/live")
        begun = time.monotonic()

    line.close()
    assert time.monotonic() - begun < 8


@pytest.mark.parametrize(("module", "is_read"), [("helpdesk.asgi", True), ("helpdesk.wsgi", False)])
def test_the_pages_are_read_before_the_first_request(
    module: str,
    is_read: bool,  # noqa: FBT001 - the expected value
) -> None:
    code = f"import sys, {module}; print('helpdesk.web.tickets.pages' in sys.modules)"

    run = subprocess.run(  # noqa: S603 - no shell
        (sys.executable, "-c", code), cwd=ROOT, env={**os.environ}, capture_output=True, check=True, timeout=60
    )

    assert run.stdout.decode().split() == [str(is_read)]
