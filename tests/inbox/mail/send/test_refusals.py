"""An address that a server does not know counts as one that mail comes back from, told at once or by a report."""

import pytest
from django.utils import timezone

from inbox.contacts.services.identify import identify
from inbox.contacts.services.reach import undeliverable
from inbox.mail.models import OutboundMail
from inbox.mail.send.deliver import _claim
from inbox.mail.send.recipients import Recipient
from inbox.mail.send.settle import settle, verdict
from inbox.mail.send.smtp import Outcome, OutcomeKind, TurnedAway
from inbox.mail.states import OutState
from inbox.tickets.models import Ticket
from tests.make import make_agent, make_reply, make_ticket

pytestmark = pytest.mark.django_db

KIM = "kim@example.org"
PAT = "pat@example.org"


def end(outcome: Outcome, *, cc: str = "") -> OutState:
    """Return where a new reply to Kim stands after a try that ended so."""
    ticket = Ticket.objects.first() or make_ticket()
    row = make_reply(ticket, by=make_agent(), cc=[Recipient("", cc)] if cc else [])
    OutboundMail.objects.update(send_after=timezone.now())
    claimed = _claim(row.pk)
    assert claimed is not None
    return settle(claimed, verdict(claimed, outcome))


@pytest.mark.parametrize(
    ("words", "marked"),
    [
        ("5.1.1 No such user", True),
        ("User unknown", True),
        ("5.7.1 Refused by rule", False),
        ("5.1.8 Bad sender", False),
        ("5.2.2 Mailbox full", False),
    ],
)
def test_an_unknown_address_is_marked_after_two_refusals(words: str, marked: bool) -> None:  # noqa: FBT001 - a case
    for _ in range(2):
        assert undeliverable([KIM]) == {}
        assert end(Outcome(OutcomeKind.REFUSED, words, 550)) == OutState.REFUSED

    assert (KIM in undeliverable([KIM])) is marked


def test_of_several_only_the_one_that_was_turned_away_counts() -> None:
    identify(PAT, "Pat")
    away = TurnedAway(PAT, 550, "5.1.1 No such user", again=False)
    for _ in range(2):
        end(Outcome(OutcomeKind.SENT, "Ok", 250, accepted=(KIM,), turned_away=(away,)), cc=PAT)

    assert list(undeliverable([KIM, PAT])) == [PAT]


def test_of_several_that_are_refused_at_once_nobody_is_told_apart() -> None:
    identify(PAT, "Pat")
    for _ in range(2):
        end(Outcome(OutcomeKind.REFUSED, "5.1.1 No such user", 550), cc=PAT)

    assert undeliverable([KIM, PAT]) == {}


def test_each_that_was_turned_away_by_itself_counts() -> None:
    identify(PAT, "Pat")
    away = (TurnedAway(KIM, 550, "5.2.2 Full", again=False), TurnedAway(PAT, 550, "5.1.1 No such user", again=False))
    for _ in range(2):
        end(Outcome(OutcomeKind.REFUSED, "5.2.2 Full", 550, turned_away=away), cc=PAT)

    assert list(undeliverable([KIM, PAT])) == [PAT]
