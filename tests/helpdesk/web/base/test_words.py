"""What people are told about an error: its own words where there are some, in their own language, and never a code."""

import importlib
from collections.abc import Iterator

import pytest
from django.utils import translation

from helpdesk.core.errors import DomainError
from helpdesk.crypto.errors import CryptoError, DecryptionError
from helpdesk.web.base.words import Words, words_for

_MODULES = (
    "accounts.errors",
    "audit.errors",
    "helpdesk.core.paging",
    "helpdesk.crypto.errors",
    "helpdesk.web.base.once",
    "helpdesk.web.base.uploads",
    "helpdesk.web.door.profile",
    "helpdesk.web.mail.links",
    "helpdesk.web.tickets.acts",
    "helpdesk.web.tickets.pages",
    "inbox.inboxes.errors",
    "inbox.mail.errors",
    "inbox.tickets.errors",
)
_AT_A_PAGE = {
    "address_in_use", "address_taken", "assign_denied", "audit_wrong_filter", "bad_cursor", "bad_form", "bad_once",
    "bad_session", "bad_wish", "beyond_reach", "empty_binding", "empty_text", "illegal_move", "no_enrolment",
    "no_recipient", "no_sender", "not_on_yourself", "not_yours_to_give", "nothing_to_resend", "nothing_to_retry",
    "once_taken", "own_binding", "person_unknown", "role_in_use", "session_not_found", "shipped_role_kept",
    "still_running", "storage_full", "too_late_to_undo", "unknown_act", "upload_too_large", "wrong_address",
    "wrong_link", "wrong_numbers",
}  # fmt: skip
"""Refusals that somebody at a page meets and can do something about."""


def _errors(kind: type[DomainError] = DomainError) -> Iterator[type[DomainError]]:
    for known in kind.__subclasses__():
        yield known
        yield from _errors(known)


@pytest.fixture(scope="module")
def statuses() -> dict[str, int]:
    """Return the status of every error that the product knows, by its code."""
    for name in _MODULES:
        importlib.import_module(name)
    return {error.code: error.status for error in _errors()}


@pytest.mark.parametrize("code", sorted(_AT_A_PAGE))
def test_a_refusal_at_a_page_says_what_to_do(code: str, statuses: dict[str, int]) -> None:
    words = words_for(code, statuses[code])

    assert words != words_for("", statuses[code])
    assert str(words.text).endswith(".")


@pytest.mark.parametrize("error", [*CryptoError.__subclasses__(), *DecryptionError.__subclasses__()])
def test_something_sealed_that_stays_shut_says_what_to_do(error: type[CryptoError]) -> None:
    assert words_for(error.code, 503) not in {words_for("", 500), words_for("", 503)}


def test_an_error_without_words_of_its_own_has_those_of_its_status(statuses: dict[str, int]) -> None:
    assert words_for("ticket_not_found", 404) == words_for("", 404)
    assert {words_for("", status) for status in statuses.values()} == {
        words_for("", status) for status in (403, 404, 409, 413, 422, 429, 503) if status in statuses.values()
    }


def test_a_status_without_words_counts_as_a_fault() -> None:
    assert words_for("unheard_of", 418) == words_for("", 500)


@pytest.mark.parametrize("code", sorted(_AT_A_PAGE))
def test_a_refusal_is_told_in_german_too(code: str, statuses: dict[str, int]) -> None:
    words = words_for(code, statuses[code])

    with translation.override("en"):
        english = _told(words)
    with translation.override("de"):
        german = _told(words)

    assert not set(english) & set(german)


def _told(words: Words) -> tuple[str, str]:
    return str(words.title), str(words.text)
