"""The listener over its own port: mail for our inboxes, once, and what strangers and hostile clients get."""

import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence

import pytest
from django.core.cache import cache
from pytest_django import Settings

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import StorageFull
from helpdesk.crypto.files import BlobFolder, open_blob
from helpdesk.demo.dovecot import free_port
from inbox.inboxes.models import Inbox
from inbox.inboxes.services.inboxes import add_address
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.smtpd import guest, pulse, session, taking
from inbox.mail.smtpd.listener import CannotListen
from inbox.mail.states import RawState
from inbox.mail.tokens import reply_address
from inbox.tickets.models import Message, Ticket
from tests.make import DESK, Letter, make_inbox, make_mail, make_ticket
from tests.servers.certs import Certs
from tests.servers.listener import Line, ListenerHost

pytestmark = pytest.mark.django_db(transaction=True)

STRANGE = "550 5.7.1 Not taken here"


@pytest.fixture(autouse=True)
def _settings(settings: Settings) -> None:
    settings.SMTPD, settings.SMTPD_PORT = "smtp", free_port()
    settings.MAIL_MAX_BYTES = 1024 * 1024


@pytest.fixture
def inbox() -> Inbox:
    """The inbox that mail is for."""
    return make_inbox()


@pytest.fixture
def listener(inbox: Inbox) -> Iterator[ListenerHost]:
    """The listener, speaking SMTP."""
    with ListenerHost() as host:
        yield host


def content(raw: RawMail) -> bytes:
    """Return the bytes that were stored."""
    with purpose(Purpose.SYSTEM):
        return b"".join(open_blob(raw.stored_blob, raw.seal_ref(), kind="raw"))


def test_a_mail_becomes_a_ticket(listener: ListenerHost, inbox: Inbox) -> None:
    mime = make_mail("Printer", ".dot\n..two\n")

    with Line(listener.port) as line:
        assert line.greeting == "220 localhost ESMTP"
        assert line.hand_in(mime, [DESK.upper()]) == "250 2.0.0 OK"
        assert line.say("QUIT") == "221 Bye"

    raw = RawMail.objects.get()
    top, _, rest = content(raw).partition(b"From:")
    assert (raw.mailbox, raw.inbox, raw.history, raw.is_import) == (None, inbox, False, False)
    assert b"From:" + rest == mime
    assert top.startswith(b"Return-Path: <kim@example.org>\r\nDelivered-To: HILFE@DESK.EXAMPLE.NET\r\nReceived: from ")
    assert b"client.example.org ([127.0.0.1])\r\n\tby localhost with ESMTP;\r\n\t" in top
    assert process_raw(raw.pk) == RawState.DONE
    with purpose(Purpose.SYSTEM):
        assert Ticket.objects.get().subject == "Printer"


def test_the_same_mail_again_adds_nothing(listener: ListenerHost) -> None:
    mime = make_mail()

    for _ in range(2):
        with Line(listener.port) as line:
            assert line.hand_in(mime, [DESK]) == "250 2.0.0 OK"
    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"

    assert RawMail.objects.count() == 2


def test_the_same_mail_over_many_lines_at_once_is_stored_once(listener: ListenerHost) -> None:
    mime, answers = make_mail(), []

    def hand_in() -> None:
        with Line(listener.port) as line:
            answers.append(line.hand_in(mime, [DESK]))

    threads = [threading.Thread(target=hand_in) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    assert answers == ["250 2.0.0 OK"] * 5
    assert RawMail.objects.count() == 1


def test_a_mail_to_two_inboxes_is_two_and_to_an_alias_one(listener: ListenerHost, inbox: Inbox) -> None:
    billing = make_inbox("Billing", address="billing@desk.example.net")
    add_address(inbox, "alias@desk.example.net", sends=False)

    with Line(listener.port) as line:
        line.hand_in(make_mail(), [DESK, "billing@desk.example.net", "alias@desk.example.net"])
    for raw in RawMail.objects.all():
        process_raw(raw.pk)

    assert {raw.inbox for raw in RawMail.objects.all()} == {inbox, billing}
    assert b"Delivered-To: alias@desk.example.net" in content(RawMail.objects.get(inbox=inbox))
    assert b"alias" not in content(RawMail.objects.get(inbox=billing)).partition(b"From:")[0]
    assert (InboundMail.objects.count(), Ticket.objects.count()) == (2, 2)


def test_an_answer_to_a_reply_token_finds_its_ticket(listener: ListenerHost, inbox: Inbox) -> None:
    ticket = make_ticket(inbox=inbox)

    with Line(listener.port) as line:
        answer = line.hand_in(
            make_mail("Other words", letter=Letter(to="hidden@example.org")),
            [reply_address(DESK, ticket.number, ticket.pk)],
        )
    process_raw(RawMail.objects.get(transport_key__startswith="lmtp:").pk)

    assert (answer, Message.objects.filter(ticket=ticket).count(), Ticket.objects.count()) == ("250 2.0.0 OK", 2, 1)


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


def test_nul_eight_bit_and_long_lines_are_stored_as_they_come(listener: ListenerHost) -> None:
    mime = b"Subject: \x00\xff\r\n\r\n\x00" + b"x" * 200_000 + b"\xc3\x28\r\n"

    with Line(listener.port) as line:
        assert line.hand_in(mime, [DESK], sender="") == "250 2.0.0 OK"

    raw = RawMail.objects.get()
    assert content(raw).endswith(b"\r\n" + mime)
    assert content(raw).startswith(b"Return-Path: <>\r\n")
    assert process_raw(raw.pk) == RawState.DONE


def test_addresses_in_any_script_are_taken(listener: ListenerHost, inbox: Inbox) -> None:
    add_address(inbox, "hilfe@bücher.example", sends=False)

    with Line(listener.port) as line:
        line.say("EHLO a")
        assert line.say("MAIL FROM:<jürgen@example.org> BODY=8BITMIME SMTPUTF8 SIZE=100") == "250 OK"
        assert line.say("RCPT TO:<hilfe@bücher.example>") == "250 2.1.5 OK"
        assert line.say("RCPT TO:<hilfe@xn--bcher-kva.example>") == "250 2.1.5 OK"
        assert line.say(b"RCPT TO:<\xff@example.org>").startswith("553")
        assert line.say("DATA").startswith("354")
        line.send(make_mail())
        assert line.say(b".") == "250 2.0.0 OK"

    assert content(RawMail.objects.get()).startswith("Return-Path: <jürgen@example.org>\r\n".encode())


def test_a_mail_that_is_too_large_is_refused_for_good(listener: ListenerHost) -> None:
    with Line(listener.port) as line:
        line.say("EHLO a")
        assert line.say("MAIL FROM:<kim@example.org> SIZE=1048577").startswith("552")
        assert line.hand_in(b"Subject: a\r\n\r\n" + b"x" * 1_048_576 + b"\r\n", [DESK]).startswith("552 5.3.4")
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"

    assert RawMail.objects.count() == 1


def test_without_room_a_mail_stays_with_its_client(listener: ListenerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise StorageFull("no room is left for sealed files")

    with monkeypatch.context() as broken, Line(listener.port) as line:
        broken.setattr(BlobFolder, "_save", full)
        assert line.hand_in(make_mail(), [DESK]) == "451 4.3.0 Try again later"
        assert not RawMail.objects.exists()

    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "250 2.0.0 OK"


def test_a_mail_is_stored_for_all_its_inboxes_or_for_none(
    listener: ListenerHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_inbox("Billing", address="billing@desk.example.net")
    calls = []

    def once(source: Source, arrivals: Sequence[Arrival]) -> list[RawMail]:
        calls.append(source)
        if len(calls) == 2:
            raise StorageFull("no room is left for sealed files")
        return store_raw(source, arrivals)

    monkeypatch.setattr(taking, "store_raw", once)

    with Line(listener.port) as line:
        mime = make_mail()
        assert line.hand_in(mime, [DESK, "billing@desk.example.net"]) == "451 4.3.0 Try again later"
        assert not RawMail.objects.exists()
        assert line.hand_in(mime, [DESK, "billing@desk.example.net"]) == "250 2.0.0 OK"

    assert RawMail.objects.count() == 2


def test_a_fault_of_ours_tells_nothing(listener: ListenerHost, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(session, "take", broken)

    with Line(listener.port) as line:
        assert line.hand_in(make_mail(), [DESK]) == "451 4.3.0 Try again later"


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


def test_lmtp_answers_for_each_recipient(inbox: Inbox, settings: Settings) -> None:
    settings.SMTPD = "lmtp"
    make_inbox("Billing", address="billing@desk.example.net")

    with ListenerHost() as host, Line(host.port) as line:
        assert line.say("EHLO a").startswith("500")
        assert line.hand_in(make_mail(), [DESK, "nobody@desk.example.net", "billing@desk.example.net"], hello="LHLO")
        assert line.hear() == "250 2.0.0 OK"
        line.socket.settimeout(0.3)
        with pytest.raises(TimeoutError):
            line.socket.recv(1)

    assert RawMail.objects.count() == 2


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


def test_it_gives_a_sign_of_life(inbox: Inbox) -> None:
    cache.clear()
    assert not pulse.is_beating()

    with ListenerHost():
        for _ in range(100):
            if pulse.is_beating():
                break
            time.sleep(0.05)
        assert pulse.is_beating()
