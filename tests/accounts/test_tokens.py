"""Recovery codes as text."""

import re
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from accounts.tokens import digest_of, make_codes

USER = UUID(int=7)


def test_codes_are_ten_with_a_hundred_and_twenty_bits_each() -> None:
    codes = make_codes()

    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"([a-z2-7]{4}-){5}[a-z2-7]{4}", code) for code in codes)


@given(st.sampled_from(["", " ", "-", "\t", " - "]), st.booleans())
def test_a_code_may_be_written_as_one_likes(between: str, upper: bool) -> None:  # noqa: FBT001 - drawn by Hypothesis
    code = make_codes()[0]
    typed = between.join(code.split("-"))

    assert digest_of(USER, typed.upper() if upper else typed) == digest_of(USER, code)


def test_misread_digits_are_the_letters_beside_them() -> None:
    assert digest_of(USER, "0l8o-1abo") == digest_of(USER, "olbo-labo")


def test_a_digest_belongs_to_one_person_and_one_code() -> None:
    first, second = make_codes()[:2]

    assert digest_of(USER, first) != digest_of(USER, second)
    assert digest_of(USER, first) != digest_of(UUID(int=8), first)
    assert len(digest_of(USER, first)) == 32
