"""Marks of addresses that mail comes back from: counted, set once, taken away."""

from datetime import UTC, datetime

import pytest
from pytest_django import DjangoAssertNumQueries

from inbox.contacts.models import ContactAddress
from inbox.contacts.services.identify import identify
from inbox.contacts.services.reach import HARD, SOFT, came_back, heard_from, undeliverable

pytestmark = pytest.mark.django_db

KIM = "kim@example.org"
AT = datetime(2026, 10, 5, 8, 15, tzinfo=UTC)


@pytest.mark.parametrize(("hard", "needed"), [(True, HARD), (False, SOFT)])
def test_an_address_is_marked_when_enough_came_back(hard: bool, needed: int) -> None:  # noqa: FBT001 - a case
    identify(KIM, "Kim")

    marked = [came_back("KIM@example.org", hard=hard, at=AT) for _ in range(needed + 1)]

    assert marked == [False] * (needed - 1) + [True, False]
    assert undeliverable(["Kim@Example.org", "pat@example.org"]) == {"Kim@Example.org": AT}


def test_hard_and_soft_are_counted_apart() -> None:
    identify(KIM, "Kim")

    for hard in (True, False, False):
        came_back(KIM, hard=hard)

    assert undeliverable([KIM]) == {}
    assert came_back(KIM, hard=True)


def test_an_unknown_address_counts_nothing() -> None:
    assert not came_back(KIM, hard=True)

    assert not ContactAddress.objects.exists()
    assert undeliverable([]) == {}


def test_who_writes_is_there_again() -> None:
    identify(KIM, "Kim")
    for _ in range(HARD):
        came_back(KIM, hard=True)

    heard_from("pat@example.org")
    assert list(undeliverable([KIM])) == [KIM]
    heard_from(KIM)
    assert undeliverable([KIM]) == {}
    assert not came_back(KIM, hard=True)


def test_an_address_that_nothing_came_back_from_costs_one_question(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    identify(KIM, "Kim")

    with django_assert_num_queries(1):
        heard_from(KIM)
