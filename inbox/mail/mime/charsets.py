"""Bytes to text: the declared character set where it can be believed, else the best guess, and never an error."""

import codecs
import re

import chardet

_ALIASES = {
    "ascii": "cp1252",
    "us-ascii": "cp1252",
    "ansi_x3.4-1968": "cp1252",
    "iso-8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "8bit": "cp1252",
    "unknown-8bit": "cp1252",
    "x-unknown": "cp1252",
    "default_charset": "cp1252",
    "ansi": "cp1252",
    "windows-1252http-equivcontent-type": "cp1252",
    "utf8mb4": "utf-8",
    "unicode-1-1-utf-8": "utf-8",
    "x-utf-8": "utf-8",
    "unicode-1-1-utf-7": "utf-7",
    "unicode": "utf-16",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "cn-gb": "gb18030",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601": "cp949",
    "euc-kr": "cp949",
    "x-windows-949": "cp949",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "iso-8859-8-i": "iso-8859-8",
    "iso-8859-8-e": "iso-8859-8",
    "iso-8859-6-i": "iso-8859-6",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "x-mac-cyrillic": "mac_cyrillic",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-ce": "mac_latin2",
    "koi8-ru": "koi8_u",
}
_KNOWN = [
    "utf-8", "utf-7", "utf-16", "utf-16le", "utf-16be", "utf-32", "utf-32le", "utf-32be", "cp1250", "cp1251",
    "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp1257", "cp1258", "cp874", "cp437", "cp850", "cp852", "cp855",
    "cp857", "cp858", "cp860", "cp861", "cp862", "cp863", "cp864", "cp865", "cp866", "cp869", "cp720", "cp737",
    "cp775", "cp037", "cp500", "cp1140", "cp1125", "iso-8859-1", "iso-8859-2", "iso-8859-3", "iso-8859-4",
    "iso-8859-5", "iso-8859-6", "iso-8859-7", "iso-8859-8", "iso-8859-9", "iso-8859-10", "iso-8859-13", "iso-8859-14",
    "iso-8859-15", "iso-8859-16", "koi8-r", "koi8-u", "koi8-t", "kz1048", "ptcp154", "mac_roman", "mac_cyrillic",
    "mac_greek", "mac_latin2", "mac_turkish", "mac_iceland", "gb18030", "hz", "big5", "big5hkscs", "cp950", "cp932",
    "euc_jp", "euc_jis_2004", "shift_jis_2004", "shift_jisx0213", "euc_jisx0213", "iso2022_jp", "iso2022_jp_1",
    "iso2022_jp_2", "iso2022_jp_2004", "iso2022_jp_3", "iso2022_jp_ext", "iso2022_kr", "cp949", "johab", "tis_620",
    "hp_roman8",
]  # fmt: skip
_CODECS = {codecs.lookup(name).name for name in _KNOWN}
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WIDE = {"utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"}
_JIS_SET = re.compile(rb"\x1b(\$\([@-D]|\$[@-B]|\([A-Z])")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:+-]*")
_GUESS_FROM_BYTES = 24
_GUESS_BYTES = 16 * 1024


def codec_of(label: str) -> str | None:
    """Return the codec that reads `label`, None when the label names no character set that we read."""
    found = _NAME.search(label[:200])
    if found is None:
        return None
    name = found.group().lower().rstrip(".:_-")
    name = _ALIASES.get(name, name)
    name = f"cp{name[8:]}" if name.startswith("windows-") else name
    try:
        codec = codecs.lookup(_ALIASES.get(name, name)).name
    except (LookupError, ValueError, ImportError, OSError):
        return None
    return codec if codec in _CODECS else None


def decode(data: bytes, label: str = "") -> str:
    """Return `data` as text: byte order mark, `label`, UTF-8, a guess. Bytes that fit nothing become U+FFFD."""
    if not label and data.isascii() and b"\x1b" not in data:
        return data.decode("ascii")
    for mark, codec in _BOMS:
        if data.startswith(mark):
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
    for guess in ("utf-8", _guess(data), "cp1252"):
        text = _strictly(data, guess) if guess else None
        if text is not None:
            return text
    return data.decode("cp1252", "replace")


def _decode_labelled(data: bytes, codec: str) -> str:
    if codec in _WIDE and data.isascii() and b"\x00" not in data:
        return data.decode("ascii")
    text = _strictly(data, codec)
    if text is not None and not (codec in _WIDE and "\x00" in text):
        return text
    loose = data.decode(codec, "replace")
    high = sum(byte > 127 for byte in data[:_GUESS_BYTES])
    if loose.count("\ufffd") <= 1 + high // 20:
        return loose
    for other in ("utf-8", _guess(data), "cp1252" if codec == "utf-8" else None):
        text = _strictly(data, other) if other else None
        if text is not None:
            return text
    return loose


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
