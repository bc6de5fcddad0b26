"""A server that asks for patience slows its whole mailbox, and no other one."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.deliver import deliver_mail, due
from inbox.mail.send.patience import PAUSES, asks_for_patience
from inbox.mail.send.smtp import Outcome, OutcomeKind, TurnedAway
from inbox.mail.states import OutState
from inbox.tickets.models import Ticket
from tests.make import make_agent, make_inbox, make_mailbox, make_reply, make_ticket
from tests.servers.smtp import SmtpHost
from tests.signed_in import client_of

_LIMIT = "451 4.7.0 Sending rate exceeded"


def _deferred(code: int, words: str, about: str) -> Outcome:
    return Outcome(OutcomeKind.DEFERRED, words, code, about_recipient=about == "recipient")


@pytest.mark.parametrize(
    ("code", "words", "about"),
    [
        (421, "4.3.2 closing", "mail"),
        (421, "closing", "recipient"),
        (450, "busy", "mail"),
        (451, "4.3.0 later", "mail"),
        (452, "4.3.1 disk full", "mail"),
        (454, "4.4.0 no route", "mail"),
        (451, "4.7.0 Temporary rate limit", "recipient"),
        (450, "4.7.25 no reverse name", "recipient"),
        (452, "too many messages, slow down", "recipient"),
    ],
)
def test_what_a_server_says_of_us_slows_the_mailbox(code: int, words: str, about: str) -> None:
    assert asks_for_patience(_deferred(code, words, about))


@pytest.mark.parametrize(
    ("code", "words", "about"),
    [
        (450, "4.2.0 mailbox busy", "recipient"),
        (452, "4.2.2 mailbox full", "recipient"),
        (451, "4.7.1 Greylisting in action", "recipient"),
        (450, "gray listed, come back", "mail"),
        (452, "4.5.3 too many recipients", "recipient"),
        (451, "4.3.0 later", "recipient"),
        (450, "try later", "recipient"),
        (499, "what", "mail"),
        (0, "the line broke", "mail"),
    ],
)
def test_what_concerns_one_mail_slows_that_alone(code: int, words: str, about: str) -> None:
    assert not asks_for_patience(_deferred(code, words, about))


def test_a_limit_told_of_one_recipient_among_others_counts() -> None:
    limited = TurnedAway("jo@example.org", 450, "4.7.1 rate limit", again=True)
    gone = TurnedAway("no@example.org", 550, "5.7.1 limit of spam", again=False)

    assert asks_for_patience(Outcome(OutcomeKind.SENT, turned_away=(limited,)))
    assert not asks_for_patience(Outcome(OutcomeKind.SENT, turned_away=(gone,)))
    assert not asks_for_patience(Outcome(OutcomeKind.REFUSED, "4.7.0 odd", 550))


@pytest.fixture
def ticket(smtp_host: SmtpHost) -> Ticket:
    """A ticket in an inbox that sends to the test's server."""
    ticket = make_ticket()
    make_mailbox(ticket.inbox, smtp_host=smtp_host)
    return ticket


def _is_time(mailbox: Mailbox | None = None) -> None:
    now = timezone.now()
    OutboundMail.objects.update(send_after=now - timedelta(seconds=1))
    if mailbox is not None:
        Mailbox.objects.filter(pk=mailbox.pk).update(smtp_paused_until=now)


@pytest.mark.django_db
def test_all_mail_of_the_mailbox_waits_and_that_of_others_goes(ticket: Ticket, smtp_host: SmtpHost) -> None:
    first, second = make_reply(ticket), make_reply(ticket)
    billing = make_ticket(inbox=make_inbox("Billing", address="billing@desk.example.net"))
    make_mailbox(billing.inbox, smtp_host=smtp_host)
    other = make_reply(billing)
    _is_time()
    smtp_host.mood.answers = [_LIMIT]

    assert deliver_mail(first.pk) == OutState.DEFERRED

    _is_time()
    assert due() == [other.pk]
    assert deliver_mail(second.pk) is None
    assert deliver_mail(other.pk) == OutState.SENT
    mailbox = ticket.inbox.mailboxes.get()
    with purpose(Purpose.SYSTEM):
        assert (mailbox.smtp_pauses, mailbox.smtp_pause_words) == (1, "4.7.0 Sending rate exceeded")
    second.refresh_from_db()
    assert (second.state, second.attempts) == (OutState.QUEUED, 0)


@pytest.mark.django_db
def test_pauses_grow_and_the_next_mail_that_is_taken_ends_them(ticket: Ticket, smtp_host: SmtpHost) -> None:
    row, waiting = make_reply(ticket), make_reply(ticket)
    mailbox = ticket.inbox.mailboxes.get()
    smtp_host.mood.answers = [_LIMIT, _LIMIT]
    lengths = []
    for _ in range(2):
        _is_time(mailbox)
        before = timezone.now()
        assert deliver_mail(row.pk) == OutState.DEFERRED
        mailbox.refresh_from_db()
        assert mailbox.smtp_paused_until is not None
        lengths.append(round((mailbox.smtp_paused_until - before) / timedelta(seconds=1)))
    assert lengths == [pause.total_seconds() for pause in PAUSES[:2]]
    _is_time(mailbox)
    OutboundMail.objects.filter(pk=waiting.pk).update(state=OutState.SENDING)
    assert deliver_mail(row.pk) is None  # one at a time until the server takes one
    OutboundMail.objects.filter(pk=waiting.pk).update(state=OutState.QUEUED)

    assert deliver_mail(row.pk) == OutState.SENT

    mailbox.refresh_from_db()
    assert (mailbox.smtp_pauses, mailbox.smtp_paused_until) == (0, None)
    assert deliver_mail(waiting.pk) == OutState.SENT


@pytest.mark.django_db
def test_the_page_says_why_a_mail_waits(ticket: Ticket, smtp_host: SmtpHost) -> None:
    make_reply(ticket)
    _is_time()
    desk = client_of(make_agent(inbox=ticket.inbox))
    page = reverse("tickets:ticket", args=[ticket.number])
    assert "send more slowly" not in desk.get(page).content.decode()

    Mailbox.objects.update(smtp_paused_until=timezone.now() + timedelta(minutes=1))

    assert "It waits: the mail server asked this desk to send more slowly." in desk.get(page).content.decode()


@pytest.mark.django_db
def test_each_inbox_sends_by_its_own_server() -> None:
    with SmtpHost() as ours, SmtpHost() as theirs:
        for name, host in (("Support", ours), ("Billing", theirs)):
            inbox = make_inbox(name, address=f"{name.lower()}@desk.example.net")
            make_mailbox(inbox, smtp_host=host)
            make_reply(make_ticket(name, inbox=inbox, sender=f"{name} <{name.lower()}@example.org>"), name)
        _is_time()
        for outbound_id in due():
            assert deliver_mail(outbound_id) == OutState.SENT

        assert [mail.sender for mail in ours.received] == ["support@desk.example.net"]
        assert [mail.sender for mail in theirs.received] == ["billing@desk.example.net"]
