"""What strangers and hostile clients get from the listener: the same words, no room, and nothing of ours."""

import socket
import ssl
import time

import pytest
from django.db import OperationalError
from pytest_django import Settings

from inbox.inboxes.models import Inbox
from inbox.mail.models import RawMail
from inbox.mail.smtpd import guest, session
from inbox.mail.smtpd.listener import CannotListen
from tests.inbox.mail.smtpd.stored import content
from tests.make import DESK, make_mail
from tests.servers.certs import Certs
from tests.servers.listener import Line, ListenerHost

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE = "550 5.7.1 Not taken here"
FOREIGN = (
    "nobody@desk.example.net", "hilfe@elsewhere.example", "hilfe", "postmaster", '"hilfe"@desk.example.net',
    "hilfe%elsewhere.example@desk.example.net", "hilfe@desk.example.net@elsewhere.example",
)  # fmt: skip


def test_a_stranger_is_told_the_same_of_every_address_that_is_not_ours(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        line.say("EHLO a")
        line.say("MAIL FROM:<>")
        assert {line.say(f"RCPT TO:<{address}>") for address in FOREIGN} == {STRANGE}
        assert line.say("RCPT TO:<>") == STRANGE
        assert line.say("DATA").startswith("503")
        assert line.say(f"RCPT TO:<@relay.example:{DESK}>") == "250 2.1.5 OK"

    assert not RawMail.objects.exists()


def test_an_answer_takes_the_same_time_for_every_address(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        line.say("EHLO a")
        line.say("MAIL FROM:<>")
        took = []
        for address in (DESK, "nobody@desk.example.net", DESK, "nobody@x.example"):
            began = time.monotonic()
            line.say(f"RCPT TO:<{address}>")
            took.append(time.monotonic() - began)

    assert min(took) >= session._ANSWER_S * 0.95


def test_whoever_tries_many_addresses_is_shown_out(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        line.say("EHLO a")
        line.say("MAIL FROM:<>")
        said = [line.say(f"RCPT TO:<a{number}@desk.example.net>") for number in range(11)]

    assert said == [STRANGE] * 10 + ["421 4.7.0 Too many wrong recipients"]


def test_what_is_asked_tells_nothing(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        offered = line.say("EHLO a").splitlines()
        assert [words[4:] for words in offered] == [
            "localhost", "SIZE 1048576", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES",
        ]  # fmt: skip
        assert line.say(f"VRFY {DESK}") == line.say("VRFY nobody") == "252 2.1.5 Send some mail and see"
        assert line.say("EXPN staff").startswith("502")
        assert line.say("HELP DATA") == "214 2.0.0 See RFC 5321"
        assert line.say("AUTH PLAIN AGEAYg==").startswith("502")
        assert line.say("STARTTLS").startswith("454")


def test_no_mail_is_smuggled_behind_another(listener: ListenerHost) -> None:
    hidden = f"MAIL FROM:<boss@example.org>\r\nRCPT TO:<{DESK}>\r\nDATA\r\nSubject: x\r\n\r\ny".encode()

    with Line(listener.port) as line:
        for end in (b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\r\n.\r\r\n"):
            line.say("EHLO a")
            line.say("MAIL FROM:<kim@example.org>")
            line.say(f"RCPT TO:<{DESK}>")
            line.say("DATA")
            line.send(make_mail().rstrip() + end + hidden + b"\r\n")
            assert line.say(b".") == "550 5.6.0 A line ends in CRLF and in nothing else"
        assert line.say("NOOP") == "250 OK"
        assert not RawMail.objects.exists()
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"

    assert RawMail.objects.count() == 1


def test_a_fault_of_ours_tells_nothing(listener: ListenerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(session, "take", broken)

    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "451 4.3.0 Try again later"


def test_without_its_database_it_asks_to_come_again(listener: ListenerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise OperationalError("the database is away")

    with Line(listener.port) as line:
        line.say("EHLO a")
        line.say("MAIL FROM:<>")
        with monkeypatch.context() as broken:
            broken.setattr(session, "inbox_at", away)
            assert line.say(f"RCPT TO:<{DESK}>") == "451 4.3.0 Try again later"
        assert line.say(f"RCPT TO:<{DESK}>") == "250 2.1.5 OK"


def test_a_mail_has_so_many_recipients(listener: ListenerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "_RECIPIENTS", 2)

    with Line(listener.port) as line:
        line.say("EHLO a")
        line.say("MAIL FROM:<>")
        said = [line.say(f"RCPT TO:<{DESK}>")[:3] for _ in range(3)]
        assert said == ["250", "250", "452"]
        assert line.say("DATA now").startswith("501")
        line.say("RSET")
        assert line.say(f"RCPT TO:<{DESK}>").startswith("503")


def test_a_client_that_hangs_up_midway_leaves_nothing(listener: ListenerHost) -> None:
    for _ in range(3):
        line = Line(listener.port)
        with line:
            line.say("EHLO a")
            line.say("MAIL FROM:<>")
            line.say(f"RCPT TO:<{DESK}>")
            line.say("DATA")
            line.send(b"Subject: half")

    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"
    assert RawMail.objects.count() == 1


def test_commands_out_of_turn_and_nonsense_are_survived(listener: ListenerHost) -> None:
    nonsense = [
        "RCPT TO:<a@b>", "DATA", "MAIL FROM:<a@b", "MAIL FROM:a@b", "MAIL FROM:<a@b> BODY=BINARYMIME",
        "MAIL FROM:<" + "(" * 400 + ">", "EHLO " + "x" * 400, "EHLO <script>", "\x00\xff", "A" * 5000, "BDAT 5",
    ]  # fmt: skip

    with Line(listener.port) as line:
        said = [line.say(words) for words in nonsense]
        assert line.hand_in(make_mail(), [DESK], hello="HELO") == "250 2.0.0 OK"

    assert [words[:1] for words in said] == list("55555522555")
    assert b"Received: from client.example.org " in content(RawMail.objects.get())


def test_the_name_that_a_client_gives_breaks_no_header(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        line.say("EHLO evil) X-Bad: 1")
        line.say("MAIL FROM:<a@b.example>")
        line.say(f"RCPT TO:<{DESK}>")
        line.say("DATA")
        line.send(make_mail())
        line.say(b".")

    assert b"Received: from unknown ([127.0.0.1])" in content(RawMail.objects.get())


def test_slow_clients_go_and_hold_nobody_up(
    listener: ListenerHost, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(guest, "SESSION_S", 1.0)
    lines = [Line(listener.port) for _ in range(8)]
    for line in lines:
        line.hear()
        line.send(b"EHL")

    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"
    began = time.monotonic()
    for line in lines:
        line.socket.settimeout(10)
        _drip_until_gone(line.socket)
        line.close()

    assert time.monotonic() - began < 8


def _drip_until_gone(sock: socket.socket) -> None:
    sock.settimeout(0.1)
    for _ in range(80):
        try:
            sock.sendall(b"x")
            if sock.recv(1000) == b"":
                return
        except TimeoutError:
            continue
        except OSError:
            return
    pytest.fail("a client that drips was never shown out")


def test_one_address_gets_its_share_of_the_connections(inbox: Inbox, settings: Settings) -> None:
    settings.SMTPD_CONNECTIONS = 10
    with ListenerHost() as host:
        first, second = Line(host.port), Line(host.port)
        assert [first.hear()[:3], second.hear()[:3]] == ["220", "220"]

        with Line(host.port) as third:
            assert (third.greeting, third.hear()) == ("421 4.7.0 Too many connections, try again later", "")
        first.close()
        time.sleep(0.2)
        with Line(host.port) as fourth:
            assert fourth.greeting.startswith("220")
        second.close()


def test_much_half_mail_at_once_is_put_off(inbox: Inbox, settings: Settings) -> None:
    settings.SMTPD = "lmtp"
    part = b"Subject: a\r\n\r\n" + b"x" * 1_000_000

    with ListenerHost() as host:
        lines = [Line(host.port) for _ in range(3)]
        for line in lines:
            line.hear()
            line.say("LHLO a")
            line.say("MAIL FROM:<>")
            line.say(f"RCPT TO:<{DESK}>")
            line.say("DATA")
            line.send(part)
            time.sleep(0.5)
        said = [line.say(b"\r\n.") for line in lines]
        for line in lines:
            line.close()
        with Line(host.port) as line:
            assert line.hand_in(make_mail(), [DESK], hello="LHLO") == "250 2.0.0 OK"

    assert sorted(said) == ["250 2.0.0 OK", "250 2.0.0 OK", "451 4.3.0 Try again later"]


def test_with_a_certificate_nobody_hands_mail_in_without_tls(inbox: Inbox, settings: Settings, certs: Certs) -> None:
    settings.SMTPD_CERT_FILE, settings.SMTPD_KEY_FILE = str(certs.good.certificate), str(certs.good.key)
    context = ssl.create_default_context(cafile=str(certs.ca))

    with ListenerHost() as host, Line(host.port) as line:
        line.say("EHLO a")
        assert line.say("MAIL FROM:<a@b.example>").startswith("530")
        assert line.start_tls(context).startswith("220")
        assert line.say("MAIL FROM:<a@b.example>").startswith("503")
        assert "AUTH" not in line.say("EHLO a")
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"

    assert b"with ESMTPS;" in content(RawMail.objects.get())


def test_what_came_before_tls_counts_for_nothing_inside(inbox: Inbox, settings: Settings, certs: Certs) -> None:
    settings.SMTPD_CERT_FILE, settings.SMTPD_KEY_FILE = str(certs.good.certificate), str(certs.good.key)
    context = ssl.create_default_context(cafile=str(certs.ca))

    with ListenerHost() as host, Line(host.port) as line:
        line.say("EHLO a")
        line.send(b"STARTTLS\r\nEHLO injected\r\nMAIL FROM:<evil@example.org>\r\n")
        assert line.hear().startswith("220")
        line.socket = context.wrap_socket(line.socket, server_hostname="localhost")
        line._reader = line.socket.makefile("rb")
        line.send(b"NOOP\r\n")
        assert line.hear() == "250 OK"


def test_only_known_networks_may_come(inbox: Inbox, settings: Settings) -> None:
    settings.SMTPD_CLIENTS = []

    with ListenerHost() as host, Line(host.port) as line:
        assert (line.greeting, line.hear()) == ("554 5.7.1 Nothing is taken from you here", "")


def test_an_open_address_wants_a_certificate(inbox: Inbox, settings: Settings) -> None:
    settings.SMTPD_BIND = "0.0.0.0"  # noqa: S104 - refused below

    with pytest.raises(CannotListen, match="POSTERN_SMTPD_CERT_FILE is needed"), ListenerHost():
        pytest.fail("it listens")
