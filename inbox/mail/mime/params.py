"""Parameters of Content-Type and Content-Disposition (RFC 2045, 2183, 2231), the broken forms included."""

import re
from urllib.parse import unquote_to_bytes

from inbox.mail.mime.charsets import decode
from inbox.mail.mime.headers import decode_words
from inbox.mail.mime.plain import clean_name

_PARAM = re.compile(
    r';\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"(?=\s*(?:[;(]|$))|[^;]*(?:;(?!\s*[\w*-]+\s*=)[^;]*)*)', re.DOTALL
)
_NO_SEMICOLON = re.compile(r"^([^;=\"]*?)[\s,]+(?=(?:charset|boundary|name|filename)\*?[\d*]*\s*=)", re.IGNORECASE)
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,4}))?(\*)?$")
_ESCAPED = re.compile(r'\\(["\\])')
_EXTENDED = re.compile(r"([\w.:+-]*)'[^']*'(.*)", re.DOTALL)
_TYPE = re.compile(r"\s*([\w.+-]+/[\w.+-]+)")
_MAX_PARAMS = 200
_HEAD_CHARS = 200


class Params:
    """One header with parameters: `value` in lower case, and its raw parameters (latin-1 for their bytes)."""

    def __init__(self, raw: bytes) -> None:
        text = raw.decode("latin-1")
        text = _NO_SEMICOLON.sub(r"\1; ", text[:_HEAD_CHARS], count=1) + text[_HEAD_CHARS:]
        self.value = text.partition(";")[0].strip().lower()
        self._pieces: dict[str, list[tuple[int, bool, str]]] = {}
        for found in list(_PARAM.finditer(text))[:_MAX_PARAMS]:
            shape = _PIECE.match(found[1].lower())
            if shape is not None:
                piece = (int(shape[2] or 0), bool(shape[3]), _unquoted(found[2].strip()))
                self._pieces.setdefault(shape[1], []).append(piece)

    @property
    def mime_type(self) -> str:
        """The value where it is a MIME type of two halves, else ""."""
        found = _TYPE.match(self.value)
        return found[1] if found else ""

    def raw(self, name: str) -> bytes:
        """Return the first plain value of `name` as bytes, b"" when there is none."""
        pieces = self._pieces.get(name, [])
        return "".join(text for _, _, text in _chosen(pieces)).encode("latin-1")

    def token(self, name: str) -> str:
        """Return `name` as a short ASCII word in lower case, "" when there is none."""
        return self.raw(name)[:200].decode("ascii", "ignore").strip().lower()

    def text(self, name: str) -> str:
        """Return `name` decoded: RFC 2231 with its charset, encoded-words in quotes, raw 8-bit letters."""
        pieces = _chosen(self._pieces.get(name, []))
        if not pieces:
            return ""
        if any(extended for _, extended, _ in pieces):
            return clean_name(_read_extended(pieces))
        whole = "".join(text for _, _, text in pieces)
        if whole.startswith("=?") and whole.count("?") == 3:  # an encoded-word that was cut short
            whole = f"{whole}?="
        bare = _EXTENDED.fullmatch(whole)
        if bare is not None and "%" in bare[2]:
            return clean_name(decode(unquote_to_bytes(bare[2]), bare[1]))
        return clean_name(decode_words(whole.encode("latin-1")))


def _unquoted(value: str) -> str:
    if not value.startswith('"'):
        return value.rstrip("; ")
    inner = value[1:].removesuffix('"')
    return _ESCAPED.sub(r"\1", inner)


def _chosen(pieces: list[tuple[int, bool, str]]) -> list[tuple[int, bool, str]]:
    """Return the pieces of one value in order: the extended form where both are given, numbered ones joined."""
    if len(pieces) > 1 and len({number for number, _, _ in pieces}) == 1:
        return [next((piece for piece in pieces if piece[1]), pieces[0])]
    return sorted(pieces, key=lambda piece: piece[0])


def _read_extended(pieces: list[tuple[int, bool, str]]) -> str:
    """Read `charset'language'percent-encoded`; without that prefix the bytes speak for themselves."""
    first = _EXTENDED.fullmatch(pieces[0][2])
    label = first[1] if first else ""
    texts = [first[2] if first else pieces[0][2], *(text for _, _, text in pieces[1:])]
    data = b"".join(
        unquote_to_bytes(text.encode("latin-1")) if extended else text.encode("latin-1")
        for text, (_, extended, _) in zip(texts, pieces, strict=True)
    )
    return decode(data, label)
