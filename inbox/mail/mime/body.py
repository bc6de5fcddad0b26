"""From the tree of parts to what is read and what is kept as files: alternatives, mixtures, attached mails."""

import re
from dataclasses import dataclass, field
from html import escape

from helpdesk.core.html_text import html_to_text
from inbox.mail.mime.charsets import decode
from inbox.mail.mime.flowed import unflow
from inbox.mail.mime.headers import read_headers
from inbox.mail.mime.names import made_up_name, mail_name
from inbox.mail.mime.parts import Part, Tree
from inbox.mail.mime.plain import clean_text
from inbox.mail.mime.transfer import decoded

_SHOWN_TEXT = {"text/plain", "text/html", "text/enriched", "text/richtext", "text/markdown", "text/x-markdown"}
_MAILS = {"message/rfc822", "message/global", "message/news"}
_ANOTHER_RENDERING = {"text/x-amp-html", "text/watch-html"}
_META_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w.:-]{2,40})", re.IGNORECASE)
_HTML_INSIDE = re.compile(r"\s*(?:<!doctype html|<html[\s>])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class File:
    """A part that is kept as a file: name ("" when none was told), type, bare Content-ID, decoded bytes."""

    name: str
    content_type: str
    content_id: str
    data: bytes


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
        return "\n".join(piece.as_html() for piece in self.pieces) if self.has_html else ""


def read_body(tree: Tree, data: bytes) -> Body:
    """Return what the mail `tree` over the raw bytes `data` gives to read and to keep."""
    return _read(tree.top, data, alone=True)


def _read(part: Part, data: bytes, *, alone: bool = False) -> Body:
    if not part.children:
        return _leaf(part, data, alone=alone)
    if part.mime_type == "multipart/alternative":
        return _alternative(part, data)
    body = Body()
    for child in part.children:
        found = _read(child, data, alone=child is part.children[0])
        body.pieces += found.pieces
        body.files += found.files
    return body


def _alternative(part: Part, data: bytes) -> Body:
    """Take the words of the first plain branch, the HTML of the last HTML one, and the files of every branch."""
    branches = [_read(child, data, alone=True) for child in part.children if child.mime_type not in _ANOTHER_RENDERING]
    files = [file for branch in branches for file in branch.files]
    plain = next((branch for branch in branches if branch.has_plain and not branch.has_html), None)
    plain = plain or next((branch for branch in branches if branch.pieces), None)
    html = next((branch for branch in reversed(branches) if branch.has_html), None)
    if html is None or plain is None or plain is html:
        return Body(html.pieces if html else plain.pieces if plain else [], files)
    text = plain.text()
    return Body([Piece(text if text.strip() else None, html.html())], files)


def _leaf(part: Part, data: bytes, *, alone: bool) -> Body:
    raw = decoded(part.raw(data), part.headers.text("content-transfer-encoding"))
    if _is_shown(part, alone=alone):
        return Body([_piece(part, raw)])
    return Body(files=[_file(part, raw)])


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
    return File(name, part.mime_type, part.content_id, raw)


def named(files: list[File]) -> list[File]:
    """Give a name to every file that came without one, numbered by its place."""
    return [
        file
        if file.name
        else File(made_up_name(file.content_type, place), file.content_type, file.content_id, file.data)
        for place, file in enumerate(files, start=1)
    ]
