"""The address that a bounce of one mail comes to: proved, bounded, and used where the inbox takes such addresses."""

import pytest

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ids import new_id
from inbox.mail import tokens
from inbox.mail.models import Bounce, OutboundMail
from inbox.mail.send.compose import compose
from inbox.mail.states import OutKind
from tests.make import DESK, make_inbox, make_reply, make_ticket, receive
from tests.servers.reports import Told, make_report

pytestmark = pytest.mark.django_db


def sender_of(row: OutboundMail) -> str:
    """Return the envelope sender of a mail."""
    with purpose(Purpose.SYSTEM):
        return compose(row).sender


def test_a_bounce_address_names_its_mail_and_no_other() -> None:
    mail_id, other = new_id(), new_id()
    address = tokens.bounce_address(DESK, mail_id)

    assert address.startswith("hilfe+v.")
    assert address.endswith("@desk.example.net")
    assert len(address.rpartition("@")[0]) <= 64
    assert list(tokens.mails_of_bounce([address.upper(), f"<{address}>", tokens.bounce_word(other)])) == [
        mail_id,
        mail_id,
        other,
    ]


def test_a_changed_word_names_nothing() -> None:
    word = tokens.bounce_word(new_id())
    changed = word[:-1] + ("a" if word[-1] != "a" else "b")
    moved = word[:2] + ("a" if word[2] != "a" else "b") + word[3:]

    assert list(tokens.mails_of_bounce([changed, moved, word[:-1], "", "v." + "a" * 42, "x" * 10_000])) == []
    assert len(list(tokens.mails_of_bounce([word]))) == 1


def test_a_local_part_that_would_grow_too_long_is_left_as_it_is() -> None:
    long = "customer-service-north@desk.example.net"

    assert tokens.bounce_address(long, new_id()) == long
    assert tokens.bounce_address("customer-service-n@desk.example.net", new_id()).startswith("customer-service-n+v.")


def test_mail_leaves_with_an_address_of_its_own_where_the_inbox_takes_plus() -> None:
    make_inbox(takes_plus=True)
    reply = make_reply(make_ticket())

    assert sender_of(reply) == tokens.bounce_address(DESK, reply.pk)
    reply.kind = OutKind.ACKNOWLEDGEMENT
    assert sender_of(reply) == ""


def test_mail_of_an_inbox_without_plus_leaves_with_its_address() -> None:
    assert sender_of(make_reply(make_ticket())) == DESK


def test_a_bounce_to_that_address_finds_its_mail_by_delivered_to_alone() -> None:
    make_inbox(takes_plus=True)
    reply = make_reply(make_ticket())
    report = make_report("", Told("kim@example.org"), to="undisclosed@example.org")

    receive(b"Delivered-To: " + sender_of(reply).encode() + b"\r\n" + report)

    assert Bounce.objects.get().outbound == reply
