"""Which inbox a mail lands in, and how often: mailboxes and inboxes that cross, copies, our own mail coming back."""

from datetime import timedelta
from email import message_from_bytes

import pytest
from django.utils import timezone

from inbox.inboxes.models import Inbox
from inbox.inboxes.services.inboxes import add_address
from inbox.mail.models import InboundMail, OutboundMail, RawMail
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.deliver import deliver_mail
from inbox.mail.states import RawReason, RawState
from inbox.mail.tasks import process_mail
from inbox.tickets.models import Message, Ticket
from inbox.tickets.states import Direction
from tests.make import DESK, KIM, Letter, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, receive
from tests.servers.smtp import SmtpHost

pytestmark = pytest.mark.django_db

BILLING = "billing@desk.example.net"
ID = "<one.mail@example.org>"


def letter(to: str, *, via: str = "", files: tuple[tuple[str, bytes], ...] = ()) -> Letter:
    """Return a letter of one Message-ID; `via` is the address that this copy was delivered to."""
    trace = {"Delivered-To": via, "Received": f"from mx by relay for <{via}>; Mon, 5 Oct 2026 08:15:02 +0000"}
    return Letter(to=to, header_id=ID, headers=trace if via else {}, files=files)


def tickets_in(inbox: Inbox) -> int:
    """Return how many tickets the inbox holds."""
    return Ticket.objects.filter(inbox=inbox).count()


def test_two_inboxes_fed_by_one_mailbox_each_get_theirs() -> None:
    support, billing = make_inbox(), make_inbox("Billing", address=BILLING)
    mailbox = make_mailbox(support)

    receive(make_mail("For support", letter=Letter(to=DESK)), mailbox=mailbox)
    receive(make_mail("For billing", letter=Letter(to=BILLING)), mailbox=mailbox)
    both = receive(make_mail("For both", letter=Letter(to=f"{DESK}, {BILLING}")), mailbox=mailbox)

    assert (tickets_in(support), tickets_in(billing)) == (2, 2)
    assert InboundMail.objects.filter(raw=both).count() == 2


def test_one_inbox_fed_by_two_mailboxes_gets_a_mail_to_both_once() -> None:
    inbox = make_inbox()
    add_address(inbox, "help@desk.example.net")
    first, second = make_mailbox(inbox), make_mailbox(inbox)
    to = f"{DESK}, help@desk.example.net"

    receive(make_mail(letter=letter(to, via=DESK)), mailbox=first)
    copy = receive(make_mail(letter=letter(to, via="help@desk.example.net")), mailbox=second)
    receive(make_mail("Another"), mailbox=second)

    assert (copy.state, copy.reason) == (RawState.DUPLICATE, RawReason.SAME_MAIL)
    assert (tickets_in(inbox), Message.objects.count()) == (2, 2)


def test_the_same_mail_to_two_inboxes_with_mailboxes_of_their_own_is_two_tickets() -> None:
    support, billing = make_inbox(), make_inbox("Billing", address=BILLING)
    to = f"{DESK}, {BILLING}"

    receive(make_mail(letter=letter(to, via=DESK)), mailbox=make_mailbox(support))
    receive(make_mail(letter=letter(to, via=BILLING)), mailbox=make_mailbox(billing))

    assert (tickets_in(support), tickets_in(billing)) == (1, 1)


def test_a_mail_to_an_inbox_and_its_alias_is_one() -> None:
    inbox = make_inbox()
    add_address(inbox, "alias@desk.example.net")
    mailbox = make_mailbox(inbox)
    files = (("list.csv", b"a;b\r\n"),)
    to = f"{DESK}, alias@desk.example.net"

    for via in (DESK, "alias@desk.example.net"):
        receive(make_mail(letter=letter(to, via=via, files=files)), mailbox=mailbox)

    assert (RawMail.objects.count(), tickets_in(inbox), Message.objects.count()) == (2, 1, 1)


@pytest.mark.parametrize(
    "other",
    [
        make_mail(text="It burns.\n", letter=letter(DESK)),
        make_mail("Another subject", letter=letter(DESK)),
        make_mail(letter=letter(DESK, files=(("list.csv", b"a;b\r\n"),))),
        make_mail(letter=Letter("Mallory <mallory@example.com>", header_id=ID)),
    ],
    ids=["text", "subject", "file", "sender"],
)
def test_an_id_that_was_used_before_keeps_no_other_mail_out(other: bytes) -> None:
    receive(make_mail(letter=letter(DESK)))

    raw = receive(other)

    assert (raw.state, raw.reason) == (RawState.DONE, RawReason.SAME_ID)
    assert Message.objects.count() == 2


def test_files_of_the_same_name_and_size_are_compared_by_their_bytes() -> None:
    for data in (b"first", b"other", b"first"):
        receive(make_mail(letter=letter(DESK, via=str(data), files=(("scan.pdf", data),))))

    assert (Message.objects.count(), RawMail.objects.filter(state=RawState.DUPLICATE).count()) == (2, 1)


def test_a_mail_given_in_other_bytes_after_a_renumbering_is_known_by_date_sender_and_size() -> None:
    inbox = make_inbox()
    mailbox = make_mailbox(inbox)
    before, after = make_mail("Printer", letter=letter(DESK)), make_mail("PRINTER", letter=letter(DESK))
    assert len(before) == len(after)
    receive(before, mailbox=mailbox)

    arrivals = [
        Arrival("imap:INBOX:2:1", len(after), timezone.now(), [after], reconciled=True),
        Arrival("imap:INBOX:2:2", len(after) + 2, timezone.now(), [after + b"\r\n"], reconciled=True),
    ]
    rows = store_raw(Source(inbox, mailbox), arrivals)
    process_mail([str(row.pk) for row in rows])

    states = list(RawMail.objects.filter(reconciled=True).order_by("transport_key").values_list("state", "reason"))
    assert states == [(RawState.DUPLICATE, RawReason.SAME_MAIL), (RawState.DONE, RawReason.SAME_ID)]


def sent_reply(smtp: SmtpHost) -> OutboundMail:
    """Return a reply that has left."""
    ticket = make_ticket()
    make_mailbox(ticket.inbox, smtp_host=smtp)
    row = make_reply(ticket)
    OutboundMail.objects.update(send_after=timezone.now() - timedelta(seconds=1))
    deliver_mail(row.pk)
    return row


def test_our_own_mail_coming_back_adds_nothing(smtp_host: SmtpHost) -> None:
    sent_reply(smtp_host)
    back = b"Delivered-To: hilfe@desk.example.net\r\n" + smtp_host.received[0].mime

    raw = receive(back)

    assert (raw.state, raw.reason) == (RawState.DUPLICATE, RawReason.OWN_MAIL)
    assert (Ticket.objects.count(), Message.objects.filter(direction=Direction.INBOUND).count()) == (1, 1)


def test_whoever_writes_under_our_id_is_read_all_the_same(smtp_host: SmtpHost) -> None:
    sent_reply(smtp_host)
    ours = str(message_from_bytes(smtp_host.received[0].mime)["Message-ID"])
    forged = [
        make_mail(text="Pay to another account.\n", letter=Letter(f"Support <{DESK}>", header_id=ours)),
        make_mail(letter=Letter(KIM, header_id=ours)),
    ]

    states = [receive(mime).state for mime in forged]

    assert states == [RawState.DONE, RawState.DONE]


def test_a_copy_of_our_answer_to_another_inbox_is_a_mail_there(smtp_host: SmtpHost) -> None:
    billing = make_inbox("Billing", address=BILLING)
    sent_reply(smtp_host)

    raw = receive(smtp_host.received[0].mime, mailbox=make_mailbox(billing))

    assert raw.state == RawState.DONE
    assert tickets_in(billing) == 1
