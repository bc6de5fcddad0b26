"""Who an answer goes to."""

import pytest

from helpdesk.core.context import Purpose, purpose
from inbox.mail import tokens
from inbox.mail.errors import NoRecipient, WrongAddress
from inbox.mail.models import OutboundMail
from inbox.mail.send.recipients import Recipient, checked, own_addresses, suggest
from inbox.tickets.models import Ticket
from tests.make import DESK, Letter, make_inbox, make_mail, make_reply, make_ticket, receive

pytestmark = pytest.mark.django_db


def addresses(recipients: tuple[Recipient, ...] | list[Recipient]) -> list[str]:
    """Return the addresses alone."""
    return [recipient.address for recipient in recipients]


def test_the_cc_of_the_message_is_offered_without_the_desks_own() -> None:
    make_inbox("Billing", address="billing@desk.example.net")
    ticket = make_ticket(letter=Letter(cc="pat@example.org, BILLING@desk.example.net, hilfe+x@desk.example.net"))

    found = suggest(ticket)

    assert (addresses(found.to), addresses(found.cc), addresses(found.dropped)) == (
        ["kim@example.org"], ["pat@example.org"], [],
    )  # fmt: skip


def test_a_mail_to_very_many_is_answered_to_all_of_them_or_none_is_forgotten() -> None:
    many = [f"person{number}@example.org" for number in range(230)]
    ticket = make_ticket(letter=Letter(cc=", ".join(many)))

    found = suggest(ticket)

    assert addresses(found.to) == ["kim@example.org"]
    assert addresses(found.cc) == many


def test_whoever_the_customer_dropped_is_named_and_not_offered() -> None:
    ticket = make_ticket(letter=Letter(cc="pat@example.org"))
    receive(make_mail(f"Re: [#{ticket.number}]"))

    found = suggest(ticket)

    assert (addresses(found.to), addresses(found.cc), addresses(found.dropped)) == (
        ["kim@example.org"], [], ["pat@example.org"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("reply_to", "to", "elsewhere"),
    [
        ("team@example.org", "team@example.org", ""),
        ("evil@example.com", "kim@example.org", "evil@example.com"),
    ],
)
def test_reply_to_is_followed_within_the_senders_domain_alone(reply_to: str, to: str, elsewhere: str) -> None:
    found = suggest(make_ticket(letter=Letter(headers={"Reply-To": reply_to})))

    assert (addresses(found.to), found.elsewhere, found.dropped) == ([to], elsewhere, ())


def test_a_stranger_with_our_token_is_named_and_gets_nothing() -> None:
    ticket = make_ticket()
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    receive(make_mail("Offer", f"410 Euro\n[{mark}]\n", Letter("werk@partner.example.com")))

    found = suggest(ticket)
    row = make_reply(ticket, "As you asked.")

    assert (addresses(found.to), addresses(found.dropped)) == (["kim@example.org"], ["werk@partner.example.com"])
    with purpose(Purpose.SYSTEM):
        assert "410 Euro" not in row.text


def test_a_machines_answer_is_not_answered_while_a_person_wrote() -> None:
    ticket = make_ticket()
    headers = {"Auto-Submitted": "auto-replied", "Reply-To": "robot@example.org"}
    receive(make_mail(f"Away [#{ticket.number}]", letter=Letter(headers=headers)))

    assert addresses(suggest(ticket).to) == ["kim@example.org"]


def test_after_our_own_mail_the_same_people_are_offered() -> None:
    ticket = make_ticket()
    make_reply(ticket, cc=[Recipient("", "pat@example.org")])
    Ticket.objects.update(contact=None)

    assert addresses(suggest(ticket).to) == ["kim@example.org"]


def test_a_mail_without_a_sender_has_nobody_to_answer() -> None:
    raw = receive(b"Subject: nobody\r\n\r\ntext\r\n")
    ticket = Ticket.objects.get()
    assert raw.state == "done"

    with pytest.raises(NoRecipient):
        make_reply(ticket)

    assert not OutboundMail.objects.exists()


def test_own_addresses_and_repeated_ones_fall_out() -> None:
    make_inbox()
    given = [Recipient("", DESK), Recipient("A", "a@example.org"), Recipient("B", "A@example.org")]

    assert checked(given, own=own_addresses()) == [Recipient("A", "a@example.org")]


@pytest.mark.parametrize(
    "address", ["no address", "a@", "@b", "a@b@c.example", "a\r\nBcc: x@example.org", "a b@example.org"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(WrongAddress):
        checked([Recipient("", address)], own=frozenset())


def test_odd_dots_are_put_in_quotes() -> None:
    assert addresses(checked([Recipient("", "a..b.@example.org")], own=frozenset())) == ['"a..b."@example.org']


def test_an_unverified_mail_adds_nobody() -> None:
    """A forged mail with an address of the ticket in From must not lead the answer to its writer."""
    ticket = make_ticket(letter=Letter(cc="pat@example.org"))
    headers = {"Reply-To": "eve@example.org"}
    receive(make_mail(f"Re: [#{ticket.number}]", letter=Letter(cc="pat@example.org, x@example.com", headers=headers)))

    found = suggest(ticket)

    assert (addresses(found.to), addresses(found.cc)) == (["kim@example.org"], ["pat@example.org"])
    assert sorted(addresses(found.dropped)) == ["eve@example.org", "x@example.com"]


def test_a_known_sender_may_name_others() -> None:
    ticket = make_ticket()
    mark = tokens.reply_mark(ticket.number, ticket.pk)
    headers = {"Reply-To": "team@example.org"}
    receive(make_mail("Re: Printer", f"[{mark}]\n", Letter(cc="x@example.com", headers=headers)))

    found = suggest(ticket)

    assert (addresses(found.to), addresses(found.cc)) == (["team@example.org"], ["x@example.com"])


def test_domains_that_look_alike_are_two() -> None:
    receive("From: kim@straße.example\r\nReply-To: eve@strasse.example\r\nSubject: x\r\n\r\ntext\r\n".encode())

    found = suggest(Ticket.objects.get())

    assert (addresses(found.to), found.elsewhere) == (["kim@straße.example"], "eve@strasse.example")
