"""A mail to a whole crowd: the first of them stand there, the others are folded, and each can still be ticked."""

import re

import pytest

from tests.make import Letter, make_agent, make_ticket
from tests.signed_in import client_of

pytestmark = pytest.mark.django_db


def crowd(size: int) -> str:
    """Return so many addresses for a Cc."""
    return ", ".join(f"guest{number}@example.com" for number in range(size))


def page_of(size: int) -> str:
    """Return the page of a ticket whose mail had so many in Cc."""
    ticket = make_ticket(letter=Letter(cc=crowd(size)))
    answer = client_of(make_agent("Team lead", inbox=ticket.inbox)).get(f"/t/{ticket.number}")
    return answer.content.decode()


def test_a_crowd_is_folded_and_everybody_can_be_ticked() -> None:
    page = page_of(30)
    folded = re.findall(r'<details class="rest">.*?</details>', page, re.DOTALL)

    assert [part.count("guest29@example.com") > 0 for part in folded] == [True, True]
    assert re.findall(r"and (\d+) more", page) == ["22", "24"]
    assert len(re.findall(r'name="cc" value="guest\d+@example.com"', page)) == 30


def test_a_few_are_shown_at_once() -> None:
    page = page_of(6)

    assert '<details class="rest">' not in page
    assert len(re.findall(r'name="cc" value="guest\d+@example.com"', page)) == 6
