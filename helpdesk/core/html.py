"""Hostile HTML to safe HTML and to text: the one nh3 allow-list, pure, for mail and for what agents write."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

import nh3
from selectolax.lexbor import LexborHTMLParser, LexborNode

SANITISER_VERSION = 1
MAX_HTML_BYTES = 256 * 1024
MAX_DEPTH = 2_000

_TAGS = {
    "a", "abbr", "address", "b", "big", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup",
    "dd", "del", "div", "dl", "dt", "em", "font", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd",
    "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "table",
    "tbody", "td", "tfoot", "th", "thead", "tr", "tt", "u", "ul", "var", "wbr",
}  # fmt: skip
_GONE_WITH_CONTENT = {
    "script", "style", "title", "noscript", "noembed", "noframes", "template", "svg", "math", "iframe", "object",
    "applet", "select", "textarea", "button", "audio", "video", "canvas", "head", "xmp", "plaintext", "datalist",
    "portal",
}  # fmt: skip
_QUOTABLE = {"blockquote", "div", "span", "p", "hr", "table"}
_ATTRIBUTES = {
    "*": {"align", "dir", "lang", "style", "title"},
    "a": {"href"},
    "img": {"src", "data-src", "alt", "width", "height"},
    "table": {"width", "height", "bgcolor", "border", "cellpadding", "cellspacing"},
    "td": {"width", "height", "bgcolor", "colspan", "rowspan", "valign"},
    "th": {"width", "height", "bgcolor", "colspan", "rowspan", "valign"},
    "tr": {"bgcolor", "valign"},
    "font": {"color", "face", "size"},
    "col": {"span", "width"},
    "ol": {"start", "type"},
}
for _tag in _QUOTABLE:
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"class", "id", "data-quoted"}
_ATTRIBUTES["blockquote"] |= {"type", "cite"}
_STYLES = {
    "background-color", "border", "border-bottom", "border-bottom-color", "border-bottom-style",
    "border-bottom-width", "border-collapse", "border-color", "border-left", "border-left-color", "border-left-style",
    "border-left-width", "border-radius", "border-right", "border-right-color", "border-right-style",
    "border-right-width", "border-spacing", "border-style", "border-top", "border-top-color", "border-top-style",
    "border-top-width", "border-width", "color", "direction", "display", "font", "font-family", "font-size",
    "font-style", "font-variant", "font-weight", "height", "letter-spacing", "line-height", "list-style-type",
    "margin", "margin-bottom", "margin-left", "margin-right", "margin-top", "max-width", "min-width", "overflow-wrap",
    "padding", "padding-bottom", "padding-left", "padding-right", "padding-top", "table-layout", "text-align",
    "text-decoration", "text-indent", "text-transform", "unicode-bidi", "vertical-align", "white-space", "width",
    "word-break", "word-spacing",
}  # fmt: skip
_DISPLAYS = {"none", "block", "inline", "inline-block", "list-item", "table", "table-cell", "table-row", "inline-table"}
_UNSAFE_VALUE = re.compile(r"[\\@<>{}\x00-\x1f]|/\*|\*/|url|image|expression|behavior|binding|-\d", re.IGNORECASE)
_CALL = re.compile(r"([\w-]*)\s*\(")
_SAFE_CALLS = {"rgb", "rgba", "hsl", "hsla"}
_IMPORTANT = re.compile(r"!\s*important", re.IGNORECASE)
_SCHEME = re.compile(r"[\x00-\x20]*(https?|mailto|cid):", re.IGNORECASE)
_TAG = re.compile(r'<(img|blockquote|div|span|p|hr|table)((?: [a-z-]+="[^"]*")+)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_OPENING = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*?(/?)>")
_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"}

# Where mail programs put the quoted mail: the container itself, or the mark after which all is quoted.
_QUOTE_CLASSES = {
    "gmail_quote",
    "gmail_quote_container",
    "gmail_extra",
    "yahoo_quoted",
    "moz-cite-prefix",
    "protonmail_quote",
    "zmail_extra",
}
_QUOTE_IDS = {
    "divrplyfwdmsg",
    "appendonsend",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "reply-intro",
}
_REST_IDS = {"divrplyfwdmsg", "appendonsend"}


@dataclass(frozen=True, slots=True)
class SafeHtml:
    """HTML that may be framed.

    `html` is a fragment of allow-listed tags. An image of the mail itself has `src="cid:ID"`, ID percent-encoded, for
    the page to replace; a remote one has no `src` and keeps its address in `data-src`. Quoted history is marked
    `data-quoted="1"` (the element) or `data-quoted="rest"` (this element and all after it). `cids` are the IDs used,
    bare and in lower case; `remote_images` counts the images that were held back.
    """

    html: str
    remote_images: int
    cids: frozenset[str] = frozenset()
    quotes: bool = False


def sanitise(html: str) -> SafeHtml:
    """Return `html` reduced to the allow-list; twice is as once. The caller keeps to MAX_HTML_BYTES and MAX_DEPTH."""
    clean = _MAIL.clean(html)
    seen = _Seen()
    clean = _TAG.sub(seen.finish, clean)
    return SafeHtml(clean, seen.remote, frozenset(seen.cids), seen.quotes)


def is_too_deep(html: str) -> bool:
    """Tell whether elements nest deeper than MAX_DEPTH, where sanitising would take seconds."""
    if html.count("<") - html.count("</") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _OPENING.finditer(html):
        if found[2].lower() in _VOID or found[3]:
            continue
        depth = max(0, depth - 1) if found[1] else depth + 1
        if depth > MAX_DEPTH:
            return True
    return False


def clean_reply(html: str) -> str:
    """Return what an agent wrote, reduced to paragraphs, line breaks, emphasis, links, lists, quotes and code."""
    return _REPLY.clean(html)


class _Seen:
    """Counts while the sanitised tags are finished: remote images held back, cid addresses, quoted history."""

    def __init__(self) -> None:
        self.remote = 0
        self.cids: set[str] = set()
        self.quotes = False

    def finish(self, tag: re.Match[str]) -> str:
        attributes = dict(_ATTRIBUTE.findall(tag[2]))
        if tag[1] == "img":
            self._image(attributes)
        else:
            self._quote(attributes)
        written = "".join(f' {name}="{value}"' for name, value in attributes.items())
        return f"<{tag[1]}{written}>"

    def _image(self, attributes: dict[str, str]) -> None:
        source = attributes.get("src", "")
        if source.startswith("cid:"):
            self.cids.add(unquote(source[4:]).lower())
            attributes.pop("data-src", None)
        elif source:
            attributes["data-src"] = attributes.pop("src")
        self.remote += "data-src" in attributes

    def _quote(self, attributes: dict[str, str]) -> None:
        found = [attributes.pop(name) for name in ("data-quoted", "class", "id", "type", "cite") if name in attributes]
        if found:
            self.quotes = True
            attributes["data-quoted"] = "rest" if "rest" in found else "1"


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _style(value)
    if name in {"href", "src", "data-src"}:
        return _address(name, value)
    if name in {"class", "id", "type", "cite", "data-quoted"} and tag in _QUOTABLE:
        return _quote_mark(tag, name, value)
    if name in {"bgcolor", "color", "face"} and _UNSAFE_VALUE.search(value):
        return None
    return value


def _style(value: str) -> str | None:
    kept = []
    for declaration in value.split(";"):
        name, colon, words = declaration.partition(":")
        name, words = name.strip().lower(), _IMPORTANT.sub("", words).strip()
        if colon and words and name in _STYLES and _is_safe(name, words):
            kept.append(f"{name}: {words}")
    return "; ".join(kept) or None


def _is_safe(name: str, words: str) -> bool:
    if name == "display" and words.lower() not in _DISPLAYS:
        return False
    return not _UNSAFE_VALUE.search(words) and all(call.lower() in _SAFE_CALLS for call in _CALL.findall(words))


def _address(name: str, value: str) -> str | None:
    found = _SCHEME.match(value)
    if found is None:
        return None
    scheme, rest = found[1].lower(), value[found.end() :].strip()
    if name == "href":
        return None if scheme == "cid" else f"{scheme}:{rest}"
    if scheme == "cid":
        return f"cid:{quote(unquote(rest).strip('<> '), safe='')}" if name == "src" else None
    return None if scheme == "mailto" else f"{scheme}:{rest}"


def _quote_mark(tag: str, name: str, value: str) -> str | None:
    """Return the mark that stands for a mail program's own container of quoted history, None for anything else."""
    word = value.strip().lower()
    if name == "data-quoted":
        return word if word in {"1", "rest"} else None
    if name == "class":
        return "1" if _QUOTE_CLASSES.intersection(word.split()) else None
    if name == "id":
        return ("rest" if word in _REST_IDS else "1") if word in _QUOTE_IDS else None
    return "1" if tag == "blockquote" and name == "type" and word == "cite" else None


_MAIL = nh3.Cleaner(
    tags=_TAGS,
    clean_content_tags=_GONE_WITH_CONTENT,
    attributes=_ATTRIBUTES,
    attribute_filter=_filter,
    url_schemes={"http", "https", "mailto", "cid"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
)
_REPLY = nh3.Cleaner(
    tags={"p", "br", "b", "strong", "i", "em", "a", "ul", "ol", "li", "blockquote", "code", "pre"},
    clean_content_tags=_GONE_WITH_CONTENT,
    attributes={"a": {"href"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
)

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
_QUOTE_STARTS, _QUOTE_ENDS = "\x0e", "\x0f"
_QUOTE_MARKS = {_QUOTE_STARTS, _QUOTE_ENDS}
_MARKS = {"li": "- ", "blockquote": _QUOTE_STARTS}
_BLANKS = re.compile(r"[ \t\n\r\f]+")
_REST_MARK = re.compile(r'<[a-z]+(?: [a-z-]+="[^"]*")*? data-quoted="rest"')
_LINE_ENDS = re.compile(r"[ \t\xa0]*\n[ \t]*")
_MANY_LINES = re.compile(r"\n{3,}")


def html_to_text(html: str) -> str:
    """Return the words of `html` as plain lines: blocks on their own, links with their address, quotes behind >."""
    return _walk(html, _Writer()).text()


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
            return None
        if at.next is not None:
            return at.next
        at = at.parent
    return None


class _Writer:
    """Collects text while the tree is walked."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.pre = 0
        self.links: list[tuple[str, int]] = []

    def enter(self, node: LexborNode) -> bool:
        """Write what stands before the node's children; False when they are not to be read."""
        tag = node.tag or ""
        if tag == "-text":
            text = (node.text_content or "").replace(_QUOTE_STARTS, "").replace(_QUOTE_ENDS, "")
            self.out.append(text if self.pre else _BLANKS.sub(" ", text))
            return False
        if tag in _SILENT:
            return False
        if tag in _BLOCKS:
            self.out.append("\n\n" if tag in _SPACED else "\n")
            self.out.append(_MARKS.get(tag, ""))
            self.pre += tag == "pre"
        elif tag == "br":
            self.out.append("\n")
        elif tag == "hr":
            self.out.append("\n\n")
        elif tag == "a":
            self.links.append((node.attributes.get("href") or "", len(self.out)))
        elif tag == "img" and node.attributes.get("alt"):
            self.out.append(f"[{node.attributes['alt']}]")
        return True

    def leave(self, node: LexborNode) -> None:
        """Write what stands after the node's children."""
        tag = node.tag or ""
        if tag in _BLOCKS:
            self.out.append("\n\n" if tag in _SPACED else "\n")
            self.out.append(_QUOTE_ENDS if tag == "blockquote" else "")
            self.pre -= tag == "pre"
        elif tag in {"td", "th"}:
            self.out.append(" ")
        elif tag == "a" and self.links:
            self._link(*self.links.pop())

    def _link(self, href: str, since: int) -> None:
        words = "".join(self.out[since:]).strip()
        bare = href.removeprefix("mailto:").removeprefix("https://").removeprefix("http://").rstrip("/")
        if href.startswith(("http://", "https://", "mailto:")) and bare and bare not in words:
            self.out.append(f" <{href}>")

    def text(self) -> str:
        """Return all of it, with at most one empty line between two lines."""
        joined = _MANY_LINES.sub("\n\n", _LINE_ENDS.sub("\n", "".join(self.out)))
        return _with_quote_signs(joined) if _QUOTE_STARTS in joined else joined.strip()


class _Unquoted(_Writer):
    """Leaves out what is marked as quoted; a picture counts as a word."""

    def enter(self, node: LexborNode) -> bool:
        if node.tag == "img":
            self.out.append("[image]")
        return not (node.attributes or {}).get("data-quoted") and super().enter(node)


def _with_quote_signs(text: str) -> str:
    """Turn the marks of block quotes into a `>` for each depth, at most nine, in front of their lines."""
    out: list[str] = []
    depth = 0
    for line in text.split("\n"):
        depth += line.count(_QUOTE_STARTS) - line.count(_QUOTE_ENDS) if line[:1] in _QUOTE_MARKS else 0
        bare = line.lstrip(_QUOTE_STARTS + _QUOTE_ENDS)
        out.append(f"{'>' * min(depth, 9)} {bare}".strip() if depth > 0 else bare)
    return _MANY_LINES.sub("\n\n", "\n".join(out)).strip()
