"""Where the quoted history of a plain text begins: one pass over the lines, no pattern that can run away."""

import re

MAX_CHARS = 200_000
MAX_LINES = 4_000
MARKER_LINE = "--- Please write above this line ---"
_ATTRIBUTION_LINES = 4
_ATTRIBUTION_CHARS = 400
_HEADER_LINES = 12

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
    "исходное сообщение", "原始邮件", "原始郵件", "forwarded message", "weitergeleitete nachricht", "message transféré",
    "mensaje reenviado", "messaggio inoltrato", "mensagem encaminhada", "doorgestuurd bericht",
    "wiadomość przekazana", "vidarebefordrat meddelande", "videresendt meddelelse", "videresendt melding",
    "přeposlaná zpráva", "iletilen mesaj", "пересылаемое сообщение",
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
_DIGIT = re.compile(r"\d")


def fold_at(text: str) -> int | None:
    """Return the offset in `text` where quoted history begins and goes on to the end, None when all is to be shown.

    Nothing is folded when the visible part would be empty, or when something unquoted follows the quote.
    """
    lines = text[:MAX_CHARS].split("\n")[:MAX_LINES]
    offsets, at = [], 0
    for line in lines:
        offsets.append(at)
        at += len(line) + 1
    place = _separator(lines)
    if place is None and at > len(text):
        place = _trailing_quote(lines)
    if place is None or not "".join(lines[:place]).strip():
        return None
    return offsets[place]


def _separator(lines: list[str]) -> int | None:
    """Return the first line from which on all is history by the mail program's own word."""
    for place, line in enumerate(lines):
        bare = line.strip()
        if not bare or len(bare) > _ATTRIBUTION_CHARS:
            continue
        if bare == MARKER_LINE or _is_dashed(bare) or _is_header_block(lines, place):
            return _with_rule(lines, place)
        if _is_attribution(lines, place):
            return place
    return None


def _is_dashed(bare: str) -> bool:
    """Tell `-----Original Message-----` in any of the languages."""
    return (
        bare[0] in "-_*>"
        and bare.strip("-_*> ").lower().startswith(_SEPARATORS)
        and bare.startswith(("--", "__", "**"))
    )


def _with_rule(lines: list[str], place: int) -> int:
    """Take in the line of underscores that some programs draw above the block."""
    above = lines[place - 1].strip() if place else ""
    return place - 1 if len(above) >= 10 and not above.strip("_-") else place


def _is_header_block(lines: list[str], place: int) -> bool:
    """Tell the block `From: ... Sent: ...` that Outlook puts above the mail it answers."""
    if not _is_field(lines[place], _FROM):
        return False
    return any(_is_field(line, _SENT) for line in lines[place + 1 : place + 4])


def _is_field(line: str, names: tuple[str, ...]) -> bool:
    name, colon, value = line.strip().lstrip("*").replace("：", ":").partition(":")
    return bool(colon and value.strip("* ")) and name.strip("* ").lower() in names


def _is_attribution(lines: list[str], place: int) -> bool:
    """Tell `On Monday, Kim wrote:`, which may run over four lines, with a quote or nothing but quotes below."""
    if not lines[place].strip().lower().startswith(_STARTS) and "@" not in lines[place]:
        return False
    joined = ""
    for offset, line in enumerate(lines[place : place + _ATTRIBUTION_LINES]):
        joined = f"{joined} {line.strip()}".strip()
        if len(joined) > _ATTRIBUTION_CHARS or not line.strip():
            return False
        if _ends_attribution(joined):
            return _only_quotes(lines, place + offset + 1)
    return False


def _ends_attribution(joined: str) -> bool:
    low = joined.lower().rstrip("： ").rstrip(":").rstrip()
    if not joined.rstrip().endswith((":", "：")):
        return False
    named = low.endswith(_WROTE) or any(f" {word} " in low for word in _WROTE)
    return named and (_DIGIT.search(low) is not None or "@" in low)


def _only_quotes(lines: list[str], place: int) -> bool:
    """Tell whether the next line with words is quoted and no unquoted text follows, but for a signature's few lines."""
    rest = [line for line in lines[place:] if line.strip()]
    if not rest or not rest[0].lstrip().startswith((">", "|")):
        return False
    loose = [line for line in rest if not line.lstrip().startswith((">", "|"))]
    return len(loose) * 10 <= len(rest)


def _trailing_quote(lines: list[str]) -> int | None:
    """Return where the quoted lines at the very end begin, None when the text does not end in them."""
    place = len(lines)
    while place and (not lines[place - 1].strip() or lines[place - 1].lstrip().startswith(">")):
        place -= 1
    quoted = [line for line in lines[place:] if line.strip()]
    if not quoted:
        return None
    while not lines[place].strip():
        place += 1
    return place
