"""The personal part of an entry as canonical bytes: no NUL, surrogate or number of PostgreSQL's jsonb can break it."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias, Union
from uuid import UUID

Detail: TypeAlias = Union[str, int, bool, UUID, "Sequence[Detail]", "Mapping[str, Detail]", None]
Plain: TypeAlias = Union[str, int, bool, "Sequence[Plain]", "Mapping[str, Plain]", None]

VERSION: Final = 1
"""Stored in each entry as `event_version`; a changed shape of the payload gets the next number."""
REDACTED: Final = "[redacted]"


def pack(content: Mapping[str, Plain]) -> bytes:
    """Return `content` as the one byte string that stands for it: ASCII JSON, keys sorted, no blanks.

    Everything outside ASCII, NUL and lone surrogates too, is escaped and comes back unchanged.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.encode("ascii")


def unpack(data: bytes) -> dict[str, Plain]:
    """Return what was packed. Raises ValueError when `data` is no object."""
    content: Plain = json.loads(data)
    if not isinstance(content, dict):
        raise ValueError("a payload holds an object")  # noqa: TRY004 - the bytes are wrong, not the caller's type
    return content


def plain(detail: Detail) -> Plain:
    """Return a detail in the form that is packed: keys of rows as text."""
    if isinstance(detail, UUID):
        return str(detail)
    if isinstance(detail, Mapping):
        return {name: plain(item) for name, item in detail.items()}
    if isinstance(detail, Sequence) and not isinstance(detail, str):
        return [plain(item) for item in detail]
    return detail


def redact(value: str) -> str:
    """Return a mark in place of any `value`, whatever its length: what auditlog's own mask leaves half of."""
    return REDACTED if value else value
