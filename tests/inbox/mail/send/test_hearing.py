"""Answers of an SMTP server that do not end."""

import socket
import threading
import time

import pytest

from inbox.mail.send.hearing import Hearing
from inbox.mail.send.smtp import Letter, OutcomeKind, deliver
from tests.servers.scripted_smtp import ScriptedSmtp

LETTER = Letter("support@example.org", ["kim@example.net"], b"Subject: Hello\r\n\r\nA line.\r\n")


@pytest.mark.parametrize(
    ("verb", "kind"), [("EHLO", OutcomeKind.DEFERRED), ("MAIL", OutcomeKind.DEFERRED), ("DOT", OutcomeKind.UNCERTAIN)]
)
def test_an_answer_of_endless_lines_is_given_up(verb: str, kind: OutcomeKind) -> None:
    with ScriptedSmtp({verb: "250-more\r\n" * 100_000 + "250 the end"}) as host:
        assert deliver(host.server(), LETTER, timeout_s=5).kind is kind


def test_an_answer_of_many_lines_is_heard() -> None:
    with ScriptedSmtp({"EHLO": "250-X-MORE\r\n" * 1_000 + "250 SIZE"}) as host:
        assert deliver(host.server(), LETTER, timeout_s=5).kind is OutcomeKind.SENT


def test_a_server_that_drips_is_left() -> None:
    ours, theirs = socket.socketpair()
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.1):
            theirs.send(b"2")

    dripping = threading.Thread(target=drip)
    with ours, theirs:
        ours.settimeout(0.4)
        hearing, began = Hearing(ours), time.monotonic()
        hearing.expect()
        dripping.start()
        try:
            with pytest.raises(TimeoutError):
                hear_for_ever(hearing)
        finally:
            stop.set()
            dripping.join()
        assert 0.9 < time.monotonic() - began < 10.0  # seconds: no single byte was late
        assert ours.gettimeout() == 0.4
        theirs.send(b"2")
        hearing.expect()  # another answer has its own time
        assert hearing.readinto(bytearray(10)) > 0


def hear_for_ever(hearing: Hearing) -> None:
    """Read without an end."""
    while True:
        hearing.readinto(bytearray(10))
