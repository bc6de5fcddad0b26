"""The listener over its own port: mail for our inboxes, once, for all of them or for none."""

import threading
import time
from collections.abc import Sequence

import pytest
from django.core.cache import cache
from pytest_django import Settings

from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import StorageFull
from helpdesk.crypto.files import BlobFolder
from inbox.inboxes.models import Inbox
from inbox.inboxes.services.inboxes import add_address
from inbox.mail.models import InboundMail, RawMail
from inbox.mail.receive.process import process_raw
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.smtpd import pulse, taking
from inbox.mail.states import RawState
from inbox.mail.tokens import reply_address
from inbox.tickets.models import Message, Ticket
from tests.inbox.mail.smtpd.stored import content
from tests.make import DESK, Letter, make_inbox, make_mail, make_ticket
from tests.servers.listener import Line, ListenerHost

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_it_gives_a_sign_of_life(inbox: Inbox) -> None:
    cache.clear()
    assert not pulse.is_beating()

    with ListenerHost():
        for _ in range(100):
            if pulse.is_beating():
                break
            time.sleep(0.05)
        assert pulse.is_beating()
