"""The demo's SMTP side keeps what is sent, turns two kinds of people away, and shows it without running any of it."""

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from helpdesk.demo.dovecot import HOST
from helpdesk.demo.sink import Sink
from inbox.mail.imap.wire import Security
from inbox.mail.send.connection import SmtpServer
from inbox.mail.send.smtp import Letter, Outcome, OutcomeKind, deliver

_MAIL = (
    "From: Support <support@nordlicht.example.org>\r\n"
    "To: kim@example.net\r\n"
    "Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_=3Cb=3E?=\r\n"
    "MIME-Version: 1.0\r\n"
    "Content-Type: text/plain; charset=utf-8\r\n"
    "Content-Transfer-Encoding: 8bit\r\n"
    "\r\n"
    "<script>alert(1)</script> schöne\r\n"
).encode()


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    sink = Sink(tmp_path / "sent")
    sink.start()
    try:
        yield sink
    finally:
        sink.stop()


def _send(sink: Sink, *recipients: str, mime: bytes = _MAIL) -> Outcome:
    server = SmtpServer(HOST, sink.smtp_port, Security.PLAINTEXT_LOOPBACK)
    return deliver(server, Letter("support@nordlicht.example.org", recipients, mime), timeout_s=5)


def _get(sink: Sink, path: str, host: str | None = None) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(HOST, sink.http_port, timeout=5)
    connection.request("GET", path, headers={"Host": host or f"localhost:{sink.http_port}"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), body


def test_sink_keeps_and_shows_what_was_sent(sink: Sink) -> None:
    outcome = _send(sink, "kim@example.net", "pat@example.net")

    status, headers, page = _get(sink, "/")
    told = json.loads(_get(sink, "/mails.json")[2])
    file = _get(sink, "/mails/1.eml")
    assert (outcome.kind, outcome.words) == (OutcomeKind.SENT, "2.0.0 kept as number 1")
    assert status == 200
    assert "Grüße &lt;b&gt;" in page.decode()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; schöne" in page.decode()
    assert b"<script" not in page
    assert headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert [(mail["number"], mail["sender"], mail["recipients"], mail["subject"], mail["text"]) for mail in told] == [
        (
            1,
            "support@nordlicht.example.org",
            ["kim@example.net", "pat@example.net"],
            "Grüße <b>",
            "<script>alert(1)</script> schöne\r\n",
        )
    ]
    assert (file[0], file[1]["Content-Disposition"], file[2]) == (200, "attachment", _MAIL)


def test_some_people_are_turned_away(sink: Sink) -> None:
    refused = _send(sink, "refuse.me@example.net")
    later = _send(sink, "later@example.net")

    assert (refused.kind, refused.code, refused.words) == (
        OutcomeKind.REFUSED,
        550,
        "5.1.1 There is no such person here",
    )
    assert (later.kind, later.code) == (OutcomeKind.DEFERRED, 451)
    assert sink.mails() == []


def test_mails_are_there_after_a_restart(sink: Sink) -> None:
    _send(sink, "kim@example.net")
    sink.stop()
    again = Sink(sink.folder)

    assert [mail.recipients for mail in again.mails()] == [("kim@example.net",)]
    assert again.keep("a@example.org", ["b@example.net"], b"Subject: x\r\n\r\n") == 2
    assert [mail.number for mail in again.mails()] == [2, 1]


@pytest.mark.parametrize("path", ["/mails/7.eml", "/mails/../1.eml", "/etc/passwd", "/mails/x.eml"])
def test_what_is_not_there_is_not_found(sink: Sink, path: str) -> None:
    assert _get(sink, path)[0] == 404


def test_only_this_machine_by_name_is_answered(sink: Sink) -> None:
    assert _get(sink, "/mails.json", host="rebound.example.com:80")[0] == 421
    assert _get(sink, "/mails.json", host=f"{HOST}:{sink.http_port}")[0] == 200


def test_odd_mails_do_not_break_the_page(sink: Sink) -> None:
    _send(sink, "kim@example.net", mime=b"Content-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\r\n")
    _send(sink, "kim@example.net", mime=b"\r\n\r\n")

    status, _headers, page = _get(sink, "/")

    assert status == 200
    assert page.count(b"<article>") == 2
