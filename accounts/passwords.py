"""How good a password must be, beyond its length: hard to guess for somebody who knows the desk and the person."""

from collections.abc import Iterator
from typing import Final, Protocol

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from zxcvbn import zxcvbn

MAX_LENGTH: Final = 4096
"""A longer one is refused before it is hashed."""
_JUDGED: Final = 72
"""zxcvbn takes no more, and needs seconds for what is longer."""
_SCORE: Final = 3
_SHORTEST_WORD: Final = 4
_DESK_WORDS: Final = ("postern", "helpdesk", "support", "inbox", "ticket", "password", "admin")
_LEET: Final = str.maketrans("01345678@$!i", "oleasbtbasll")
"""Look-alikes as one letter; `i` and `l` share theirs, since 1 and ! stand for both."""


class Person(Protocol):
    """What the validator reads of a person."""

    email: str
    name: str


class StrengthValidator:
    """Refuses what zxcvbn guesses, what is too long to hash, and what is made of the person's and the desk's names."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """Raise ValidationError when the password is too weak or too long."""
        if len(password) > MAX_LENGTH:
            raise ValidationError(_("This password is too long."), code="password_too_long")
        words = list(_context(user))
        if _is_made_of(password, words):
            raise ValidationError(_("This password is made of names that others know."), code="password_of_names")
        judged = zxcvbn(password[:_JUDGED], user_inputs=words)
        if judged["score"] < _SCORE:
            raise ValidationError(_("This password is too easy to guess."), code="password_too_weak")

    def get_help_text(self) -> str:
        """Return the rule in words."""
        return _("Choose something that nobody can guess, such as four or five words that have nothing in common.")


def _context(user: Person | None) -> Iterator[str]:
    yield from _DESK_WORDS
    for text in (user.name, *user.email.split("@", 1)) if user else ():
        words = "".join(letter if letter.isalnum() else " " for letter in text.lower()).split()
        yield from (word for word in [*words, "".join(words)] if len(word) >= _SHORTEST_WORD)


def _is_made_of(password: str, words: list[str]) -> bool:
    """Return whether little is left once known words are taken out, with letters for look-alike digits.

    zxcvbn compares its words only as whole parts: "HelpdeskAdmin2026!" passes it.
    """
    rest = password.lower().translate(_LEET)
    for word in sorted(words, key=len, reverse=True):
        rest = rest.replace(word.translate(_LEET), "")
    left = "".join(letter for letter in rest if letter.isalpha())
    return len(rest) < len(password) and len(left) <= _SHORTEST_WORD
