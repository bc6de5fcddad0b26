"""Where the quoted history of a plain text begins: one pass over the lines, no pattern that can run away."""

import re

from inbox.mail.mime.folding_words import DATED, FORWARD_PREFIXES, FORWARDED, FROM, SENT, SEPARATORS, STARTS, WROTE

MAX_CHARS = 200_000
MAX_LINES = 4_000
MARKER_LINE = "--- Please write above this line ---"
_ATTRIBUTION_LINES = 4
_ATTRIBUTION_CHARS = 400
_STRAY_CHARS = 30

_BLOCK_LINES = 4
_FIELD_CHARS = 80
_DIGIT = re.compile(r"\d")
_ADDRESS = re.compile(r"[^\s<>()]{1,80}@[^\s<>()]{1,80}")
_MOMENT = re.compile(r"(?:19|20)\d\d.{0,40}?\b\d{1,2}[:.h]\d\d|\b\d{1,2}[:.h]\d\d.{0,40}?(?:19|20)\d\d", re.DOTALL)
_CLOCK = re.compile(r"\d{1,2}[:.h]\d\d")
_TURNING = dict.fromkeys(map(ord, "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"))


def fold_at(text: str, *, forwarded: bool = False) -> int | None:
    """Return the offset in `text` where quoted history begins and goes on to the end, None when all is to be shown.

    Nothing is folded when the visible part would be empty, when words of the sender follow the quote, or, for a
    `forwarded` mail, below the header block that a mail program puts above what it passes on.
    """
    lines = text[:MAX_CHARS].split("\n")[:MAX_LINES]
    history = _History(lines)
    whole = sum(len(line) + 1 for line in lines) > len(text)
    block = history.separator(blocks=True)
    if block is not None and (forwarded or _is_passed_on(lines, block)):
        block = history.separator(blocks=False)
    places = [block, history.trailing_quote() if whole else None]
    place = min((found for found in places if found is not None), default=None)
    if place is None or not "".join(lines[:place]).strip():
        return None
    return sum(len(line) + 1 for line in lines[:place])


def begins_history(lines: list[str]) -> bool:
    """Tell whether the first of these lines begins quoted history by the mail program's own word."""
    return bool(lines) and (_is_dashed(lines[0]) or _is_header_block(lines, 0))


def passes_on(text: str, subject: str) -> bool:
    """Tell a mail that passes another one on: what it holds is to be read, and nothing of it is folded."""
    if is_forward(subject):
        return True
    lines = text[:MAX_CHARS].split("\n")[:MAX_LINES]
    return any(map(_is_forward_mark, lines)) and _is_passed_on(lines, _History(lines).separator(blocks=True))


def _is_passed_on(lines: list[str], block: int | None) -> bool:
    """Tell whether a mail was passed on by its own sender, and not further down in the history that he answers."""
    return any(map(_is_forward_mark, lines if block is None else lines[: block + 1]))


def is_forward(subject: str) -> bool:
    """Tell by its prefix that a subject belongs to a mail that was passed on."""
    prefix, colon, _ = subject.replace("：", ":").partition(":")
    return bool(colon) and prefix.strip().lower() in FORWARD_PREFIXES


class _History:
    """The lines of a text, and for each place how many quoted and loose lines with words stand from there on."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.end = _signature(lines)
        self.quoted, self.loose = [0] * (len(lines) + 1), [0] * (len(lines) + 1)
        for place in range(self.end - 1, -1, -1):
            is_quote = _is_quote(lines[place])
            has_words = bool(lines[place].strip())
            self.quoted[place] = self.quoted[place + 1] + is_quote
            self.loose[place] = self.loose[place + 1] + (has_words and not is_quote)

    def separator(self, *, blocks: bool) -> int | None:
        """Return the first line from which on all is history by the mail program's own word."""
        for place, line in enumerate(self.lines):
            bare = line.strip()
            if not bare or len(bare) > _ATTRIBUTION_CHARS:
                continue
            if bare == MARKER_LINE or _is_dashed(bare) or (blocks and _is_header_block(self.lines, place)):
                return _with_rule(self.lines, place)
            if self._is_attribution(place):
                return place
        return None

    def trailing_quote(self) -> int | None:
        """Return where the quote begins that ends the text, with the line that names its writer; None without one."""
        place = self.end
        while place and self._belongs_to_quote(place - 1):
            place -= 1
        if not self.quoted[place]:
            return None
        while not self.lines[place].strip():
            place += 1
        return self._above(place)

    def _belongs_to_quote(self, place: int) -> bool:
        line = self.lines[place]
        if not line.strip() or _is_quote(line):
            return True
        wrapped = 0 < place < self.end - 1 and _is_quote(self.lines[place - 1]) and _is_quote(self.lines[place + 1])
        return wrapped and len(line) < _STRAY_CHARS

    def _above(self, place: int) -> int:
        """Take in the lines above a quote that say who wrote it."""
        at, joined = place, ""
        while at and not self.lines[at - 1].strip():
            at -= 1
        for start in range(at - 1, max(at - 1 - _ATTRIBUTION_LINES, -1), -1):
            joined = f"{self.lines[start].strip()} {joined}".strip()
            if not self.lines[start].strip() or len(joined) > _ATTRIBUTION_CHARS or not _is_above_quote(joined):
                break
            if joined.lower().startswith(STARTS) or start == 0 or not self.lines[start - 1].strip():
                return start
        return place

    def _is_attribution(self, place: int) -> bool:
        """Tell `On Monday, Kim wrote:` on up to four lines, with nothing but history below."""
        first = self.lines[place].strip().translate(_TURNING).lower()
        if not first.startswith(STARTS) and "@" not in first:
            return False
        joined = ""
        for offset, line in enumerate(self.lines[place : place + _ATTRIBUTION_LINES], start=1):
            joined = f"{joined} {line.strip()}".strip()
            if len(joined) > _ATTRIBUTION_CHARS or not line.strip():
                return False
            if _is_dated_writer(joined):
                return self._only_history(place + offset, unmarked="@" in joined)
        return False

    def _only_history(self, place: int, *, unmarked: bool) -> bool:
        """Tell whether quoted lines alone follow; or, where quotes may be `unmarked`, no quoted line at all."""
        quoted, loose = self.quoted[min(place, self.end)], self.loose[min(place, self.end)]
        if not quoted:
            return unmarked and loose > 0
        return loose * 10 <= quoted


def _signature(lines: list[str]) -> int:
    """Return where a signature or the footer of a mailing list begins, if quoted lines stand above it; else the end."""
    for place in range(len(lines) - 1, max(len(lines) - 16, 0), -1):
        line = lines[place].rstrip()
        if line == "--" or (len(line) >= 10 and not line.strip("_")):
            above = next((before for before in reversed(lines[:place]) if before.strip()), "")
            return place if _is_quote(above) else len(lines)
    return len(lines)


def _is_quote(line: str) -> bool:
    return line.lstrip()[:1] in {">", "|"}


def _is_dashed(bare: str) -> bool:
    """Tell `-----Original Message-----` in any of the languages."""
    bare = bare.lstrip("> ")
    if not bare.startswith(("--", "__", "**")):
        return False
    words = bare.strip("-_* ").lower()
    return words.startswith(SEPARATORS) or (bare.endswith("--") and _is_dated_writer(f"{words}:"))


def _is_forward_mark(line: str) -> bool:
    """Tell the line above a mail that was passed on: it is shown, since the sender wants it read."""
    return len(line) < _ATTRIBUTION_CHARS and line.strip("-_* \t:").lower().startswith(FORWARDED)


def _with_rule(lines: list[str], place: int) -> int:
    """Take in the line of underscores that some programs draw above the block."""
    above = lines[place - 1].strip() if place else ""
    return place - 1 if len(above) >= 10 and not above.strip("_-") else place


def _is_header_block(lines: list[str], place: int) -> bool:
    """Tell the block `From: ... Sent: ... Subject: ...` that mail programs put above the mail they answer."""
    block = lines[place : place + _BLOCK_LINES]
    if _is_field(block[0], FROM):
        return any(_is_sent(line, block) for line in block[1:])
    return _is_sent(block[0], block) and any(_is_field(line, FROM) for line in block[1:])


def _is_sent(line: str, block: list[str]) -> bool:
    """Tell the line of when it was sent; a mere `Date:`, as in a booking, needs an hour or an address beside it."""
    if _is_field(line, DATED):
        return bool(_CLOCK.search(line)) or any(_ADDRESS.search(other) for other in block)
    return _is_field(line, SENT)


def _is_field(line: str, names: set[str]) -> bool:
    if ":" not in line[:_FIELD_CHARS] and "：" not in line[:_FIELD_CHARS]:
        return False
    name, colon, value = line.strip().translate(_TURNING).lstrip("*").replace("：", ":").partition(":")
    return bool(colon and value.strip("* ")) and name.strip("* ").lower() in names


def _is_dated_writer(joined: str) -> bool:
    """Tell a line that says when somebody wrote: in words, or by an address with a day and an hour beside it."""
    if _names_writer(joined):
        return _DIGIT.search(joined) is not None
    return _ends_in_colon(joined) and bool(_ADDRESS.search(joined) and _MOMENT.search(joined))


def _is_above_quote(joined: str) -> bool:
    """Tell a line that belongs to the quote right below it; here an address or a moment will do for words."""
    return _names_writer(joined) or (_ends_in_colon(joined) and bool(_ADDRESS.search(joined) or _MOMENT.search(joined)))


def _ends_in_colon(joined: str) -> bool:
    return joined.translate(_TURNING).rstrip().endswith((":", "："))


def _names_writer(joined: str) -> bool:
    """Tell whether a line ends in a colon and says in some language that somebody wrote."""
    if not _ends_in_colon(joined):
        return False
    low = joined.translate(_TURNING).lower().rstrip(" :：")
    return low.endswith(WROTE) or any(f" {word} " in low for word in WROTE)
