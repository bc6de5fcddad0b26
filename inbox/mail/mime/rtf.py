"""Rich text (RTF 1.9) to words, and back to the HTML that Outlook hides in it (MS-OXRTFEX)."""

import re
from dataclasses import dataclass, field

from inbox.mail.mime.charset_names import codec_of

_TOKEN = re.compile(
    r"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+|([^\\{}\r\n]+)", re.DOTALL
)
_SILENT = {
    "fonttbl", "colortbl", "stylesheet", "info", "pict", "object", "header", "footer", "themedata", "datastore",
    "listtable", "listoverridetable", "generator", "xmlnstbl", "latentstyles", "mmathPr", "rsidtbl", "filetbl",
    "colorschememapping", "fldinst", "bkmkstart", "bkmkend",
}  # fmt: skip
_WORDS = {
    "par": "\n", "line": "\n", "tab": "\t", "cell": "\t", "row": "\n", "lquote": "\u2018", "rquote": "\u2019",
    "ldblquote": "\u201c", "rdblquote": "\u201d", "bullet": "\u2022", "endash": "\u2013", "emdash": "\u2014",
    "emspace": " ", "enspace": " ", "sect": "\n\n", "page": "\n\n",
}  # fmt: skip
_SIGNS = {"~": "\xa0", "_": "-", "{": "{", "}": "}", "\\": "\\", "\n": "\n", "\r": "\n"}


@dataclass(slots=True)
class _Group:
    """What holds inside one pair of braces."""

    silent: bool = False
    html_tag: bool = False
    hidden: bool = False
    skip: int = 1


@dataclass(slots=True)
class _Reader:
    """Walks over the signs once, with a stack of groups; `html` reads what stands in `htmltag` groups as it stands."""

    html: bool
    codec: str = "cp1252"
    out: list[str] = field(default_factory=list)
    octets: bytearray = field(default_factory=bytearray)
    stack: list[_Group] = field(default_factory=list)
    at: _Group = field(default_factory=_Group)
    left_out: int = 0

    def read(self, rtf: str) -> str:
        for found in _TOKEN.finditer(rtf):
            word, number, octet, sign, brace, text = found.groups()
            if octet is not None:
                self._octet(int(octet, 16))
                continue
            self._flush()
            if brace is not None:
                self._brace(brace)
            elif word is not None:
                self._word(word, int(number) if number else None)
            elif sign is not None:
                self._sign(sign)
            elif text is not None:
                self._put(text[self.left_out :])
                self.left_out = max(0, self.left_out - len(text))
        self._flush()
        return "".join(self.out)

    def _octet(self, value: int) -> None:
        if self.left_out:
            self.left_out -= 1
        elif self._is_heard():
            self.octets.append(value)

    def _flush(self) -> None:
        if self.octets:
            self.out.append(self.octets.decode(self.codec, "replace"))
            self.octets.clear()

    def _brace(self, brace: str) -> None:
        if brace == "{":
            self.stack.append(self.at)
            self.at = _Group(self.at.silent, self.at.html_tag, self.at.hidden, self.at.skip)
        elif self.stack:
            self.at = self.stack.pop()

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self.at.silent = True
        else:
            self._put(_SIGNS.get(sign, ""))

    def _word(self, word: str, number: int | None) -> None:
        if word == "htmltag" and self.html:
            self.at.silent, self.at.html_tag = False, True
        elif word in _SILENT or word == "mhtmltag":
            self.at.silent = True
        elif word == "htmlrtf":
            self.at.hidden = number != 0
        elif word == "ansicpg" and number:
            self.codec = codec_of(f"cp{number}") or self.codec
        elif word == "uc" and number is not None:
            self.at.skip = number
        elif word == "u" and number is not None:
            self._put(chr(number % 65_536))
            self.left_out = self.at.skip
        elif word in _WORDS:
            self._put(_WORDS[word])

    def _is_heard(self) -> bool:
        return not self.at.silent and not (self.html and self.at.hidden)

    def _put(self, text: str) -> None:
        if text and self._is_heard():
            self.out.append(text)


def rtf_to_html(rtf: str) -> str:
    """Return the HTML that was put into `rtf`, "" when it was made from none. `rtf` is latin-1 for its bytes."""
    return _joined(_Reader(html=True).read(rtf)) if "\\fromhtml" in rtf[:1_000] else ""


def rtf_to_text(rtf: str) -> str:
    """Return the words of `rtf`, which is latin-1 for its bytes."""
    return _joined(_Reader(html=False).read(rtf)).strip("\n")


def _joined(text: str) -> str:
    """Join the halves of letters beyond the first plane, which RTF writes one by one."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
