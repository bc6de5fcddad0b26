"""Who acts, why and in which request: said for a block, gone after it, and never another thread's."""

import threading

import pytest

from helpdesk.core.context import (
    SYSTEM,
    Actor,
    ActorKind,
    NoPurpose,
    Purpose,
    Request,
    acting_as,
    current_actor,
    current_purpose,
    current_request,
    purpose,
    within_request,
)
from helpdesk.core.ids import new_id


def test_without_a_word_the_system_acts_for_no_purpose() -> None:
    assert (current_actor(), current_request()) == (SYSTEM, None)
    assert Actor(ActorKind.SYSTEM, None, "system") == SYSTEM
    with pytest.raises(NoPurpose):
        current_purpose()


def test_what_is_said_holds_inside_the_block_and_nests() -> None:
    lea, kim = Actor(ActorKind.PERSON, new_id()), Actor(ActorKind.CLI, label="cli:root")
    first, second = Request(new_id(), "192.0.2.1"), Request(new_id())

    with acting_as(lea), purpose(Purpose.LIST), within_request(first):
        with acting_as(kim), purpose(Purpose.VIEW), within_request(second):
            inner = (current_actor(), current_purpose(), current_request())
        outer = (current_actor(), current_purpose(), current_request())

    assert inner == (kim, Purpose.VIEW, second)
    assert outer == (lea, Purpose.LIST, first)
    assert (current_actor(), current_request()) == (SYSTEM, None)


def test_a_block_that_fails_leaves_nothing_behind() -> None:
    with (
        pytest.raises(ZeroDivisionError),
        acting_as(Actor(ActorKind.API)),
        purpose(Purpose.EXPORT),
        within_request(Request(new_id())),
    ):
        raise ZeroDivisionError

    assert (current_actor(), current_request()) == (SYSTEM, None)
    with pytest.raises(NoPurpose):
        current_purpose()


def test_another_thread_acts_for_itself() -> None:
    found: list[object] = []

    with acting_as(Actor(ActorKind.PERSON, new_id())), purpose(Purpose.VIEW), within_request(Request(new_id())):
        thread = threading.Thread(target=lambda: found.extend([current_actor(), current_request()]))
        thread.start()
        thread.join(timeout=10)

    assert found == [SYSTEM, None]
