"""A kept connection is used by its own mailbox alone, checked before use, and replaced when it is gone."""

import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest

from inbox.mail.send.connection import SmtpServer
from inbox.mail.send.pool import Pool
from inbox.mail.send.smtp import Letter, Outcome, OutcomeKind
from tests.servers.scripted_smtp import HANG_UP, ScriptedSmtp

_LETTER = Letter("desk@example.org", ("kim@example.net",), b"Subject: Hello\r\n\r\nA line.\r\n")
_DESK = uuid4()


@pytest.fixture
def pool() -> Iterator[Pool]:
    """A pool that is empty afterwards."""
    pool = Pool()
    yield pool
    pool.close_idle()


def send(pool: Pool, server: SmtpServer, mailbox: UUID = _DESK) -> Outcome:
    """Hand one mail in."""
    return pool.deliver(mailbox, server, _LETTER, timeout_s=5)


def verbs(host: ScriptedSmtp) -> list[str]:
    """Return the verbs that the server heard, in their order."""
    return [line.split()[0].upper() for line in host.heard]


def test_the_next_mail_takes_the_kept_connection_after_a_check(pool: Pool) -> None:
    with ScriptedSmtp({}) as host:
        outcomes = [send(pool, host.server()).kind for _ in range(3)]
        pool.close_idle()

    assert outcomes == [OutcomeKind.SENT] * 3
    assert verbs(host)[:5] == ["EHLO", "MAIL", "RCPT", "DATA", "RSET"]
    assert (verbs(host).count("EHLO"), verbs(host).count("MAIL")) == (1, 3)


def test_no_other_mailbox_and_no_other_password_takes_it(pool: Pool) -> None:
    with ScriptedSmtp({"EHLO": "250-hello\r\n250 AUTH PLAIN", "AUTH": "235 welcome"}) as host:
        send(pool, host.server("desk", "one"))
        send(pool, host.server("desk", "one"), uuid4())
        send(pool, host.server("desk", "two"))
        assert verbs(host).count("AUTH") == 3
        send(pool, host.server("desk", "two"))  # the control: its own is taken
        assert verbs(host).count("AUTH") == 3
        pool.close_idle()


@pytest.mark.parametrize("answers", [{"RSET": HANG_UP}, {"RSET": "421 4.4.2 idle for too long"}, {"RSET": "502 what"}])
def test_one_that_is_gone_is_replaced_and_the_mail_goes_once(pool: Pool, answers: dict[str, str]) -> None:
    with ScriptedSmtp(answers) as host:
        first, second = send(pool, host.server()), send(pool, host.server())
        pool.close_idle()

    assert (first.kind, second.kind) == (OutcomeKind.SENT, OutcomeKind.SENT)
    assert (verbs(host).count("EHLO"), verbs(host).count("DATA")) == (2, 2)


def test_a_server_that_closes_at_the_second_mail_gets_it_over_a_new_connection(pool: Pool) -> None:
    with ScriptedSmtp({}) as host:
        assert send(pool, host.server()).kind is OutcomeKind.SENT
        host.answer("MAIL", "421 4.3.2 one mail a connection", "250 ok")
        again = send(pool, host.server())
        pool.close_idle()

    assert again.kind is OutcomeKind.SENT
    assert verbs(host).count("EHLO") == 2


def test_what_was_perhaps_taken_is_not_repeated_and_its_connection_not_kept(pool: Pool) -> None:
    with ScriptedSmtp({}) as host:
        send(pool, host.server())
        host.answer("DOT", HANG_UP, "250 ok")
        lost = send(pool, host.server())
        assert verbs(host).count("DATA") == 2
        after = send(pool, host.server())
        pool.close_idle()

    assert (lost.kind, after.kind) == (OutcomeKind.UNCERTAIN, OutcomeKind.SENT)
    assert verbs(host).count("EHLO") == 2


def test_an_idle_connection_is_left_soon() -> None:
    pool = Pool(kept_s=0.2)
    with ScriptedSmtp({}) as host:
        send(pool, host.server())
        until = time.monotonic() + 10
        while "QUIT" not in verbs(host) and time.monotonic() < until:
            time.sleep(0.05)

    assert verbs(host)[-1] == "QUIT"


def test_a_server_that_is_not_there_defers(pool: Pool) -> None:
    with ScriptedSmtp({}) as host:
        server = host.server()

    assert send(pool, server).kind is OutcomeKind.DEFERRED
