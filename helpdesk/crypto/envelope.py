"""The envelope of a sealed value: version | flags | nonce | ciphertext | tag; compressed when long, always padded.

Version 1 is AES-256-GCM. Flags: bit 0 says that the content is zstd; the other bits are zero. The padding hides the
length but for its order of magnitude (PADME, Nikitin et al., PETS 2019: at most 12 % longer, 1 % on real mail).
"""

import threading
from typing import Final

import zstandard
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from helpdesk.crypto import aead
from helpdesk.crypto.errors import DecryptionError

VERSION: Final = 1
ZSTD: Final = 0b0000_0001
COMPRESS_FROM_BYTES: Final = 512
_ZSTD_LEVEL: Final = 3
_SHORTEST_BYTES: Final = 32
_HEAD_BYTES: Final = 2
_END: Final = b"\x80"
"""ISO/IEC 7816-4 padding: one 0x80, then zeros."""
_PLAIN_HEAD: Final = bytes((VERSION, 0))
_ZSTD_HEAD: Final = bytes((VERSION, ZSTD))


class _Zstd(threading.local):
    """A compressor and a decompressor for each thread: neither may be shared."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=_ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_zstd = _Zstd()


def seal(cipher: AESGCM, plaintext: bytes, *, context: bytes) -> bytes:
    """Return the envelope of `plaintext`, bound to `context` (what row and column it belongs to)."""
    head, content = _PLAIN_HEAD, plaintext
    if len(plaintext) >= COMPRESS_FROM_BYTES:
        packed = _zstd.compressor.compress(plaintext)
        if len(packed) < len(plaintext):
            head, content = _ZSTD_HEAD, packed
    padded = (content + _END).ljust(padded_length(len(content) + 1), b"\x00")
    return head + aead.seal(cipher, padded, head + context)


def unseal(cipher: AESGCM, envelope: bytes, *, context: bytes) -> bytes:
    """Return the plaintext. Raises DecryptionError if the envelope was changed or belongs to another context."""
    head = envelope[:_HEAD_BYTES]
    if head != _PLAIN_HEAD and head != _ZSTD_HEAD:  # noqa: PLR1714 - a set made at each call costs more than the seal
        raise DecryptionError("not an envelope of ours")
    padded = aead.unseal(cipher, envelope[_HEAD_BYTES:], head + context)
    content = padded[: padded.rindex(_END)]
    return _zstd.decompressor.decompress(content) if head == _ZSTD_HEAD else content


def padded_length(length: int) -> int:
    """Return the PADME length of `length` bytes, at least 32, so that short names look alike."""
    if length <= _SHORTEST_BYTES:
        return _SHORTEST_BYTES
    exponent = length.bit_length() - 1
    step = 1 << (exponent - exponent.bit_length())
    return -(-length // step) * step
