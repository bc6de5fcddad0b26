"""Address headers (RFC 5322 3.4): split raw and decoded afterwards, since encoded-words may hold commas."""

import re
from dataclasses import dataclass, field

from inbox.mail.mime.charsets import decode
from inbox.mail.mime.headers import decode_words
from inbox.mail.mime.limits import MAX_ADDRESSES
from inbox.mail.mime.parsed import Address
from inbox.mail.mime.plain import clean_line

_TOKEN = re.compile(r'[^"\\()<>,;:\[\]]+|.', re.DOTALL)
# What begins in the middle of a run is never looked at: each run is read once, however long it is.
_SPEC = re.compile(r"(?<![^\s<>,;:\"()@\[\]])[^\s<>,;:\"()@\[\]]+@(?:\[[\w.:]+\]|[^\s<>,;:\"()@\[\]]+)")
_SPECS = re.compile(rf"\s*{_SPEC.pattern}(?:\s+{_SPEC.pattern})+\s*")
_ENCODED_SPEC = re.compile(rb"=\?[^?\s]{1,80}\?[bBqQ]\?")
_EMPTY_BRACKETS = re.compile(r"(?<!\s)\s*(?:\[\s*\]|<\s*>)\s*$")
_SPACE = re.compile(r"\s+")
_MAX_SPEC_CHARS = 320


@dataclass(slots=True)
class Mailbox:
    """One entry of an address header as it stands there, each piece latin-1 for its raw bytes."""

    phrase: list[str] = field(default_factory=list)
    angles: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    after_angle: bool = False
    quoted: bool = False
    """An address's own local part stands in quotes, or all of the entry does."""

    @property
    def is_empty(self) -> bool:
        """True when nothing but blanks and comments was found."""
        return not self.angles and not "".join(self.phrase).strip()


@dataclass(slots=True)
class RawList:
    """An address header taken apart; `groups`, `semicolons` and `broken` say what odd shapes it had."""

    boxes: list[Mailbox] = field(default_factory=list)
    groups: bool = False
    semicolons: bool = False
    broken: bool = False


class _Splitter:
    """One pass over a header; keeps the entry being read and what it is inside of."""

    def __init__(self, raw: str) -> None:
        self.signs = _TOKEN.findall(raw)
        self.at = 0
        self.box = Mailbox()
        self.found = RawList()
        self.in_group = False
        self.never_ends: set[str] = set()

    def run(self) -> RawList:
        readers = {'"': self._quoted, "(": self._comment, "<": self._angle, "[": self._bracket}
        while self.at < len(self.signs) and len(self.found.boxes) < MAX_ADDRESSES:
            sign = self.signs[self.at]
            self.at += 1
            if sign in readers:
                readers[sign]()
            elif sign in {",", ";", ":"}:
                self._separator(sign)
            else:
                self._word(sign)
        self._close()
        return self.found

    def _separator(self, sign: str) -> None:
        if sign == ":":
            self.found.groups = True
            self.in_group = True
            self.box = Mailbox()
            return
        if sign == ";":
            self.found.semicolons = self.found.semicolons or not self.in_group
            self.in_group = False
        self._close()

    def _close(self) -> None:
        if not self.box.is_empty or self.box.comments:
            self.found.boxes.append(self.box)
        self.box = Mailbox()

    def _word(self, sign: str) -> None:
        if sign in {")", ">", "]", "\\"}:
            self.found.broken = self.found.broken or sign != "]"
            return
        if self.box.angles and sign.strip():
            self.box.after_angle = True
        self.box.phrase.append(sign)

    def _until(self, end: str) -> str | None:
        """Take signs up to `end`, a backslash guarding the next; None, and nothing taken, when it never ends."""
        taken: list[str] = []
        begun = self.at
        while end not in self.never_ends and self.at < len(self.signs):
            sign = self.signs[self.at]
            self.at += 1
            if sign == end:
                return "".join(taken)
            if sign == "\\" and self.at < len(self.signs):
                sign = self.signs[self.at]
                self.at += 1
            taken.append(sign)
        self.at = begun
        self.never_ends.add(end)
        self.found.broken = True
        return None

    def _quoted(self) -> None:
        text = self._until('"')
        if text is None:
            return
        following = self.signs[self.at] if self.at < len(self.signs) else ""
        ahead = "".join(self.signs[self.at : self.at + 2]).strip()[:1]
        alone = ahead in {"", ",", ";"} and not self.box.phrase and not self.box.angles
        self.box.quoted = self.box.quoted or alone or (following.startswith("@") and not self.box.angles)
        self.box.after_angle = self.box.after_angle or bool(self.box.angles)
        self.box.phrase.append(f'"{text}"' if following.startswith("@") else text)

    def _bracket(self) -> None:
        inside = self._until("]") if "]" in self.signs[self.at : self.at + 40] else None
        self.box.phrase.append("[" if inside is None else f"[{inside}]")

    def _comment(self) -> None:
        begun, depth, taken = self.at, 1, []
        while self.at < len(self.signs) and depth and "(" not in self.never_ends:
            sign = self.signs[self.at]
            self.at += 1
            if sign == "\\" and self.at < len(self.signs):
                sign = self.signs[self.at]
                self.at += 1
            else:
                depth += {"(": 1, ")": -1}.get(sign, 0)
            if depth:
                taken.append(sign)
        if depth:
            self.at = begun
            self.never_ends.add("(")
            self.found.broken = True
        else:
            self.box.comments.append("".join(taken))

    def _angle(self) -> None:
        taken: list[str] = []
        while self.at < len(self.signs):
            sign = self.signs[self.at]
            if sign in {"<", ";"} or (sign == "," and not "".join(taken).lstrip().startswith("@")):
                break
            self.at += 1
            if sign == ">":
                self.box.angles.append("".join(taken).strip())
                return
            inside = self._until('"') if sign == '"' else None
            taken.append(sign if inside is None else f'"{inside}"')
        self.found.broken = True
        self.box.angles.append("".join(taken).strip())


def split_addresses(raw: bytes) -> RawList:
    """Take an address header apart without decoding it: quotes, comments, groups, routes and broken forms included."""
    return _Splitter(raw.decode("latin-1")).run()


def read_addresses(values: list[bytes]) -> tuple[Address, ...]:
    """Return the addresses of all headers of one name in their order, each address once."""
    found: dict[str, Address] = {}
    for raw in values:
        for box in _joined(split_addresses(_in_clear(raw)).boxes):
            for address in _addresses_of(box):
                found.setdefault(address.address.lower(), address)
    return tuple(found.values())[:MAX_ADDRESSES]


def _in_clear(raw: bytes) -> bytes:
    """Decode a list that was put into encoded-words with its addresses, which no RFC allows and some forms do."""
    if not _ENCODED_SPEC.match(raw.strip()) or _SPEC.search(_without_words(raw)):
        return raw
    clear = decode_words(raw)
    return clear.encode("utf-8", "replace") if "@" in clear else raw


def _without_words(raw: bytes) -> str:
    return re.sub(rb"=\?[^?\s]{1,80}\?[bBqQ]\?[^?]*\?=", b" ", raw).decode("latin-1")


def _addresses_of(box: Mailbox) -> list[Address]:
    """Return the addresses of one entry of a list: several where only blanks stand between them."""
    phrase = "".join(box.phrase)
    bare = _SPEC.findall(phrase) if not box.angles and _SPECS.fullmatch(phrase) else []
    others = [_address("", [], spec) for spec in (*bare, *box.angles[:-1])]
    last = None if bare else address_of(box)
    return [address for address in (*others, last) if address is not None]


def name_without_address(box: Mailbox) -> str:
    """Return whom an entry without an address names: `root (Backup)`, `MAILER-DAEMON <>`."""
    phrase = "".join(box.phrase)
    pieces = [phrase, *box.angles] if box.angles else [*box.comments, phrase]
    return _name(next((piece for piece in pieces if piece.strip()), ""))


def _joined(boxes: list[Mailbox]) -> list[Mailbox]:
    """Give a piece without an address (`Muster GmbH, Einkauf <e@x>`) back to the entry that follows it."""
    out: list[Mailbox] = []
    held: list[str] = []
    for box in boxes:
        if not box.angles and "@" not in "".join(box.phrase):
            held.append("".join(box.phrase).strip())
            continue
        if held and box.angles:
            box.phrase = [", ".join([*filter(None, held), "".join(box.phrase).strip()])]
        held = []
        out.append(box)
    return out


def address_of(box: Mailbox) -> Address | None:
    """Return the address of one entry, None when it holds none; the last angle bracket counts, as for mail servers."""
    phrase = "".join(box.phrase)
    if box.angles:
        spec = _SPACE.sub("", box.angles[-1])
        spec = spec.rpartition(":")[2] if spec.startswith("@") else spec
        return _address(phrase, box.comments, spec)
    spec = _SPACE.sub("", phrase) if re.fullmatch(r"\s*[^\s@]+\s*@\s*[^\s@]+\s*", phrase) else ""
    if spec.startswith("[") and spec.endswith("]"):
        spec = spec[1:-1]
    if spec:
        return _address("", box.comments, spec)
    if box.quoted:
        return _address("", box.comments, phrase.strip())
    loose = _SPEC.search(phrase)
    if loose is None:
        return None
    rest = phrase[: loose.start()] + phrase[loose.end() :]
    return _address(_EMPTY_BRACKETS.sub("", rest), box.comments, loose.group())


def _address(phrase: str, comments: list[str], spec: str) -> Address | None:
    local, at, domain = clean_line(_decoded(spec)).removeprefix("mailto:").rpartition("@")
    if not at or not local or not domain or len(local) + len(domain) >= _MAX_SPEC_CHARS:
        return None
    name = _name(phrase) or (_name(comments[0]) if comments else "")
    return Address(name, f"{local}@{domain.lower().rstrip('.')}")


def _name(raw: str) -> str:
    """Return a name decoded, without the quotes that some mailers put around it once more."""
    name = clean_line(decode_words(raw.encode("latin-1")))
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return name


def _decoded(raw: str) -> str:
    """Read the raw 8-bit letters of an address; encoded-words are not decoded there (RFC 2047 5)."""
    return raw if raw.isascii() else decode(raw.encode("latin-1"))
