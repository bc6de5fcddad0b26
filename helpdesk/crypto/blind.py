"""Keyed fingerprints: blind indexes to find a sealed value by, content keys to know bytes again, tokens in links.

All come from one desk-wide key, so that nobody with the database alone can try values out, and each use has a key of
its own. Bodies are never indexed: strangers write into a help desk, and could ask the index what others wrote.
"""

import base64
import hmac
from collections.abc import Iterable
from functools import lru_cache
from hashlib import sha256
from typing import Final
from uuid import UUID

from helpdesk.crypto.aead import bound, derive_key
from helpdesk.crypto.keyring import purpose_key
from helpdesk.crypto.models import KeyPurpose

BLIND_BYTES: Final = 16
_REPLY_BYTES: Final = 10
_LINK_BYTES: Final = 15


def blind(column: str, value: str) -> bytes:
    """Return the 16-byte blind index of `value` in `column` ("address", "header_id"). The caller normalises `value`."""
    text = value.encode("utf-8", "surrogatepass")
    return hmac.digest(_key(f"blind {column}"), text, sha256)[:BLIND_BYTES]


class ContentKey:
    """The content key of bytes that pass by in chunks."""

    def __init__(self) -> None:
        self._mac = hmac.new(_key("content"), digestmod=sha256)

    def update(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._mac.update(chunk)

    def digest(self) -> bytes:
        """Return the 16 bytes by which this desk, and nobody else, knows the bytes so far again."""
        return self._mac.digest()[:BLIND_BYTES]


def content_key(data: bytes | Iterable[bytes]) -> bytes:
    """Return the 16 bytes by which this desk, and nobody else, knows the same bytes again, whole or in chunks."""
    key = ContentKey()
    for chunk in (data,) if isinstance(data, bytes) else data:
        key.update(chunk)
    return key.digest()


def reply_token(kind: str, number: int, id: UUID) -> str:  # noqa: A002 - the word of the row
    """Return the token of a reply address: 16 characters of lower-case base32, 80 bits.

    `kind` says whose answer it invites ("reply", "forward"), `number` and `id` are the ticket's.
    """
    return _token(f"reply {kind}", bound(str(number).encode(), id.bytes), _REPLY_BYTES)


def check_reply_token(token: str, *, kind: str, number: int, id: UUID) -> bool:  # noqa: A002 - as above
    """Return whether `token` is that of `reply_token`; mail servers may have changed its case."""
    return _same(token, reply_token(kind, number, id))


def link_token(kind: str, id: UUID) -> str:  # noqa: A002 - as above
    """Return the token of a link to `id`: 24 characters of lower-case base32, 120 bits."""
    return _token(f"link {kind}", id.bytes, _LINK_BYTES)


def check_link_token(token: str, *, kind: str, id: UUID) -> bool:  # noqa: A002 - as above
    """Return whether `token` is that of `link_token`."""
    return _same(token, link_token(kind, id))


def _token(use: str, content: bytes, length: int) -> str:
    return base64.b32encode(hmac.digest(_key(use), content, sha256)[:length]).decode("ascii").lower()


def _same(given: str, right: str) -> bool:
    return hmac.compare_digest(given.lower().encode("utf-8", "surrogatepass"), right.encode("ascii"))


def _key(use: str) -> bytes:
    return _derived(purpose_key(KeyPurpose.BLIND), use)


@lru_cache(maxsize=64)
def _derived(key: bytes, use: str) -> bytes:
    return derive_key(key, info=use.encode())
