"""Where an answer lands, and what it may change there."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from inbox.mail import tokens
from inbox.mail.models import InboundMail
from inbox.mail.receive.thread import Reason
from inbox.mail.states import Verdict
from inbox.tickets.models import Message, Ticket
from inbox.tickets.services.bin import delete_ticket
from inbox.tickets.services.status import set_state
from inbox.tickets.states import State
from tests.inbox.mail.reports import our_id
from tests.make import (
    DESK,
    KIM,
    Letter,
    make_inbox,
    make_mail,
    make_mailbox,
    make_reply,
    make_ticket,
    message_of,
    receive,
)

pytestmark = pytest.mark.django_db

STRANGER = "Eve <eve@example.com>"


def answer(cites: str = "", *, sender: str = KIM, subject: str = "Re: Printer", text: str = "Yes.\n") -> Message:
    """Let an answer come in that cites a Message-ID, and return its message."""
    headers = {"In-Reply-To": cites} if cites else {}
    return message_of(receive(make_mail(subject, text, Letter(sender, headers=headers))))


def reason_of(message: Message) -> str:
    """Return why a message landed where it did."""
    return InboundMail.objects.get(message=message).thread_reason


@pytest.fixture
def ticket() -> Ticket:
    """A ticket of Kim's."""
    return make_ticket(letter=Letter(header_id="<first@example.org>"))


def test_an_answer_to_our_mail_lands_there_and_says_to_which(ticket: Ticket) -> None:
    reply = make_reply(ticket)

    message = answer(our_id(reply))

    assert (message.ticket, message.answers_id, reason_of(message)) == (ticket, reply.message_id, Reason.OUR_ID)
    assert not message.unverified_sender


def test_our_id_among_the_references_is_enough(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    letter = Letter(headers={"References": f"<x@example.org> {our_id(reply)} <y@example.org>"})

    assert message_of(receive(make_mail("Other words", letter=letter))).ticket == ticket


def test_a_stranger_who_cites_our_id_is_marked_and_is_no_contact(ticket: Ticket) -> None:
    message = answer(our_id(make_reply(ticket)), sender=STRANGER)

    assert (message.ticket, message.unverified_sender, message.contact) == (ticket, True, None)


def test_an_earlier_mail_of_the_sender_is_known_again_but_proves_nothing(ticket: Ticket) -> None:
    message = answer("<first@example.org>")

    assert (message.ticket, reason_of(message), message.unverified_sender) == (ticket, Reason.THEIR_ID, True)


def test_a_stranger_who_cites_a_customers_id_gets_a_ticket_of_their_own(ticket: Ticket) -> None:
    assert answer("<first@example.org>", sender=STRANGER).ticket != ticket


def test_the_mark_in_the_quoted_text_is_enough(ticket: Ticket) -> None:
    mark = tokens.reply_mark(ticket.number, ticket.pk)

    message = answer(text=f"Yes.\n\n> We ask.\n> [{mark}]\n")

    assert (message.ticket, reason_of(message)) == (ticket, Reason.MARK)


def test_a_guessed_mark_opens_nothing(ticket: Ticket) -> None:
    mark = tokens.reply_mark(ticket.number + 1, ticket.pk).replace(str(ticket.number + 1), str(ticket.number))

    assert answer(sender=STRANGER, text=f"[{mark}]\n").ticket != ticket


def test_a_number_in_the_subject_counts_for_who_takes_part_alone(ticket: Ticket) -> None:
    subject = f"Re: [#{ticket.number}] Printer"

    assert answer(subject=subject).ticket == ticket
    assert answer(subject=subject, sender=STRANGER).ticket != ticket


def test_a_sender_in_doubt_attaches_to_nothing_unproved(ticket: Ticket) -> None:
    two = "kim@example.org, eve@example.com"

    message = answer("<first@example.org>", sender=two)

    assert (message.ticket != ticket, bool(message.doubts)) == (True, True)


def test_a_ticket_in_the_bin_takes_no_answer(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    delete_ticket(ticket)

    message = answer(our_id(reply))

    ticket.refresh_from_db()
    assert message.ticket != ticket
    assert ticket.deleted_at is not None


def test_a_restricted_ticket_takes_its_answer_and_stays_restricted(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    Ticket.objects.update(restricted=True)

    message = answer(our_id(reply))

    assert (message.ticket, message.ticket.restricted) == (ticket, True)


@pytest.mark.parametrize("state", [State.CLOSED, State.PENDING])
def test_an_answer_opens_the_ticket_again(ticket: Ticket, state: State) -> None:
    reply = make_reply(ticket)
    set_state(ticket, state)

    answer(our_id(reply))

    ticket.refresh_from_db()
    assert ticket.state == State.OPEN


def test_machine_mail_opens_nothing(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    set_state(ticket, State.CLOSED)
    headers = {"In-Reply-To": our_id(reply), "Auto-Submitted": "auto-replied"}

    message = message_of(receive(make_mail("Out of office", letter=Letter(headers=headers))))

    ticket.refresh_from_db()
    assert (message.ticket, message.machine, ticket.state) == (ticket, True, State.CLOSED)
    assert InboundMail.objects.get(message=message).verdict == Verdict.MUTE


def test_a_loop_opens_a_ticket_three_times_an_hour_at_most(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    states: list[str] = []
    for _ in range(5):
        set_state(ticket, State.CLOSED)
        answer(our_id(reply))
        ticket.refresh_from_db()
        states.append(ticket.state)

    assert states[:1] == [State.OPEN]
    assert states[-1] == State.CLOSED


def test_our_own_address_and_our_own_mail_are_a_machines(ticket: Ticket) -> None:
    own = message_of(receive(make_mail("Circle", letter=Letter(f"Support <{DESK}>"))))
    mark = tokens.loop_mark(make_reply(ticket).pk)
    looped = message_of(receive(make_mail("Loop", letter=Letter(headers={"X-Postern-Loop": mark}))))

    assert (own.machine, own.contact, looped.machine) == (True, None, True)
    assert InboundMail.objects.get(message=looped).verdict_reason == "own_loop"


@pytest.mark.parametrize("mark", ["abc.def", f"{'0' * 32}.{'a' * 24}", ""])
def test_the_mark_of_another_desk_makes_no_machine_of_a_person(mark: str) -> None:
    message = message_of(receive(make_mail("Hello", letter=Letter(headers={"X-Postern-Loop": mark}))))

    assert (message.machine, message.contact is None) == (False, False)


def test_headers_of_ours_from_outside_steer_nothing(ticket: Ticket) -> None:
    headers = {"X-Postern-Ticket": str(ticket.number), "X-Postern-Inbox": "Billing", "X-Postern-State": "closed"}

    message = message_of(receive(make_mail("Hello", letter=Letter(STRANGER, headers=headers))))

    assert (message.ticket != ticket, message.ticket.state) == (True, State.OPEN)


def test_an_answer_to_another_inbox_is_a_ticket_there(ticket: Ticket) -> None:
    reply = make_reply(ticket)
    billing = make_inbox("Billing", address="billing@desk.example.net")
    letter = Letter(headers={"In-Reply-To": our_id(reply)})

    raw = receive(make_mail("Re: Printer", letter=letter), inbox=billing)

    assert message_of(raw).ticket.inbox == billing


def test_a_mail_to_two_inboxes_is_two_tickets_and_an_answer_lands_once_in_each() -> None:
    support = make_inbox(takes_plus=True)
    make_inbox("Billing", address="billing@desk.example.net")
    mailbox = make_mailbox(support)
    both = Letter(to=f"{DESK}, billing@desk.example.net")
    receive(make_mail(letter=both), mailbox=mailbox)
    assert Ticket.objects.count() == 2
    ticket = Ticket.objects.get(inbox=support)
    token = tokens.reply_address(DESK, ticket.number, ticket.pk)

    receive(make_mail("Re: Printer", letter=Letter(to=f"{token}, billing@desk.example.net")), mailbox=mailbox)

    assert Message.objects.filter(ticket=ticket).count() == 2
    assert sorted(Ticket.objects.values_list("inbox__name", flat=True)) == ["Billing", "Billing", "Support"]


def test_whom_an_unverified_mail_names_takes_no_part(ticket: Ticket) -> None:
    number = f"Re: [#{ticket.number}]"
    forged = message_of(receive(make_mail(number, letter=Letter(KIM, cc=STRANGER))))
    assert (forged.ticket, forged.unverified_sender) == (ticket, True)

    assert answer(subject=number, sender=STRANGER).ticket != ticket


def test_whom_a_known_sender_names_takes_part(ticket: Ticket) -> None:
    cites = our_id(make_reply(ticket))
    receive(make_mail("Re: Printer", letter=Letter(KIM, cc=STRANGER, headers={"In-Reply-To": cites})))

    assert answer(subject=f"Re: [#{ticket.number}]", sender=STRANGER).ticket == ticket


def test_a_mail_full_of_marks_costs_few_looks_and_its_first_ones_count(ticket: Ticket) -> None:
    made_up = " ".join(f"ref:r.{number}.aaaaaaaaaaaaaaaa" for number in range(5_000))
    proved = tokens.reply_mark(ticket.number, ticket.pk)

    with CaptureQueriesContext(connection) as queries:
        stray = answer(sender=STRANGER, text=made_up)

    assert stray.ticket != ticket
    assert len(queries) < 150
    assert answer(sender=STRANGER, text=f"{proved} {made_up}").ticket == ticket
