"""Hostile HTML to safe HTML: the one nh3 allow-list, pure."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote

import nh3

SANITISER_VERSION = 1
MAX_HTML_BYTES = 256 * 1024

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
    _ATTRIBUTES[_tag] = _ATTRIBUTES.get(_tag, set()) | {"class", "id", "name", "data-quoted"}
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
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_SCHEME = re.compile(r"[\x00-\x20]*(https?|mailto|cid):", re.IGNORECASE)
_TAG = re.compile(r'<(a|img|blockquote|div|span|p|hr|table)((?: [a-z-]+="[^"]*")+)>')
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')

# Where mail programs put the quoted mail: the container itself, or the mark after which all is quoted.
_QUOTE_CLASSES = {
    "gmail_quote",
    "gmail_quote_container",
    "gmail_extra",
    "yahoo_quoted",
    "moz-cite-prefix",
    "protonmail_quote",
    "zmail_extra",
    "tutanota_quote",
    "aolreplacedbody",
}
_QUOTE_IDS = {
    "divrplyfwdmsg",
    "appendonsend",
    "mail-editor-reference-message-container",
    "olk_src_body_section",
    "reply-intro",
    "isreplycontent",
    "ms-outlook-mobile-body-separator-line",
}
_REST_IDS = {"divrplyfwdmsg", "appendonsend", "ms-outlook-mobile-body-separator-line"}
_QUOTE_NAMES = {"quote", "messagereplysection"}
_OUTLOOK_RULE = re.compile(r"border: none; border-top: solid #(?:e1e1e1|b5c4df) 1\.0pt", re.IGNORECASE)


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
    """Return `html` reduced to the allow-list; twice is as once. The caller keeps to MAX_HTML_BYTES and is_too_deep."""
    seen = _Seen()
    clean = _TAG.sub(seen.finish, _MAIL.clean(html))
    return SafeHtml(_CONTROL.sub("", clean.replace("\r", "\n")), seen.remote, frozenset(seen.cids), seen.quotes)


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
        elif tag[1] == "a":
            attributes = _link(attributes)
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
        marks = ("data-quoted", "class", "id", "name", "type", "cite")
        found = [attributes.pop(name) for name in marks if name in attributes]
        if _OUTLOOK_RULE.match(attributes.get("style", "")):
            found.append("rest")
        if found:
            self.quotes = True
            attributes["data-quoted"] = "rest" if "rest" in found else "1"


def _link(attributes: dict[str, str]) -> dict[str, str]:
    """Return the attributes of a link with those that we set ourselves at the end."""
    own = {"target": "_blank", "rel": "noopener noreferrer nofollow"} if "href" in attributes else {}
    return {name: value for name, value in attributes.items() if name not in {"target", "rel"}} | own


def _filter(tag: str, name: str, value: str) -> str | None:
    if name == "style":
        return _style(value)
    if name in {"href", "src", "data-src"}:
        return _address(name, value)
    if name in {"class", "id", "name", "type", "cite", "data-quoted"} and tag in _QUOTABLE:
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
    if name == "name":
        return "1" if word in _QUOTE_NAMES else None
    word = word.removeprefix("x_")
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
