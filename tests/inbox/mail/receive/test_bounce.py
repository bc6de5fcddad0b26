"""What becomes of reports on mail of ours: those that prove it, those that do not, and those that lie."""

from pathlib import Path

import pytest
from django.core.mail.message import EmailMessage

from audit.actions import Action, Outcome
from audit.models import Entry
from helpdesk.core.context import Purpose, purpose
from inbox.contacts.models import ContactAddress
from inbox.contacts.services.identify import address_blind
from inbox.contacts.services.reach import undeliverable
from inbox.mail import tokens
from inbox.mail.models import Bounce, InboundMail, OutboundMail, RawMail
from inbox.mail.receive.thread import Reason
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.system import OutboxBackend
from inbox.mail.states import BounceAction, RawState, Verdict
from inbox.tickets.models import Message, Ticket, TicketSeen
from inbox.tickets.services.status import set_state
from inbox.tickets.states import Direction, State
from tests.inbox.mail.reports import our_id, our_mark
from tests.make import DESK, Letter, make_agent, make_inbox, make_mail, make_mailbox, make_reply, make_ticket, receive
from tests.servers.reports import Told, make_report

pytestmark = pytest.mark.django_db

KIM = "kim@example.org"
SAMPLES = Path(__file__).parents[3] / "samples" / "bounces"


@pytest.fixture
def ticket() -> Ticket:
    """A ticket of Kim's."""
    return make_ticket()


@pytest.fixture
def reply(ticket: Ticket) -> OutboundMail:
    """A reply to it."""
    return make_reply(ticket)


def bounces(outbound: OutboundMail | None = None) -> list[tuple[str, str, str, bool, int]]:
    """Return what is on record of a mail of ours: action, status, recipient, whether it went there, how often."""
    with purpose(Purpose.SYSTEM):
        rows = Bounce.objects.filter(outbound=outbound).order_by("pk")
        return [(row.action, row.status, str(row.recipient), row.ours, row.times) for row in rows]


def became(raw: RawMail) -> tuple[str, str, str, bool]:
    """Return what a mail became: verdict and the two reasons, and whether it is a message."""
    row = InboundMail.objects.get(raw=raw)
    return row.verdict, row.verdict_reason, row.thread_reason, row.message is not None


def address(text: str = KIM) -> ContactAddress:
    """Return the row of a contact's address."""
    return ContactAddress.objects.get(blind=address_blind(text))


def bounce_replies(ticket: Ticket, count: int, *, status: str, to: str = KIM) -> None:
    """Let so many replies of ours come back."""
    agent = make_agent(inbox=ticket.inbox)
    for _ in range(count):
        receive(make_report(our_id(make_reply(ticket, by=agent)), Told(to, status=status)))


def test_a_bounce_stands_at_the_mail_that_it_is_about(ticket: Ticket, reply: OutboundMail) -> None:
    before = Message.objects.count()

    raw = receive(make_report(our_id(reply), Told(KIM, words="550 5.1.1 no such user")))

    assert raw.state == RawState.DONE
    assert became(raw) == (Verdict.BOUNCE, "5.1.1", Reason.REPORT, False)
    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]
    assert (Ticket.objects.count(), Message.objects.count()) == (1, before)
    entry = Entry.objects.get(action=Action.MAIL_BOUNCED)
    assert (entry.ticket_id, entry.outcome) == (ticket.pk, Outcome.FAILED)
    with purpose(Purpose.SYSTEM):
        assert Bounce.objects.get().words == "550 5.1.1 no such user"


def test_a_bounce_brings_its_ticket_up_and_leaves_its_state(ticket: Ticket, reply: OutboundMail) -> None:
    ticket = set_state(Ticket.objects.get(pk=ticket.pk), State.CLOSED)
    TicketSeen.objects.create(ticket=ticket, user=make_agent(), version=ticket.version)

    receive(make_report(our_id(reply), Told(KIM)))

    after = Ticket.objects.get(pk=ticket.pk)
    assert (after.state, after.version) == (State.CLOSED, ticket.version + 1)
    assert after.last_activity > ticket.last_activity
    assert not TicketSeen.objects.filter(version=after.version).exists()


@pytest.mark.parametrize("action", ["delayed", "delivered"])
def test_what_is_no_failure_is_kept_and_wakes_nobody(ticket: Ticket, reply: OutboundMail, action: str) -> None:
    version = Ticket.objects.get(pk=ticket.pk).version

    raw = receive(make_report(our_id(reply), Told(KIM, action=action, status="4.4.1")))

    assert became(raw)[:2] == (Verdict.BOUNCE, action)
    assert bounces(reply) == [(action, "4.4.1", KIM, True, 1)]
    assert Ticket.objects.get(pk=ticket.pk).version == version
    assert address().soft_bounces == 0


def test_three_warnings_of_a_delay_mark_no_address(ticket: Ticket) -> None:
    agent = make_agent(inbox=ticket.inbox)
    for _ in range(3):
        told = Told(KIM, action="delayed", status="4.4.1")
        receive(make_report(our_id(make_reply(ticket, by=agent)), told))
    assert undeliverable([KIM]) == {}

    bounce_replies(ticket, 3, status="4.4.1")
    assert list(undeliverable([KIM])) == [KIM]


def test_the_mark_in_what_came_back_is_enough(reply: OutboundMail) -> None:
    """Some providers give a mail another Message-ID."""
    receive(make_report("<other@provider.example.com>", Told(KIM), loop=our_mark(reply)))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]


def test_the_address_that_a_bounce_came_to_is_enough(reply: OutboundMail) -> None:
    came_to = tokens.bounce_address(DESK, reply.pk)

    receive(make_report("", Told(KIM), to=came_to))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]


def test_an_envelope_id_is_enough(reply: OutboundMail) -> None:
    receive(make_report("", Told(KIM), envelope_id=tokens.bounce_word(reply.pk)))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]


def test_a_forged_bounce_marks_no_address_and_writes_on_no_ticket(ticket: Ticket, reply: OutboundMail) -> None:
    before = Ticket.objects.get(pk=ticket.pk).version
    wrong_mark = our_mark(reply)[:-3] + "aaa"
    came_to = tokens.bounce_address(DESK, reply.pk).replace("@", "x@")

    for number in range(5):
        guessed = f"<out.{number:032x}@desk.example.net>"
        receive(make_report(guessed, Told(KIM), loop=wrong_mark, to=came_to, subject=f"Undelivered [#{ticket.number}]"))

    assert bounces(reply) == []
    assert bounces() == [("failed", "5.1.1", KIM, False, 5)]
    assert undeliverable([KIM]) == {}
    assert (Ticket.objects.count(), Ticket.objects.get(pk=ticket.pk).version) == (1, before)
    bounce_replies(ticket, 2, status="5.1.1")  # what a true one does
    assert list(undeliverable([KIM])) == [KIM]


def test_uncited_bounces_open_no_tickets(ticket: Ticket) -> None:
    raw = receive(make_report("<unknown@other.example.com>", Told("pat@example.org")))

    assert became(raw) == (Verdict.BOUNCE, "5.1.1", Reason.STRAY_REPORT, False)
    assert Ticket.objects.count() == 1
    message = receive(make_mail("Not a bounce"))  # what is none does
    assert InboundMail.objects.get(raw=message).message is not None
    assert Ticket.objects.count() == 2


def test_the_same_bounce_again_only_counts(ticket: Ticket, reply: OutboundMail) -> None:
    for _ in range(20):
        receive(make_report(our_id(reply), Told(KIM)))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 20)]
    assert (address().hard_bounces, address().undeliverable_at) == (1, None)
    assert Entry.objects.filter(action=Action.MAIL_BOUNCED).count() == 1


def test_a_report_on_a_foreign_address_marks_nobody(ticket: Ticket, reply: OutboundMail) -> None:
    """Whoever got a mail of ours knows its Message-ID and could forge a report with it."""
    make_ticket("Other", sender="Pat <pat@example.org>")
    agent = make_agent(inbox=ticket.inbox)

    for outbound in (reply, make_reply(ticket, by=agent), make_reply(ticket, by=agent)):
        receive(make_report(our_id(outbound), Told("pat@example.org")))

    assert bounces(reply) == [("failed", "5.1.1", "pat@example.org", False, 1)]
    assert (address("pat@example.org").hard_bounces, address().hard_bounces) == (0, 0)
    bounce_replies(ticket, 2, status="5.1.1")
    assert list(undeliverable([KIM, "pat@example.org"])) == [KIM]


def test_an_address_that_the_mail_was_passed_on_to_is_ours_where_the_report_says_so(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told("kim@home.example.com", wrote_to="KIM@Example.ORG")))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]


def test_a_report_without_an_address_is_about_the_only_recipient(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told("")))

    assert bounces(reply) == [("failed", "5.1.1", KIM, True, 1)]


def test_a_report_names_each_recipient(ticket: Ticket) -> None:
    reply = make_reply(ticket, cc=[Recipient("", "pat@example.org"), Recipient("", "max@example.org")])

    receive(
        make_report(our_id(reply), Told(KIM, status="5.2.2"), Told("pat@example.org", action="delivered", status=""))
    )

    assert bounces(reply) == [("failed", "5.2.2", KIM, True, 1), ("delivered", "", "pat@example.org", True, 1)]


def test_a_huge_report_leaves_a_few_rows(reply: OutboundMail) -> None:
    many = [Told(f"kim{number}@example.org") for number in range(500)]

    receive(make_report(our_id(reply), *many))
    receive(make_report("<unknown@other.example.com>", *many))

    assert (len(bounces(reply)), len(bounces())) == (5, 5)
    for number in range(3):
        receive(make_report(our_id(reply), *(Told(f"{number}.{one}@example.org") for one in range(50))))
    assert len(bounces(reply)) == 5


@pytest.mark.parametrize(
    ("status", "count", "marked"),
    [
        ("5.1.1", 1, False),
        ("5.1.1", 2, True),
        ("5.1.10", 2, True),
        ("5.2.2", 2, False),
        ("5.2.2", 3, True),
        ("", 3, True),
    ],
)
def test_an_address_is_marked_after_enough_bounces(ticket: Ticket, status: str, count: int, marked: bool) -> None:  # noqa: FBT001 - a case
    bounce_replies(ticket, count, status=status)

    assert (KIM in undeliverable([KIM])) is marked
    recorded = Entry.objects.filter(action=Action.ADDRESS_UNDELIVERABLE)
    assert recorded.count() == int(marked)


@pytest.mark.parametrize("status", ["5.7.1", "5.1.8", "5.3.4", "5.6.1"])
def test_a_reason_on_our_side_counts_nothing_against_an_address(ticket: Ticket, status: str) -> None:
    bounce_replies(ticket, 4, status=status)

    assert undeliverable([KIM]) == {}
    assert Bounce.objects.filter(status=status, action=BounceAction.FAILED).count() == 4


def test_the_next_mail_of_an_address_takes_its_mark_away(ticket: Ticket) -> None:
    bounce_replies(ticket, 2, status="5.1.1")
    assert list(undeliverable([KIM])) == [KIM]

    receive(make_mail("I am here", letter=Letter(f"{KIM}, eve@example.com")))  # From that can be read in two ways
    receive(make_mail("Absent", letter=Letter(headers={"Auto-Submitted": "auto-replied"})))
    assert list(undeliverable([KIM])) == [KIM]

    receive(make_mail("I am here"))
    assert undeliverable([KIM]) == {}
    assert (address().hard_bounces, address().soft_bounces) == (0, 0)
    assert Entry.objects.filter(action=Action.ADDRESS_REACHABLE).count() == 1
    bounce_replies(ticket, 1, status="5.1.1")
    assert undeliverable([KIM]) == {}


def test_an_absence_is_a_note_that_wakes_nobody(ticket: Ticket, reply: OutboundMail) -> None:
    ticket = set_state(Ticket.objects.get(pk=ticket.pk), State.CLOSED)
    seen = TicketSeen.objects.create(ticket=ticket, user=make_agent(), version=ticket.version)
    headers = {"In-Reply-To": our_id(reply), "Auto-Submitted": "auto-replied", "Reply-To": "autoreply@example.org"}

    receive(make_mail("Absent: Printer", "Back on Monday.\n", Letter(headers=headers)))

    note = Message.objects.get(direction=Direction.NOTE)
    after = Ticket.objects.get(pk=ticket.pk)
    assert (note.ticket, note.machine, note.author, note.answers_id) == (ticket, True, None, reply.message_id)
    assert (after.state, after.last_activity, after.contact) == (State.CLOSED, ticket.last_activity, ticket.contact)
    seen.refresh_from_db()
    assert seen.version == after.version == ticket.version + 1
    assert note.participants.count() == 1
    with purpose(Purpose.SYSTEM):
        assert after.preview == ticket.preview

    receive(make_mail("Re: Printer", "It prints.\n", Letter(headers={"In-Reply-To": our_id(reply)})))
    assert Ticket.objects.get(pk=ticket.pk).state == State.OPEN  # what a person's answer does


def test_a_machine_that_writes_of_itself_stays_a_message(ticket: Ticket, reply: OutboundMail) -> None:
    headers = {"In-Reply-To": our_id(reply), "Auto-Submitted": "auto-generated"}

    receive(make_mail("Order 7 was changed", letter=Letter(headers=headers)))

    message = Message.objects.order_by("-at").first()
    assert message is not None
    assert (message.direction, message.machine) == (Direction.INBOUND, True)


def test_a_holiday_message_to_a_notice_of_the_desk_opens_nothing(system_mail: OutboundMail) -> None:
    headers = {"In-Reply-To": our_id(system_mail), "Auto-Submitted": "auto-replied"}

    raw = receive(make_mail("Absent: New message", letter=Letter("Lea <lea@desk.example.net>", headers=headers)))

    assert became(raw) == (Verdict.MUTE, "auto_replied", Reason.SYSTEM_MAIL, False)
    assert Ticket.objects.count() == 0
    del headers["Auto-Submitted"]  # a person's answer to it is read by somebody
    receive(make_mail("Re: New message", letter=Letter("Lea <lea@desk.example.net>", headers=headers)))
    assert Ticket.objects.count() == 1


def test_bounces_of_a_notice_are_one_line_of_trouble(system_mail: OutboundMail) -> None:
    for _ in range(21):
        receive(make_report(our_id(system_mail), Told("lea@desk.example.net", status="5.2.2")))

    assert bounces(system_mail) == [("failed", "5.2.2", "lea@desk.example.net", True, 21)]
    assert (Ticket.objects.count(), OutboundMail.objects.count()) == (0, 1)


def test_a_bounce_in_words_that_a_person_may_have_written_stays_a_mail(ticket: Ticket) -> None:
    letter = Letter("Postmaster <postmaster@example.org>")
    raw = receive(make_mail("Your mails", "Your mail to kim@example.org was rejected: 550 5.7.1\n", letter))

    assert became(raw) == (Verdict.BOUNCE, "5.7.1", Reason.NEW, True)
    assert bounces() == []


def test_nothing_leaves_because_of_a_bounce(reply: OutboundMail) -> None:
    receive(make_report(our_id(reply), Told(KIM)))
    receive(make_report("<unknown@other.example.com>", Told(KIM)))

    assert list(OutboundMail.objects.all()) == [reply]


@pytest.fixture
def system_mail() -> OutboundMail:
    """A mail of the desk to one of its people."""
    make_mailbox(make_inbox(), sends_system_mail=True)
    notice = EmailMessage("New message", "A ticket has a new message.", to=["lea@desk.example.net"])
    OutboxBackend().send_messages([notice])
    return OutboundMail.objects.get()


def test_a_report_whose_headers_are_quoted_printable_finds_its_mail(ticket: Ticket, reply: OutboundMail) -> None:
    """The sample cites a Message-ID that a soft line break cuts; a true one stands in its place here."""
    header_id = our_id(reply)
    cut = f"{header_id[:30]}=\r\n{header_id[30:]}".encode()
    sample = (SAMPLES / "headers-in-quoted-printable.eml").read_bytes()
    at = sample.index(b"Message-ID: <out.") + len(b"Message-ID: ")

    receive(sample[:at] + cut + b"\r\n\r\n--b9--\r\n")

    assert bounces(reply) == [("failed", "5.1.10", KIM, True, 1)]
    assert Ticket.objects.count() == 1
