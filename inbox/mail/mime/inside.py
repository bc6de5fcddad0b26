"""Files that stand inside a plain text (uuencode, yEnc): taken out where they are whole, left as words where not."""

import binascii
import re
import zlib
from dataclasses import dataclass

from inbox.mail.mime.charsets import decode
from inbox.mail.mime.names import safe_name

_MARKS = re.compile(rb"^(?:begin [0-7]{3,4} |=ybegin )", re.MULTILINE)
_UU = re.compile(rb"begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n")
_Y = re.compile(rb"=ybegin ([^\r\n]{1,600})\r?\n(?:=ypart [^\r\n]*\r?\n)?")
_Y_SIZE = re.compile(rb"\bsize=(\d{1,12})")
_Y_END = re.compile(rb"^=yend [^\r\n]*(?:\r?\n)?", re.MULTILINE)
_Y_CRC = re.compile(rb"\bp?crc32=([0-9a-fA-F]{1,8})\b")
_MOST_FILES = 50
_EQUALS = ord("=")


@dataclass(frozen=True, slots=True)
class Inner:
    """A file found inside a text: its name, "" when none is usable, and its bytes."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class _Block:
    file: Inner
    end: int


def take_out(raw: bytes) -> tuple[bytes, list[Inner]]:
    """Return a text without the files inside it, and those files."""
    kept: list[bytes] = []
    files: list[Inner] = []
    at = 0
    y_ends = raw.rfind(b"\n=yend ")
    for mark in _MARKS.finditer(raw):
        if mark.start() < at or len(files) >= _MOST_FILES or (raw[mark.start()] == _EQUALS and mark.start() > y_ends):
            continue
        block = _uu_block(raw, mark.start()) or _y_block(raw, mark.start())
        if block is not None:
            kept.append(raw[at : mark.start()])
            files.append(block.file)
            at = block.end
    return b"".join([*kept, raw[at:]]), files


def _uu_block(raw: bytes, start: int) -> _Block | None:
    """Read a uuencoded file; None unless every line of it is right and it ends as it should."""
    begin = _UU.match(raw, start)
    out: list[bytes] = []
    at = begin.end() if begin else len(raw)
    while begin and at < len(raw):
        stop = raw.find(b"\n", at) + 1 or len(raw)
        line = raw[at:stop].rstrip(b"\r\n")
        at = stop
        if line == b"end":
            return _Block(Inner(_name(begin[1]), b"".join(out)), at)
        piece = _uu_line(line)
        if piece is None:
            return None
        out.append(piece)
    return None


def _uu_line(line: bytes) -> bytes | None:
    """Return what a line says, None when it is no line of such a file; blanks lost at its end are put back."""
    if not line.strip(b" `"):
        return b""
    letters = ((line[0] - 32 & 63) * 4 + 2) // 3
    if not letters - 3 <= len(line) - 1 <= letters + 3:
        return None
    try:
        return binascii.a2b_uu(line[: letters + 3].ljust(letters + 1))
    except binascii.Error:
        return None


def _y_block(raw: bytes, start: int) -> _Block | None:
    """Read a yEnc file; one that is a piece of a bigger file, or damaged, is kept as it stands under another ending."""
    begin = _Y.match(raw, start)
    told, named, title = begin[1].partition(b" name=") if begin else (b"", b"", b"")
    size = _Y_SIZE.search(told)
    end = _Y_END.search(raw, begin.end()) if begin and named and size else None
    if begin is None or size is None or end is None:
        return None
    data = y_decoded(raw[begin.end() : end.start()])
    checked = _Y_CRC.search(end[0])
    whole = len(data) == int(size[1]) and (checked is None or zlib.crc32(data) == int(checked[1], 16))
    name = _name(title)
    file = Inner(name, data) if whole else Inner(f"{name or 'piece'}.ync", raw[start : end.end()].rstrip(b"\r\n"))
    return _Block(file, end.end())


_MINUS_42 = bytes((byte - 42) & 255 for byte in range(256))
_ESCAPED = re.compile(rb"=(.)", re.DOTALL)


def y_decoded(body: bytes) -> bytes:
    """Return the bytes of yEnc lines."""
    lines = body.replace(b"\r", b"").replace(b"\n", b"")
    return _ESCAPED.sub(lambda found: bytes([(found[1][0] - 64) & 255]), lines).translate(_MINUS_42)


def _name(raw: bytes) -> str:
    return safe_name(decode(raw.strip().strip(b'"')))
