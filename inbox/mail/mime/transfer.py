"""Content-Transfer-Encoding (RFC 2045 6): bytes as the sender meant them, from encodings that are often damaged."""

import binascii
import re

_FEW_FOREIGN = 3
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_PADDED = re.compile(rb"[^=]+=*")
_SPACE = b" \t\r\n\x0b\x0c"
_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_JUNK = bytes(set(range(256)) - set(_ALPHABET))
_JUNK_BUT_PADDING = bytes(set(range(256)) - set(_ALPHABET + b"="))
_BASE64_LINE = re.compile(rb"(?:[A-Za-z0-9+/=]{4})+")
_WORDS = re.compile(rb"[!-~]+[ \t]+[!-~]|[^A-Za-z0-9+/=\s]{3}|[^A-Za-z0-9+/=\s]+$")
_SOFT_BREAK = re.compile(rb"=[ \t]+(?=\r?\n)")
_FEW_LINES = 30
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} [^\r\n]*\r?\n", re.MULTILINE)


def decoded(raw: bytes, encoding: str) -> bytes:
    """Return `raw` without its transfer `encoding` (the header as it stands); unknown ones leave it as it is."""
    word = (encoding.split() or [""])[0].strip("\"';,").lower()
    if word in {"base64", "base-64", "x-base64"}:
        return _from_base64(raw)
    if word in {"quoted-printable", "quotedprintable", "q-p", "quoted"}:
        return binascii.a2b_qp(_SOFT_BREAK.sub(b"=", raw))
    if word in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _from_uu(raw)
    return raw


def words_below(raw: bytes, encoding: str) -> bytes:
    """Return the lines of words that a list or a scanner hung below a base64 body as they stand, b"" for none."""
    at = _words_below(raw) if "base" in encoding.lower() else 0
    return raw[at:] if at else b""


def _from_base64(raw: bytes) -> bytes:
    at = _words_below(raw)
    if at:
        return base64_bytes(raw[:at])
    return raw if _is_no_base64(raw) else base64_bytes(raw)


def _words_below(raw: bytes) -> int:
    """Return where lines of words begin below lines of nothing but base64, 0 when there are none."""
    at = len(raw)
    for line in reversed(raw[-4_000:].splitlines(keepends=True)[-_FEW_LINES:]):
        if _BASE64_LINE.fullmatch(line.strip()):
            break
        at -= len(line)
    below = raw[at:]
    above = raw[:at].rstrip()
    whole = above.endswith(b"=") or len(above[above.rfind(b"\n") + 1 :]) % 4 == 0
    if not above or not whole or not _WORDS.search(below) or _is_no_base64(above):
        return 0
    return at


def base64_bytes(raw: bytes) -> bytes:
    """Decode base64 whatever its state: foreign letters between, padding missing or in the middle, cut short."""
    body = raw.rstrip(_SPACE + b"=")
    if b"=" not in body:
        return _letters(body)
    runs = _PADDED.findall(body.translate(None, _JUNK_BUT_PADDING))
    return b"".join(_letters(run.rstrip(b"=")) for run in runs)


def _letters(letters: bytes) -> bytes:
    """Decode letters of the alphabet, anything else between them ignored; a lone last letter is dropped."""
    try:
        return binascii.a2b_base64(letters + b"==")
    except binascii.Error:
        letters = letters.translate(None, _JUNK)
    whole = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))


def _is_no_base64(raw: bytes) -> bool:
    """Tell plain text that is only labelled base64: a tenth of it or more is blanks or signs outside the alphabet."""
    head = raw[:4_000].strip()
    foreign = len(_NOT_BASE64.findall(head)) + head.count(b" ")
    return foreign > _FEW_FOREIGN and foreign * 10 > len(head)


def _from_uu(raw: bytes) -> bytes:
    begin = _UU_BEGIN.search(raw)
    out: list[bytes] = []
    for line in raw[begin.end() if begin else 0 :].splitlines():
        if line.strip() in {b"end", b"`", b""}:
            break
        out.append(_uu_line(line))
    return b"".join(out)


def _uu_line(line: bytes) -> bytes:
    try:
        return binascii.a2b_uu(line)
    except binascii.Error:
        length = (((line[0] - 32) & 63) * 4 + 5) // 3
        try:
            return binascii.a2b_uu(line[:length])
        except binascii.Error:
            return b""
