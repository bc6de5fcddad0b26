"""Where the quoted history of a plain text begins: one pass over the lines, no pattern that can run away."""

import re

MAX_CHARS = 200_000
MAX_LINES = 4_000
MARKER_LINE = "--- Please write above this line ---"
_ATTRIBUTION_LINES = 4
_ATTRIBUTION_CHARS = 400
_STRAY_CHARS = 30

# How mail programs end the line above a quote, and what that line begins with: English, German, French, Spanish,
# Italian, Portuguese, Dutch, Polish, Swedish, Danish and Norwegian, Czech, Turkish, Russian, Chinese, Japanese.
_WROTE = (
    "wrote", "writes", "schrieb", "a écrit", "écrit", "escribió", "escribio", "ha scritto", "scrisse", "escreveu",
    "schreef", "geschreven", "napisał", "napisała", "napisał(a)", "pisze", "skrev", "napsal", "napsala", "napsal(a)",
    "yazdı", "kirjoitti", "написал", "написала", "написал(а)", "пишет", "写道", "寫道", "のメッセージ", "님이 작성",
)  # fmt: skip
_STARTS = (
    "on ", "am ", "le ", "el ", "il ", "em ", "op ", "dnia ", "w dniu ", "den ", "dne ", "on", "at ", "за ", "в ",
    "ons ", "tor ", "fre ", "lör ", "sön ", "mån ", "tis ", "man ", "lun ", "mar ", "mer ", "gio ", "ven ", "sab ",
    "dom ", "pon ", "wt ", "śr ", "czw ", "pt ", "sob ", "ndz ", "20", "19",
)  # fmt: skip
_SEPARATORS = (
    "original message", "ursprüngliche nachricht", "originalnachricht", "message d'origine", "message d’origine",
    "message original", "mensaje original", "messaggio originale", "mensagem original", "oorspronkelijk bericht",
    "originele bericht", "wiadomość oryginalna", "oryginalna wiadomość", "ursprungligt meddelande",
    "oprindelig meddelelse", "opprinnelig melding", "původní zpráva", "özgün ileti", "orijinal mesaj",
    "исходное сообщение", "原始邮件", "原始郵件",
)  # fmt: skip
_FROM = (
    "from",
    "von",
    "de",
    "da",
    "van",
    "od",
    "från",
    "fra",
    "gönderen",
    "kimden",
    "от",
    "差出人",
    "发件人",
    "寄件者",
)
_SENT = (
    "sent", "date", "gesendet", "datum", "envoyé", "enviado", "enviado el", "fecha", "inviato", "data", "enviada em",
    "verzonden", "wysłano", "wysłane", "skickat", "sendt", "dato", "odesláno", "gönderildi", "tarih", "отправлено",
    "дата", "送信日時", "日期", "发送时间",
)  # fmt: skip
_FORWARDS = {"fw", "fwd", "wg", "tr", "rv", "enc", "i", "pd", "vb", "vs", "doorst", "ilt", "转发", "轉寄", "пер"}
_DIGIT = re.compile(r"\d")


def fold_at(text: str, *, forwarded: bool = False) -> int | None:
    """Return the offset in `text` where quoted history begins and goes on to the end, None when all is to be shown.

    Nothing is folded when the visible part would be empty, when words of the sender follow the quote, or, for a
    `forwarded` mail, below the header block that a mail program puts above what it passes on.
    """
    lines = text[:MAX_CHARS].split("\n")[:MAX_LINES]
    history = _History(lines)
    whole = sum(len(line) + 1 for line in lines) > len(text)
    places = [history.separator(blocks=not forwarded), history.trailing_quote() if whole else None]
    place = min((found for found in places if found is not None), default=None)
    if place is None or not "".join(lines[:place]).strip():
        return None
    return sum(len(line) + 1 for line in lines[:place])


def is_forward(subject: str) -> bool:
    """Tell by its prefix that a subject belongs to a mail that was passed on."""
    prefix, colon, _ = subject.replace("：", ":").partition(":")
    return bool(colon) and prefix.strip().lower() in _FORWARDS


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
            if not self.lines[start].strip() or len(joined) > _ATTRIBUTION_CHARS or not _names_writer(joined):
                break
            if joined.lower().startswith(_STARTS) or start == 0 or not self.lines[start - 1].strip():
                return start
        return place

    def _is_attribution(self, place: int) -> bool:
        """Tell `On Monday, Kim wrote:` on up to four lines, with nothing but history below."""
        if not self.lines[place].strip().lower().startswith(_STARTS) and "@" not in self.lines[place]:
            return False
        joined = ""
        for offset, line in enumerate(self.lines[place : place + _ATTRIBUTION_LINES], start=1):
            joined = f"{joined} {line.strip()}".strip()
            if len(joined) > _ATTRIBUTION_CHARS or not line.strip():
                return False
            if _names_writer(joined) and _DIGIT.search(joined):
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
    return bare.startswith(("--", "__", "**")) and bare.strip("-_* ").lower().startswith(_SEPARATORS)


def _with_rule(lines: list[str], place: int) -> int:
    """Take in the line of underscores that some programs draw above the block."""
    above = lines[place - 1].strip() if place else ""
    return place - 1 if len(above) >= 10 and not above.strip("_-") else place


def _is_header_block(lines: list[str], place: int) -> bool:
    """Tell the block `From: ... Sent: ... Subject: ...` that Outlook puts above the mail it answers."""
    if not _is_field(lines[place], _FROM):
        return False
    return any(_is_field(line, _SENT) for line in lines[place + 1 : place + 3])


def _is_field(line: str, names: tuple[str, ...]) -> bool:
    name, colon, value = line.strip().lstrip("*").replace("：", ":").partition(":")
    return bool(colon and value.strip("* ")) and name.strip("* ").lower() in names


def _names_writer(joined: str) -> bool:
    """Tell whether a line ends in a colon and says in some language that somebody wrote."""
    bare = joined.rstrip()
    if not bare.endswith((":", "：")):
        return False
    low = bare.lower().rstrip(":： ")
    return low.endswith(_WROTE) or any(f" {word} " in low for word in _WROTE)
