"""Bytes to text: the declared character set where it can be believed, else the best guess, and never an error."""

import codecs
import re

import chardet

from inbox.mail.mime.charset_names import codec_of

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
_JIS_SET = re.compile(rb"\x1b(\$\([@-D]|\$[@-B]|\([A-Z])")
_GUESS_FROM_BYTES = 24
_GUESS_BYTES = 16 * 1024


def decode(data: bytes, label: str = "") -> str:
    """Return `data` as text: byte order mark, `label`, UTF-8, a guess. Bytes that fit nothing become U+FFFD."""
    if not label and data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")
    for mark, codec in _BOMS:
        if data.startswith(mark) and (codec not in _WIDE or b"\x00" in data):
            return data[len(mark) :].decode(codec, "replace")
    return _decode_by(data, codec_of(label) or "")


def _decode_by(data: bytes, codec: str) -> str:
    if data.isascii() and (not codec or codec.startswith(("cp12", "utf-8", "iso8859"))):
        return _decode_jis(data) if _JIS_SET.search(data) else data.decode("ascii")
    if codec.startswith("iso2022_jp"):
        return _decode_jis(data)
    if codec in {"", "cp1252"}:
        return _decode_unlabelled(data)
    return _decode_labelled(data, codec)


def _decode_unlabelled(data: bytes) -> str:
    """Read bytes whose label says nothing: senders write latin-1 or ascii over anything."""
    if _JIS_SET.search(data):
        return _decode_jis(data)
    if wide := _wide_codec(data):
        return data.decode(wide, "replace")
    for guess in ("utf-8", _guess(data), "cp1252"):
        text = _strictly(data, guess) if guess else None
        if text is not None:
            return text
    return data.decode("cp1252", "replace")


def _decode_labelled(data: bytes, codec: str) -> str:
    if codec in _WIDE and data.isascii() and b"\x00" not in data:
        return data.decode("ascii")
    codec = (_wide_codec(data) or "utf-16-be") if codec == "utf-16" else codec
    text = _strictly(data, codec)
    if text is not None and not (codec in _WIDE and "\x00" in text):
        return text
    loose = data.decode(codec, _MIXED if codec == "utf-8" else "replace")
    high = sum(byte > 127 for byte in data[:_GUESS_BYTES])
    if _foreign(data, loose, codec) <= 1 + high // 20:
        return loose
    for other in ("utf-8", _guess(data), "cp1252" if codec == "utf-8" else None):
        text = _strictly(data, other) if other else None
        if text is not None:
            return text
    return loose


def _foreign(data: bytes, loose: str, codec: str) -> int:
    """Count what a loose reading could not take; in UTF-8 a byte of another set counts, whether it found a letter."""
    if codec != "utf-8":
        return loose.count("\ufffd")
    return data[:_GUESS_BYTES].decode(codec, "replace").count("\ufffd")


def _by_cp1252(error: UnicodeError) -> tuple[str, int]:
    """Read single bytes of Western letters between UTF-8, as forms and footers mix them in; a cut letter is none."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    piece = error.object[error.start : error.end]
    alone = len(piece) == 1 and error.reason != "unexpected end of data" and 0xC0 <= piece[0] <= 0xFD
    return (piece.decode("cp1252") if alone else "\ufffd"), error.end


_MIXED = "postern.mixed"
codecs.register_error(_MIXED, _by_cp1252)


def _wide_codec(data: bytes) -> str:
    """Tell UTF-16 without a mark by its zero bytes, "" for anything else."""
    head = data[:400]
    zeros = head.count(0)
    if len(head) < 4 or zeros * 3 < len(head) or len(data) % 2:
        return ""
    return "utf-16-be" if head[::2].count(0) > zeros // 2 else "utf-16-le"


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeError:
        return None


def _guess(data: bytes) -> str | None:
    """Name the codec that the bytes look like; below 24 bytes a guess is worse than cp1252 (measured)."""
    if len(data) < _GUESS_FROM_BYTES:
        return None
    encoding = chardet.detect(data[:_GUESS_BYTES])["encoding"]
    return codec_of(encoding) if encoding else None


def _decode_jis(data: bytes) -> str:
    """Read ISO-2022-JP (RFC 1468) with the NEC and IBM rows that mailers send in it, by way of cp932."""
    pieces: list[str] = []
    shape, at = b"(B", 0
    for found in _JIS_SET.finditer(data):
        pieces.append(_jis_run(data[at : found.start()], shape))
        shape, at = found.group(1), found.end()
    pieces.append(_jis_run(data[at:], shape))
    return "".join(pieces)


def _jis_run(run: bytes, shape: bytes) -> str:
    if shape in {b"$@", b"$B", b"$(@", b"$(B"}:
        return _double_bytes(run).decode("cp932", "replace")
    if shape == b"(I":
        return bytes(byte | 0x80 for byte in run).decode("cp932", "replace")
    if shape.startswith(b"$"):
        return (b"\x1b" + shape + run).decode("iso2022_jp_2", "replace")
    return run.decode("ascii") if run.isascii() else run.decode("cp932", "replace")


def _double_bytes(run: bytes) -> bytes:
    """Turn JIS X 0208 pairs into Shift_JIS; what is no pair (line ends, blanks) stays."""
    out = bytearray()
    at = 0
    while at < len(run):
        first = run[at]
        if not 0x21 <= first <= 0x7E or at + 1 >= len(run):
            out.append(first)
            at += 1
            continue
        second = run[at + 1]
        out.append((first + 1) // 2 + (0x70 if first <= 0x5E else 0xB0))
        low = second + (0x1F if second < 0x60 else 0x20)
        out.append((low if first % 2 else second + 0x7E) & 0xFF)
        at += 2
    return bytes(out)
