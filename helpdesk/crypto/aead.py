"""AES-256-GCM with a random nonce, and STREAM over it for files. Pure: no Django, nothing of the desk is known here.

STREAM is the construction of Hoang, Reyhanitabar, Rogaway and Vizar (CRYPTO 2015): each chunk is sealed on its own
under a nonce of a random prefix, the chunk's number and a flag on the last one, so that chunks can neither be cut off,
moved, doubled nor added, and a range can be opened alone.
"""

import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from helpdesk.crypto.errors import DecryptionError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16

Buffer = bytes | bytearray | memoryview


def new_key() -> bytes:
    """Return 32 fresh random bytes."""
    return os.urandom(KEY_BYTES)


def derive_key(key: bytes, *, info: bytes) -> bytes:
    """Return a 32-byte key of its own for `info` (HKDF-SHA256, RFC 5869, no salt: `key` is uniformly random)."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=info).derive(key)


def bound(*parts: bytes) -> bytes:
    """Return `parts` in one, each behind its length in two bytes, so that no two lists look the same."""
    return b"".join(len(part).to_bytes(2, "big") + part for part in parts)


def seal(cipher: AESGCM, plaintext: Buffer, aad: bytes) -> bytes:
    """Return nonce, ciphertext and tag of `plaintext`, bound to `aad`.

    The nonce is random (96 bits): a key may seal 2**32 messages (NIST SP 800-38D, 8.3).
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, plaintext, aad)


def unseal(cipher: AESGCM, sealed: Buffer, aad: bytes) -> bytes:
    """Return the plaintext of what `seal` gave. Raises DecryptionError if a bit of it or of `aad` differs."""
    if len(sealed) < NONCE_BYTES + TAG_BYTES:
        raise DecryptionError("too short to be sealed")
    try:
        return cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], aad)
    except InvalidTag as error:
        raise DecryptionError("the seal does not hold") from error


STREAM_VERSION: Final = 1
CHUNK_BITS: Final = 16
CHUNK_BYTES: Final = 1 << CHUNK_BITS
_SMALLEST_CHUNK_BITS: Final = 10
_LARGEST_CHUNK_BITS: Final = 20
_PREFIX_BYTES: Final = 7
HEADER_BYTES: Final = 2 + _PREFIX_BYTES


@dataclass(frozen=True, slots=True)
class Stream:
    """One sealed file: its cipher and what its chunks are bound to.

    Its layout: version 1 byte | log2 of the chunk size 1 byte | nonce prefix 7 bytes, then the sealed chunks of 64 KiB
    plaintext each; only the last one is shorter, and only the last one of an empty file is empty.
    """

    cipher: AESGCM
    header: bytes
    aad: bytes

    @property
    def chunk_bytes(self) -> int:
        """The size of each plaintext chunk but the last."""
        return 1 << self.header[1]

    def seal(self, number: int, plaintext: Buffer, *, last: bool) -> bytes:
        """Return the sealed chunk `number`, counted from 0."""
        return self.cipher.encrypt(self._nonce(number, last=last), plaintext, self.aad)

    def unseal(self, number: int, sealed: Buffer, *, last: bool) -> bytes:
        """Return the plaintext of chunk `number`. Raises DecryptionError if it is another, changed, or not the last."""
        try:
            return self.cipher.decrypt(self._nonce(number, last=last), sealed, self.aad)
        except InvalidTag as error:
            raise DecryptionError("a chunk's seal does not hold") from error

    def _nonce(self, number: int, *, last: bool) -> bytes:
        return self.header[2:] + number.to_bytes(4, "big") + (b"\x01" if last else b"\x00")


def new_stream(key: bytes, *, aad: bytes) -> Stream:
    """Return the stream of a new file under `key`, which must be this file's own."""
    header = bytes((STREAM_VERSION, CHUNK_BITS)) + os.urandom(_PREFIX_BYTES)
    return Stream(AESGCM(key), header, bound(header, aad))


def known_stream(key: bytes, header: bytes, *, aad: bytes) -> Stream:
    """Return the stream of a file that begins with `header`. Raises DecryptionError if that is no header of ours."""
    if len(header) != HEADER_BYTES or header[0] != STREAM_VERSION:
        raise DecryptionError("not a sealed file")
    if not _SMALLEST_CHUNK_BITS <= header[1] <= _LARGEST_CHUNK_BITS:
        raise DecryptionError("not a chunk size of ours")
    return Stream(AESGCM(key), header, bound(header, aad))
