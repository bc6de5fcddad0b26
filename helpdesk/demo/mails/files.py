"""The bytes of the demo's attachments, made in code: small, valid and the same each time."""

import struct
import zlib
from typing import Final

from helpdesk.demo.mails.letter import File

_SIDE: Final = 48
_TYPES: Final = {"pdf": "application/pdf", "png": "image/png", "csv": "text/csv", "ics": "text/calendar"}


def content_type(file: File) -> str:
    """Return the type that the mail declares."""
    return _TYPES[file.kind]


def make(file: File) -> bytes:
    """Return the bytes of one attachment."""
    makers = {"pdf": _pdf, "png": _png, "csv": _csv, "ics": _ics}
    return makers[file.kind](file.title)


def _pdf(title: str) -> bytes:
    """Return a PDF of one page that shows the title (ISO 32000-1, 7.5)."""
    shown = title.encode("latin-1", "replace").replace(b"\\", b"").replace(b"(", b"").replace(b")", b"")
    stream = b"BT /F1 24 Tf 72 760 Td (" + shown + b") Tj 0 -40 Td /F1 12 Tf (A made-up document of the demo.) Tj ET"
    page = b"/MediaBox [0 0 595 842] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >>"
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R %s >>" % page,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made = b"%PDF-1.4\n"
    places = []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return made + end % (len(objects) + 1, table, len(objects) + 1, len(made))


def _png(title: str) -> bytes:
    """Return a square picture whose two colours follow from the title (RFC 2083)."""
    seed = zlib.crc32(title.encode())
    colours = (struct.pack(">I", seed)[1:], struct.pack(">I", seed ^ 0x5A5A5A)[1:])
    rows = (b"\0" + b"".join(colours[(x // 8 + y // 8) % 2] for x in range(_SIDE)) for y in range(_SIDE))
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _csv(title: str) -> bytes:
    seed = zlib.crc32(title.encode())
    lines = [f"NF5-{7700 + n}-{(seed + n * 137) % 10_000:04d},{(seed >> n) % 9_000},{title}" for n in range(12)]
    return "\r\n".join(["number,kilometres,group", *lines, ""]).encode()


def _ics(title: str) -> bytes:
    lines = (
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//example.org//demo//EN",
        "METHOD:REQUEST",
        "BEGIN:VEVENT",
        f"UID:{zlib.crc32(title.encode())}@example.org",
        "DTSTAMP:20261101T080000Z",
        "DTSTART:20261215T090000Z",
        "DTEND:20261215T100000Z",
        f"SUMMARY:{title}",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    )
    return "\r\n".join(lines).encode()
