"""What an S/MIME part signs without encrypting it (RFC 5652 5): taken out to be read; no signature is checked here."""

from dataclasses import dataclass

_SEQUENCE, _SET, _INTEGER, _OID, _OCTETS, _PACKED_OCTETS, _EXPLICIT = 0x30, 0x31, 0x02, 0x06, 0x04, 0x24, 0xA0
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_MAX_DEPTH = 12
_MAX_PIECES = 200_000


class _Odd(Exception):
    """The bytes are no DER or BER of the shape that is wanted."""


@dataclass(slots=True)
class _Item:
    """One value: its tag, where its content stands, and whether its end is only known by a mark."""

    tag: int
    start: int
    end: int
    endless: bool


def signed_content(data: bytes) -> bytes:
    """Return the signed bytes inside a SignedData, b"" when there are none or `data` is something else."""
    try:
        return _content(data)
    except (_Odd, IndexError):
        return b""


def _content(data: bytes) -> bytes:
    info = _item(data, 0, _SEQUENCE)
    kind = _item(data, info.start, _OID)
    if data[kind.start : kind.end] != _SIGNED_DATA:
        raise _Odd
    signed = _item(data, _item(data, kind.end, _EXPLICIT).start, _SEQUENCE)
    version = _item(data, signed.start, _INTEGER)
    digests = _item(data, version.end, _SET)
    inner = _item(data, _after(data, digests, 0), _SEQUENCE)
    kind = _item(data, inner.start, _OID)
    octets = _item(data, _item(data, kind.end, _EXPLICIT).start, _OCTETS, _PACKED_OCTETS)
    return data[octets.start : octets.end] if octets.tag == _OCTETS else _joined(data, octets)


def _item(data: bytes, at: int, *tags: int) -> _Item:
    """Return the value at `at`, which has to have one of these `tags` (any when none is named)."""
    tag, length = data[at], data[at + 1]
    start = at + 2
    if tags and tag not in tags:
        raise _Odd
    if length == 0x80:
        return _Item(tag, start, len(data), endless=True)
    if length > 0x80:
        size = length & 0x7F
        start += size
        length = int.from_bytes(data[at + 2 : start], "big")
    if start + length > len(data):
        raise _Odd
    return _Item(tag, start, start + length, endless=False)


def _after(data: bytes, item: _Item, depth: int) -> int:
    """Return where the value behind `item` begins."""
    if not item.endless:
        return item.end
    if depth > _MAX_DEPTH:
        raise _Odd
    at = item.start
    while data[at : at + 2] != b"\x00\x00":
        at = _after(data, _item(data, at), depth + 1)
    return at + 2


def _joined(data: bytes, octets: _Item) -> bytes:
    """Return an octet string that came in pieces."""
    pieces: list[bytes] = []
    at = octets.start
    while at < octets.end and not (octets.endless and data[at : at + 2] == b"\x00\x00"):
        piece = _item(data, at, _OCTETS)
        pieces.append(data[piece.start : piece.end])
        at = piece.end
        if piece.endless or len(pieces) > _MAX_PIECES:
            raise _Odd
    return b"".join(pieces)
