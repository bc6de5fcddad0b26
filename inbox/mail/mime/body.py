"""From the tree of parts to what is read and what is kept as files: alternatives, mixtures, attached mails."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from html import escape
from urllib.parse import quote

from helpdesk.core.html import MAX_HTML_BYTES
from helpdesk.core.html_text import html_to_text
from inbox.mail.mime.charsets import decode
from inbox.mail.mime.cms import signed_content
from inbox.mail.mime.embedded import without_data
from inbox.mail.mime.flowed import unflow
from inbox.mail.mime.headers import read_headers
from inbox.mail.mime.inside import take_out
from inbox.mail.mime.names import made_up_name, mail_name
from inbox.mail.mime.parts import Part, Tree, read_tree
from inbox.mail.mime.plain import clean_text
from inbox.mail.mime.protection import is_smime
from inbox.mail.mime.rtf import rtf_to_html, rtf_to_text
from inbox.mail.mime.tnef import TNEF_TYPES, Opened, read_tnef
from inbox.mail.mime.transfer import decoded, words_below

_SHOWN_TEXT = {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown"}
_MAILS = {"message/rfc822", "message/global", "message/news"}
_READABLE_FILES = {"text/plain", "text/html"}
_RICH = {"text/rtf", "application/rtf"}
_MAX_SPARE_BYTES = 200_000
_MAX_LOCATIONS = 50
_MAX_WRAPPINGS = 3
_ANOTHER_RENDERING = {"text/x-amp-html", "text/watch-html"}
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HTML_INSIDE = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """A part that is kept as a file: name ("" when none was told), type, bare Content-ID, decoded bytes.

    `location` is its Content-Location (RFC 2557), by which the HTML of some programs names its pictures.
    """

    name: str
    content_type: str
    content_id: str
    data: bytes
    location: str = ""


@dataclass(slots=True)
class Piece:
    """What one part gives to read: plain text, HTML or both; the other form is derived only when it is asked for."""

    plain: str | None = None
    html: str | None = None

    def as_text(self) -> str:
        """Return the words, from the HTML when there is no plain text."""
        return self.plain if self.plain is not None else html_to_text(self.html or "")

    def as_html(self) -> str:
        """Return the HTML, the plain text escaped when there is none."""
        if self.html is not None:
            return self.html
        return f'<div style="white-space: pre-wrap">{escape(self.plain or "", quote=False)}</div>'


@dataclass(slots=True)
class Body:
    """All that a mail holds: the pieces to read, in order, and the files."""

    pieces: list[Piece] = field(default_factory=list)
    files: list[File] = field(default_factory=list)
    spare: list[Piece] = field(default_factory=list)
    """What can be read when nothing else has words: the body inside a winmail.dat, a text that is a file."""

    @property
    def has_words(self) -> bool:
        """True when anything is left to read."""
        return any(piece.as_text().strip() for piece in self.pieces)

    @property
    def has_plain(self) -> bool:
        """True when the sender wrote plain text."""
        return any(piece.plain is not None for piece in self.pieces)

    @property
    def has_html(self) -> bool:
        """True when the sender wrote HTML."""
        return any(piece.html is not None for piece in self.pieces)

    def text(self) -> str:
        """Return the words of all pieces, an empty line between two."""
        return "\n\n".join(filter(None, (piece.as_text().strip("\n") for piece in self.pieces)))

    def html(self) -> str:
        """Return the HTML of all pieces one after the other, "" when none was written in HTML."""
        shown = [piece for piece in self.pieces if piece.html is not None or (piece.plain or "").strip()]
        return "\n".join(piece.as_html() for piece in shown) if self.has_html else ""


def read_body(tree: Tree, data: bytes) -> Body:
    """Return what the mail `tree` over the raw bytes `data` gives to read and to keep."""
    body = _read(tree.top, data, alone=True, within=0)
    if body.spare and not body.has_words:
        body.pieces = body.spare
    return body


def _read(part: Part, data: bytes, *, alone: bool, within: int) -> Body:
    """Read a part; `within` counts the signed wrappings around it."""
    if not part.children:
        return _leaf(part, data, alone=alone, within=within)
    if part.mime_type == "multipart/alternative":
        return _alternative(part, data, within=within)
    return _together(_read(child, data, alone=child is part.children[0], within=within) for child in part.children)


def _together(bodies: Iterable[Body]) -> Body:
    whole = Body()
    for body in bodies:
        whole.pieces += body.pieces
        whole.files += body.files
        whole.spare += body.spare
    return whole


def _alternative(part: Part, data: bytes, *, within: int) -> Body:
    """Take the words of the first plain branch, the HTML of the last HTML one, and the files of every branch.

    Some senders write `alternative` and mean `mixed`: what another branch of the same kind says besides is kept.
    """
    children = [child for child in part.children if child.mime_type not in _ANOTHER_RENDERING]
    branches = [_read(child, data, alone=True, within=within) for child in children]
    whole = _together(branches)
    plains = [branch for branch in branches if branch.has_plain and not branch.has_html]
    htmls = [branch for branch in branches if branch.has_html]
    plain = _distinct(plains) or next((branch.pieces for branch in branches if branch.pieces), [])
    html = _distinct(htmls[::-1])
    if not html or not plains:
        return Body(html or plain, whole.files, whole.spare)
    text, source = Body(plain).text(), Body(html).html()
    return Body([Piece(text if text.strip() else None, source)], whole.files, whole.spare)


def _distinct(branches: list[Body]) -> list[Piece]:
    """Return the pieces of the first branch, and of each other that says what no branch before it said."""
    if len(branches) < 2:
        return [piece for branch in branches for piece in branch.pieces]
    said = ""
    pieces: list[Piece] = []
    for branch in branches:
        words = "".join(branch.text().split())
        if not said or (words not in said and said not in words):
            pieces += branch.pieces
            said += words
    return pieces


def _leaf(part: Part, data: bytes, *, alone: bool, within: int) -> Body:
    encoding = _encoding(part)
    stored = part.raw(data)
    raw = decoded(stored, encoding)
    if _is_shown(part, alone=alone):
        return _text(part, raw, below=words_below(stored, encoding))
    file = _file(part, raw)
    if is_smime(part) and within < _MAX_WRAPPINGS:
        return _unwrapped(file, within=within + 1)
    if file.content_type in TNEF_TYPES or file.name.lower() == "winmail.dat":
        opened = read_tnef(raw)
        if opened is not None:
            return _opened(opened, file)
    spare = [_piece(part, raw)] if part.mime_type in _READABLE_FILES and len(raw) < _MAX_SPARE_BYTES else []
    if part.mime_type in _RICH and len(raw) < _MAX_SPARE_BYTES:
        rtf = raw.decode("latin-1")
        spare = [Piece(rtf_to_text(rtf), clean_text(rtf_to_html(rtf)) or None)]
    return Body(files=[file], spare=spare)


def _unwrapped(file: File, *, within: int) -> Body:
    """Return what an S/MIME file signs, to be read, and the file itself untouched."""
    inner = signed_content(file.data)
    if not inner:
        return Body(files=[file])
    found = _read(read_tree(inner).top, inner, alone=True, within=within)
    return Body(found.pieces, [*found.files, file], found.spare)


def _encoding(part: Part) -> str:
    """Return the transfer encoding; of several headers the one that says more than `7bit`."""
    told = [word.decode("latin-1").strip() for word in part.headers.all("content-transfer-encoding")]
    return next((word for word in told if word[:1] in "bBqQxXuU" and word.lower() != "binary"), "")


def _text(part: Part, raw: bytes, *, below: bytes) -> Body:
    """Return a text to read and the files that stand in the middle of it."""
    if part.mime_type == "text/html":
        html, embedded = without_data(_piece(part, raw).html or "", mark=f"embedded-{part.start}")
        pictures = [File(found.name, found.content_type, found.content_id, found.data) for found in embedded]
        return Body([Piece(html=html), *_below(below)], pictures)
    bare, inner = take_out(raw)
    files = [File(file.name, "application/octet-stream", "", file.data) for file in inner]
    return Body([_piece(part, bare), *_below(below)], files)


def _below(words: bytes) -> list[Piece]:
    return [Piece(clean_text(decode(words)).strip("\n"))] if words.strip() else []


def _opened(opened: Opened, file: File) -> Body:
    """Return what a winmail.dat holds; one that holds nothing is kept as it is."""
    files = [File(inner.name, inner.content_type, inner.content_id, inner.data) for inner in opened.files]
    spare = [Piece(clean_text(opened.text) if opened.text else None, clean_text(opened.html) if opened.html else None)]
    if opened.text or opened.html:
        return Body(files=files, spare=spare)
    return Body(files=files or [file])


def _is_shown(part: Part, *, alone: bool) -> bool:
    """Tell a text to read from a text that is a file: by its disposition, or by a name where it is not the first."""
    if part.mime_type not in _SHOWN_TEXT or part.disposition.value.startswith("attachment"):
        return False
    if part.disposition.text("filename"):
        return False
    return alone or not (part.name or (part.mime_type == "text/html" and part.content_id))


def _piece(part: Part, raw: bytes) -> Piece:
    label = part.content_type.token("charset")
    if part.mime_type == "text/html":
        return Piece(html=clean_text(decode(raw, label or _meta_charset(raw))))
    text = clean_text(decode(raw, label))
    if part.content_type.token("format") == "flowed":
        text = unflow(text, delsp=part.content_type.token("delsp") == "yes")
    if not part.content_type.mime_type and _HTML_INSIDE.match(text):
        return Piece(html=text)
    if part.mime_type in {"text/enriched", "text/richtext"}:
        return Piece(plain=re.sub(r"</?[a-zA-Z-]{1,40}>", "", text))
    return Piece(plain=text)


def _meta_charset(raw: bytes) -> str:
    found = _META_CHARSET.search(raw, 0, 2_000)
    return found[1].decode("ascii") if found else ""


def _file(part: Part, raw: bytes) -> File:
    name = part.name
    if part.mime_type in _MAILS:
        inner, _ = read_headers(raw, 0, min(len(raw), 64 * 1024))
        return File(mail_name(name, inner.text("subject"), 1), part.mime_type, part.content_id, raw)
    return File(name, part.mime_type, part.content_id, raw, part.headers.text("content-location"))


def with_locations(source: str, files: list[File]) -> tuple[str, list[File]]:
    """Return HTML that names its pictures by Content-Location (RFC 2557) with `cid:` in its place, and the files.

    HTML that is too long to be shown stays as it is.
    """
    out: list[File] = []
    most = _MAX_LOCATIONS if len(source) <= MAX_HTML_BYTES else 0
    for number, file in enumerate(files):
        if file.location and number < most and file.location in source:
            file = replace(file, content_id=file.content_id or file.location)  # noqa: PLW2901 - the file with its id
            mark = re.compile(rf"(\bsrc\s{{0,9}}=\s{{0,9}}[\"']?){re.escape(file.location)}(?=[\"'\s>])", re.IGNORECASE)
            source = mark.sub(rf"\g<1>cid:{quote(file.content_id, safe='@.')}", source)
        out.append(file)
    return source, out


def named(files: list[File]) -> list[File]:
    """Give a name to every file that came without one, numbered by its place."""
    return [
        file if file.name else replace(file, name=made_up_name(file.content_type, place))
        for place, file in enumerate(files, start=1)
    ]
