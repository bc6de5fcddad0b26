"""What a password must be."""

import time
from dataclasses import dataclass

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.passwords import StrengthValidator


@dataclass
class Somebody:
    email: str = "lea.berg@example.org"
    name: str = "Lea Berg"


@pytest.mark.parametrize(
    "password",
    [
        "Kanarienvogel-93-gelb",
        "four unlikely words together",
        "naïve Ärmelkanäle überall 7",
        "Kanarienvogel-93-gelb" * 5,
        "🐧🦭🐋🦀🐙🦑🐠🐡🦐🦞🐚🐳🐬🦈🐟",
    ],
)
def test_a_good_password_is_taken(password: str) -> None:
    validate_password(password, Somebody())  # type: ignore[arg-type] # the validators read address and name alone


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("HelpdeskAdmin2026!", "password_of_names"),
        ("h3lpd3sk4dm1n!!!", "password_of_names"),
        ("leaberg-LEABERG-1", "password_of_names"),
        ("P0stern-P0stern-1", "password_of_names"),
        ("aaaaaaaaaaaaaaaaaaaa", "password_too_weak"),
        ("abcdefghijklmnopqrst", "password_too_weak"),
        ("x" * 4097, "password_too_long"),
    ],
)
def test_a_weak_password_is_refused(password: str, code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        StrengthValidator().validate(password, Somebody())

    assert refused.value.code == code


def test_fourteen_letters_are_too_few() -> None:
    with pytest.raises(ValidationError) as refused:
        validate_password("7fGq-zZ92-kkQp")

    assert [error.code for error in refused.value.error_list] == ["password_too_short"]


def test_a_long_password_is_judged_quickly() -> None:
    spent = time.process_time()
    StrengthValidator().validate("Kanarienvogel-93-gelb " * 180)

    assert time.process_time() - spent < 5


def test_the_rule_is_told() -> None:
    assert "four or five words" in StrengthValidator().get_help_text()
