"""Recovery codes as text: how they are made, read and digested."""

import secrets
from base64 import b32encode
from typing import Final
from uuid import UUID

from django.utils.crypto import salted_hmac

COUNT: Final = 10
_BYTES: Final = 15
"""120 random bits: ASVS 5.0 6.5.2 asks for 112 where no slow hash is used."""
_GROUP: Final = 4
_MISREAD: Final = str.maketrans("018", "olb")
"""Base32 has no 0, 1 and 8: who types one has misread the letter beside it."""


def make_codes() -> list[str]:
    """Return ten fresh codes, as six groups of four characters each."""
    return [_grouped(b32encode(secrets.token_bytes(_BYTES)).decode().lower()) for _ in range(COUNT)]


def _grouped(code: str) -> str:
    return "-".join(code[start : start + _GROUP] for start in range(0, len(code), _GROUP))


def digest_of(user_id: UUID, code: str) -> bytes:
    """Return the keyed digest of a code as somebody typed it: case, blanks and hyphens do not matter."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum()).translate(_MISREAD)
    return salted_hmac("accounts.recovery", f"{user_id}|{plain}", algorithm="sha256").digest()
