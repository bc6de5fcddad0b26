"""The tree of parts (RFC 2046): cut out of the raw bytes by their boundaries, without copies or recursion."""

from dataclasses import dataclass, field

from inbox.mail.mime.headers import Headers, read_headers
from inbox.mail.mime.limits import MAX_DEPTH, MAX_PARTS, Flaw
from inbox.mail.mime.names import described_name, told_name
from inbox.mail.mime.params import Params

_MAX_TYPES = 5
_NO_PARAMS = Params(b"")


@dataclass(slots=True)
class Part:
    """One part: its headers, its type, where its body stands in the raw mail, and its children."""

    headers: Headers
    start: int
    end: int
    mime_type: str = "text/plain"
    content_type: Params = _NO_PARAMS
    disposition: Params = _NO_PARAMS
    children: list["Part"] = field(default_factory=list)

    @property
    def main(self) -> str:
        """The first half of the type."""
        return self.mime_type.partition("/")[0]

    @property
    def name(self) -> str:
        """The file name that the sender gave, "" when there is none."""
        told = told_name(self.disposition, self.content_type)
        if told or self.main in {"text", "multipart"}:
            return told
        return described_name(self.headers.text("content-description"), self.headers.text("content-location"))

    @property
    def content_id(self) -> str:
        """The Content-ID without its brackets, "" when there is none."""
        return self.headers.text("content-id").strip("<> ")

    def raw(self, data: bytes) -> bytes:
        """Return the body as it stands in the mail, still encoded."""
        return data[self.start : self.end]


@dataclass(slots=True)
class Tree:
    """A whole mail: its outermost part and what was cut or mended while it was taken apart."""

    top: Part
    count: int = 0
    flaws: list[Flaw] = field(default_factory=list)

    def note(self, flaw: Flaw) -> None:
        """Keep `flaw` once."""
        if flaw not in self.flaws:
            self.flaws.append(flaw)


def read_tree(data: bytes) -> Tree:
    """Take a raw mail apart. What exceeds the limits stays whole as one part, so nothing is lost."""
    tree = Tree(_part(data, 0, len(data), default="text/plain"))
    if tree.top.headers.cut:
        tree.note(Flaw.HEADERS_CUT)
    waiting = [(tree.top, 1)]
    while waiting:
        part, depth = waiting.pop()
        if part.main != "multipart":
            continue
        if depth > MAX_DEPTH:
            tree.note(Flaw.TOO_DEEP)
            part.mime_type = "application/octet-stream"
            continue
        _split_into(part, data, tree)
        waiting += [(child, depth + 1) for child in part.children]
    return tree


def _part(data: bytes, start: int, end: int, *, default: str) -> Part:
    headers, body = read_headers(data, start, end)
    content_type = _content_type(headers, data, start=body, end=end)
    mime_type = content_type.mime_type or (_bare_type(content_type.value) or default)
    return Part(headers, body, end, mime_type, content_type, Params(headers.first("content-disposition")))


def _content_type(headers: Headers, data: bytes, *, start: int, end: int) -> Params:
    """Return the first Content-Type; of several, the one whose boundary really stands in the body."""
    told = [Params(value) for value in headers.all("content-type")[:_MAX_TYPES]] or [Params(b"")]
    if len(told) > 1:
        for params in told:
            boundary = params.raw("boundary")
            if boundary and params.mime_type.startswith("multipart/") and data.find(b"--" + boundary, start, end) >= 0:
                return params
    return told[0]


def _bare_type(value: str) -> str:
    """Read the old forms `text` and `html`, which stand for a type of two halves."""
    return {"text": "text/plain", "html": "text/html"}.get(value, "")


def _split_into(part: Part, data: bytes, tree: Tree) -> None:
    places = _found_places(data, part, most=MAX_PARTS - tree.count)
    if not places:
        tree.note(Flaw.NO_BOUNDARY)
        part.mime_type = "text/plain"
        return
    default = "message/rfc822" if part.mime_type == "multipart/digest" else "text/plain"
    part.children = [_part(data, start, end, default=default) for start, end in places]
    tree.count += len(places)
    if tree.count >= MAX_PARTS:
        tree.note(Flaw.TOO_MANY_PARTS)
        last = part.children[-1]
        last.mime_type, last.start = "application/octet-stream", places[-1][0]


def _found_places(data: bytes, part: Part, *, most: int) -> list[tuple[int, int]]:
    """Return the places of the children by the boundary that was named, else by the one that is seen."""
    named = part.content_type.raw("boundary").rstrip()[:200]
    for boundary in dict.fromkeys((named, named.strip(b"'\" "), named.removeprefix(b"--"))):
        places = _places(data, part, boundary, most=most) if boundary else []
        if places:
            return places
    seen = _seen_boundary(data, part, surely=bool(named))
    return _places(data, part, seen, most=most) if seen else []


def _places(data: bytes, part: Part, boundary: bytes, *, most: int) -> list[tuple[int, int]]:
    """Return where each child begins and ends; past `most` children the last one takes all the rest."""
    mark = b"--" + boundary
    found: list[tuple[int, int]] = []
    at, begun = part.start, -1
    while (at := data.find(mark, at, part.end)) >= 0:
        after = at + len(mark)
        tail = data[after : min(part.end, after + 200)]
        line, broke, _ = tail.partition(b"\n")
        closing = line.startswith(b"--")
        alone = at == part.start or data[at - 1] == 0x0A
        if not alone or (line[2:] if closing else line).strip(b" \t\r"):
            at = after
            continue
        if begun >= 0:
            found.append((begun, max(begun, _before_break(data, at, begun))))
        if closing:  # a mail whose inner part has the same boundary goes on behind the end of that part
            begun, at = -1, after
            continue
        begun = at = min(part.end, after + len(line) + len(broke))
        if len(found) + 1 >= most:
            break
    if begun >= 0:
        found.append((begun, part.end))
    return found


def _before_break(data: bytes, at: int, start: int) -> int:
    """Return `at` without the line end in front of it, which belongs to the boundary (RFC 2046 5.1.1)."""
    if at > start and data[at - 1] == 0x0A:
        at -= 1
    if at > start and data[at - 1] == 0x0D:
        at -= 1
    return at


def _seen_boundary(data: bytes, part: Part, *, surely: bool) -> bytes:
    """Return the boundary of a multipart that forgot to name it: the first line that begins with two dashes.

    With `surely`, where another one was named, headers of a part have to stand below it.
    """
    lines = data[part.start : min(part.end, part.start + 2_000)].split(b"\n")
    for line, below in zip(lines, [*lines[1:], b""], strict=True):
        word = line.rstrip()
        if not word.startswith(b"--") or not 2 < len(word) <= 202 or b" " in word:
            continue
        if not surely or below.lower().startswith(b"content-"):
            return word[2:]
    return b""
