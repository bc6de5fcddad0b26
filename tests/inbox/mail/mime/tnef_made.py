"""winmail.dat files of our own making (MS-OXTNEF 2.1): objects with a length and a sum, MAPI properties inside."""

import struct

from compressed_rtf.compressed_rtf import compress

TEXT, TEXT_8, BYTES, OBJECT, NUMBER = 0x1F, 0x1E, 0x102, 0x0D, 0x03
BODY, HTML, RTF, SUBJECT = 0x1000, 0x1013, 0x1009, 0x0037
LONG_NAME, MIME_TAG, CONTENT_ID, DATA_OBJECT, CODEPAGE = 0x3707, 0x370E, 0x3712, 0x3701, 0x3FDE
IMESSAGE = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"


def tnef(*objects: bytes) -> bytes:
    """Return a whole file of these objects."""
    return b"\x78\x9f\x3e\x22\x01\x00" + item(1, 0x9007, 6, struct.pack("<II", 1252, 0)) + b"".join(objects)


def item(level: int, name: int, kind: int, data: bytes) -> bytes:
    """Return one object; level 1 is the mail, 2 an attachment."""
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def message(*properties: bytes) -> bytes:
    """Return the properties of the mail."""
    return item(1, 0x9003, 6, struct.pack("<I", len(properties)) + b"".join(properties))


def attachment(title: bytes, data: bytes, *properties: bytes) -> bytes:
    """Return an attached file with its short name."""
    rendering = item(2, 0x9002, 6, b"\x01\x00" + b"\xff" * 12)
    more = item(2, 0x9005, 6, struct.pack("<I", len(properties)) + b"".join(properties)) if properties else b""
    return rendering + item(2, 0x8010, 1, title + b"\x00") + (item(2, 0x800F, 6, data) if data else b"") + more


def text(name: int, value: str) -> bytes:
    """Return a property of Unicode text."""
    return _sized(TEXT, name, value.encode("utf-16-le") + b"\x00\x00")


def octets(name: int, value: bytes) -> bytes:
    """Return a property of bytes."""
    return _sized(BYTES, name, value)


def number(name: int, value: int) -> bytes:
    """Return a property that is a number."""
    return struct.pack("<HHI", NUMBER, name, value)


def inner_mail(value: bytes) -> bytes:
    """Return the property that holds an attached mail."""
    return _sized(OBJECT, DATA_OBJECT, IMESSAGE + value)


def rich(rtf: str) -> bytes:
    """Return the compressed body (MS-OXRTFCP)."""
    packed: bytes = compress(rtf.encode("latin-1"))
    return octets(RTF, packed)


def _sized(kind: int, name: int, value: bytes) -> bytes:
    return struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\x00" * (-len(value) % 4)
