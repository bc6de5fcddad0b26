"""HTML to plain text, pure: a walk over the tree of lexbor, or cutting out tags where a tree would take too long."""

import re
from html import unescape

from selectolax.lexbor import LexborHTMLParser, LexborNode

MAX_DEPTH = 2_000
MAX_TEXT_SOURCE_CHARS = 1_000_000

_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,30})")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}
_BLOCKS = {
    "address", "article", "aside", "blockquote", "body", "center", "dd", "div", "dl", "dt", "fieldset", "figure",
    "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "li", "main", "nav", "ol", "p", "pre", "section",
    "table", "tbody", "tfoot", "thead", "tr", "ul",
}  # fmt: skip
_SPACED = {"p", "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre"}
_SILENT = {
    "head",
    "script",
    "style",
    "title",
    "noscript",
    "template",
    "svg",
    "math",
    "iframe",
    "object",
    "select",
    "textarea",
    "button",
}
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_INDENTS = re.compile(r"[ \t\xa0]*\n[ \t]*")
_BLANKS_IN_LINE = re.compile(r"[ \t\r\f]+")
_SILENT_LIKE = re.compile(r"<(/?)(script|style|title)\b", re.IGNORECASE)
_BLOCK_LIKE = re.compile(r"</?(?:p|div|br|tr|li|ul|ol|table|h[1-6]|blockquote|pre|hr)\b[^<>]{0,2000}>", re.IGNORECASE)
_TAG_LIKE = re.compile(r"<[^<>]{0,4000}>")
_REST_MARK = re.compile(r'<[a-z]+(?: [a-z-]+="[^"]*")*? data-quoted="rest"')
_MAX_QUOTE_SIGNS = 9
_LINE_ENDS = re.compile(r"[ \t\xa0]+\n")
_MANY_LINES = re.compile(r"\n{3,}")


def is_too_deep(html: str) -> bool:
    """Tell whether elements nest deeper than MAX_DEPTH, where sanitising would take seconds."""
    if html.count("<") - html.count("</") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _OPENING.finditer(html):
        if found[2].lower() in _VOID:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def html_to_text(html: str) -> str:
    """Return the words of `html` as plain lines: blocks on their own, links with their address, quotes behind >."""
    if len(html) > MAX_TEXT_SOURCE_CHARS or is_too_deep(html):
        return _without_tags(html)
    return _walk(html, _Writer()).text()


def _without_tags(html: str) -> str:
    """Return the words of HTML that no parser takes in time: tags cut out, blocks on their own lines."""
    bare = _TAG_LIKE.sub(" ", _BLOCK_LIKE.sub("\n", _without_silent(html)))
    return _MANY_LINES.sub("\n\n", _INDENTS.sub("\n", _BLANKS_IN_LINE.sub(" ", unescape(bare)))).strip()


def _without_silent(html: str) -> str:
    """Cut out what stands between `<script>` and its end, and the like; what never ends is kept."""
    kept, at = [], 0
    opened: re.Match[str] | None = None
    for found in _SILENT_LIKE.finditer(html):
        if opened is None and not found[1]:
            opened = found
        elif opened is not None and found[1] and found[2].lower() == opened[2].lower():
            kept.append(html[at : opened.start()])
            opened, at = None, found.start()
    return "".join([*kept, html[at:]])


def has_words_outside_quotes(html: str) -> bool:
    """Tell whether safe `html` shows words or pictures outside of what is marked as quoted history."""
    before_rest = _REST_MARK.split(html, maxsplit=1)[0]
    return bool(_walk(before_rest, _Unquoted()).text().strip("> \n"))


def _walk(html: str, writer: "_Writer") -> "_Writer":
    body = LexborHTMLParser(html).body
    node: LexborNode | None = body
    while node is not None and body is not None:
        child = node.first_child if writer.enter(node) else None
        node = child if child is not None else _next(node, body, writer)
    return writer


def _next(node: LexborNode, body: LexborNode, writer: "_Writer") -> LexborNode | None:
    """Leave `node` and whatever ends with it; return what comes after, None at the end of `body`."""
    at: LexborNode | None = node
    while at is not None:
        writer.leave(at)
        if at.mem_id == body.mem_id:
            break
        if at.next is not None:
            return at.next
        at = at.parent
    return None


class _Writer:
    """Collects text while the tree is walked; line breaks are owed until a word follows, so that they never pile up."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.breaks = 0
        self.depth = self.last_depth = 0
        self.lead = ""
        self.pre = 0
        self.links: list[tuple[str, int]] = []

    def enter(self, node: LexborNode) -> bool:
        """Write what stands before the node's children; False when they are not to be read."""
        tag = node.tag or ""
        if tag == "-text":
            self._text(node.text_content or "")
        elif tag in _BLOCKS:
            self._block(tag, 1)
        elif tag == "br":
            self.breaks = min(self.breaks + 1, 2)
        elif tag == "hr":
            self.breaks = 2
        elif tag == "a":
            self.links.append((node.attributes.get("href") or "", len(self.out)))
        elif tag == "img" and node.attributes.get("alt"):
            self._put(f"[{node.attributes['alt']}]")
        return tag not in _SILENT and tag != "-text"

    def leave(self, node: LexborNode) -> None:
        """Write what stands after the node's children."""
        tag = node.tag or ""
        if tag in _BLOCKS:
            self._block(tag, -1)
        elif tag in {"td", "th"} and not self.breaks:
            self.out.append(" ")
        elif tag == "a" and self.links:
            self._link(*self.links.pop())

    def text(self) -> str:
        """Return all of it."""
        return _LINE_ENDS.sub("\n", "".join(self.out)).strip("\n").rstrip()

    def _block(self, tag: str, step: int) -> None:
        """Owe a line break, or an empty line, at either edge of a block."""
        self.breaks = max(self.breaks, 2 if tag in _SPACED else 1)
        self.pre += step if tag == "pre" else 0
        self.depth += step if tag == "blockquote" else 0
        if tag == "li":
            self.lead = "- " if step > 0 else ""

    def _text(self, text: str) -> None:
        if self.pre:
            first, *others = text.split("\n")
            self._put(first)
            for line in others:
                self.breaks = min(self.breaks + 1, 2)
                self._put(line)
            return
        folded = _BLANKS.sub(" ", text)
        at_start = self.breaks or not self.out or self.out[-1].endswith(" ")
        self._put(folded.lstrip(" ") if at_start else folded)

    def _put(self, text: str) -> None:
        if not text:
            return
        if self.breaks or not self.out:
            self._break_line()
        self.out.append(text)

    def _break_line(self) -> None:
        between = ">" * min(self.depth, self.last_depth, _MAX_QUOTE_SIGNS)
        signs = ">" * min(self.depth, _MAX_QUOTE_SIGNS)
        if self.out:
            self.out.append(f"\n{between}" * (self.breaks - 1) + "\n")
        self.out.append(f"{signs} {self.lead}" if signs else self.lead)
        self.breaks, self.lead, self.last_depth = 0, "", self.depth

    def _link(self, href: str, since: int) -> None:
        words = "".join(self.out[since:]).strip()
        bare = href.removeprefix("mailto:").removeprefix("https://").removeprefix("http://").rstrip("/")
        if href.startswith(("http://", "https://", "mailto:")) and bare and bare not in words:
            self._put(f" <{href}>" if words else f"<{href}>")


class _Unquoted(_Writer):
    """Leaves out what is marked as quoted; a picture counts as a word."""

    def enter(self, node: LexborNode) -> bool:
        if node.tag == "img":
            self.out.append("[image]")
        return not (node.attributes or {}).get("data-quoted") and super().enter(node)
