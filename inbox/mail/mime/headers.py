"""The header block of a mail or a part: read as raw bytes, line by line, forgiving, and decoded after RFC 2047."""

import binascii
import re
from dataclasses import dataclass

from inbox.mail.mime.charset_names import codec_of
from inbox.mail.mime.charsets import decode
from inbox.mail.mime.limits import MAX_HEADER_BYTES, MAX_HEADERS, MAX_VALUE_BYTES
from inbox.mail.mime.plain import clean_line
from inbox.mail.mime.transfer import base64_bytes

_FIELD = re.compile(rb"([!-9;-~]{1,200})([ \t]*):[ \t]*(.*)", re.DOTALL)
_LOOKS_LIKE_FIELD = re.compile(rb"[!-9;-~]{1,200}[ \t]*:")
_WORD = re.compile(rb"=\?([^?\s]{1,80})\?([bBqQ])\?([^?\r\n]*)(?:\?=|\??$)")
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([\w.:-]{2,40})", re.IGNORECASE)
_LOOK_AHEAD_LINES = 5


@dataclass(frozen=True, slots=True)
class Header:
    """One header: `name` in lower case, `value` raw and unfolded; `spaced` when blanks stand before the colon."""

    name: str
    value: bytes
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Headers:
    """The headers of one block in their order; `cut` when some were left out for their number or size."""

    items: tuple[Header, ...] = ()
    cut: bool = False

    def all(self, name: str) -> list[bytes]:
        """Return the raw values of every header `name`, topmost first."""
        return [item.value for item in self.items if item.name == name]

    def first(self, name: str) -> bytes:
        """Return the raw value of the topmost header `name`, b"" when there is none."""
        return next((item.value for item in self.items if item.name == name), b"")

    def text(self, name: str) -> str:
        """Return the topmost header `name` decoded, as one clean line."""
        raw = self.first(name)
        return clean_line(decode_words(raw, hint="" if raw.isascii() else self._charset()))

    def _charset(self) -> str:
        """Name the charset of the body: raw 8-bit letters in a header are mostly in the same."""
        found = _CHARSET.search(self.first("content-type"))
        return found[1].decode("ascii") if found else ""


def read_headers(data: bytes, start: int, end: int) -> tuple[Headers, int]:
    """Return the header block that begins at `start` and where the body begins.

    An odd line (an mbox `From `, a stray word) is left out when headers go on below it, else the body begins there.
    """
    fields: list[list[bytes]] = []
    at = start
    while at < end:
        stop = data.find(b"\n", at, end)
        following = end if stop < 0 else stop + 1
        line = data[at : end if stop < 0 else stop].rstrip(b"\r")
        if not line:
            return _headers(fields), following
        if _LOOKS_LIKE_FIELD.match(line):
            fields.append([line])
        elif line[:1] in {b" ", b"\t"} and (line.strip() or _goes_on(data, following, end)):
            _continue(fields, line)
        elif not line.strip():
            return _headers(fields), following
        elif not (line.startswith((b"From ", b">From ")) and not fields) and not _goes_on(data, following, end):
            return _headers(fields), at
        at = following
    return _headers(fields), end


def _goes_on(data: bytes, at: int, end: int) -> bool:
    """Tell whether headers go on at `at`, perhaps below a few indented lines."""
    for _ in range(_LOOK_AHEAD_LINES):
        if _LOOKS_LIKE_FIELD.match(data, at, min(end, at + 300)) is not None:
            return True
        stop = data.find(b"\n", at, min(end, at + 2_000))
        if stop < 0 or data[at] not in b" \t":
            return False
        at = stop + 1
    return False


def _continue(fields: list[list[bytes]], line: bytes) -> None:
    if fields:
        fields[-1].append(line)
    elif _LOOKS_LIKE_FIELD.match(line.strip()):
        fields.append([line.strip()])


def _headers(fields: list[list[bytes]]) -> Headers:
    items: list[Header] = []
    cut = len(fields) > MAX_HEADERS
    left = MAX_HEADER_BYTES
    for lines in fields[:MAX_HEADERS]:
        whole = b"".join(lines)
        value = whole[: min(MAX_VALUE_BYTES, left)]
        found = _FIELD.match(value)
        if found is None:
            cut = True
            continue
        cut = cut or len(value) < len(whole)
        left -= len(value)
        items.append(Header(found[1].decode("ascii").lower(), found[3].strip(), spaced=bool(found[2])))
    return Headers(tuple(items), cut)


def decode_header(raw: bytes) -> str:
    """Return a raw header value as one clean line, its encoded-words (RFC 2047) and raw 8-bit bytes read."""
    return clean_line(decode_words(raw))


def decode_words(raw: bytes, *, hint: str = "") -> str:
    """Return `raw` with its encoded-words decoded; neighbours of one charset are joined before they are decoded.

    `hint` names the charset that raw 8-bit letters are in when they are no UTF-8.
    """
    if b"=?" not in raw:
        return _bare(raw, hint)
    pieces: list[str] = []
    run, run_label, at = b"", "", 0
    for found in _WORD.finditer(raw):
        gap = raw[at : found.start()]
        label = codec_of(found[1].decode("latin-1").partition("*")[0]) or "unknown"
        joins = run_label and not gap.strip()
        if not joins or label != run_label:
            pieces.append(decode(run, run_label))
            pieces.append("" if joins else _bare(gap, hint))
            run = b""
        run += _word_bytes(found[2], found[3])
        run_label, at = label, found.end()
    pieces.append(decode(run, run_label))
    pieces.append(_bare(raw[at:], hint))
    return "".join(pieces)


def _bare(raw: bytes, hint: str) -> str:
    """Read what is no encoded-word: UTF-8 before the hint, which would take any byte."""
    try:
        return decode(raw) if raw.isascii() else raw.decode()
    except UnicodeDecodeError:
        return decode(raw, "" if codec_of(hint) == "utf-8" else hint)


def _word_bytes(kind: bytes, data: bytes) -> bytes:
    if kind in b"qQ":
        return binascii.a2b_qp(data.replace(b" ", b"_"), header=True)
    return base64_bytes(data)
