"""Delivery reports (RFC 3464, RFC 6522): what became of the mail that the report is about."""

import re

from inbox.mail.mime.headers import Headers, decode_header, read_headers
from inbox.mail.mime.ids import one_id
from inbox.mail.mime.parsed import Bounce
from inbox.mail.mime.parts import Part
from inbox.mail.mime.plain import clean_line
from inbox.mail.mime.transfer import decoded

_STATUS_TYPES = {"message/delivery-status", "message/global-delivery-status"}
_CITED_TYPES = {
    "message/rfc822", "message/global", "text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers",
    "message/global-headers",
}  # fmt: skip
_WORST_FIRST = ("failed", "delayed")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_MAX_GROUPS = 200
_MAX_BYTES = 256 * 1024


def read_bounce(top: Part, data: bytes) -> Bounce | None:
    """Return the worst news of a delivery report, None when it tells of no trouble. `delayed` is no failure."""
    if top.mime_type != "multipart/report":
        return None
    status = next((part for part in top.children if part.mime_type in _STATUS_TYPES), None)
    if status is None:
        return None
    groups = _groups(_content(status, data))
    reports = [group for group in groups if _action(group)]
    if not reports:
        return None
    worst = min(reports, key=lambda group: _WORST_FIRST.index(_action(group)))
    return Bounce(_action(worst), _recipient(worst), _status(worst), _cited(top, data))


def _content(part: Part, data: bytes) -> bytes:
    encoding = part.headers.text("content-transfer-encoding")
    return decoded(part.raw(data)[:_MAX_BYTES], encoding)


def _groups(text: bytes) -> list[Headers]:
    """Return the groups of fields, which empty lines divide."""
    groups: list[Headers] = []
    at = 0
    while at < len(text) and len(groups) < _MAX_GROUPS:
        headers, after = read_headers(text, at, len(text))
        if headers.items:
            groups.append(headers)
        at = after if after > at else text.find(b"\n", at) + 1 or len(text)
    return groups


def _action(group: Headers) -> str:
    word = (group.text("action").lower().split() or [""])[0]
    return word if word in _WORST_FIRST else ""


def _status(group: Headers) -> str:
    found = _STATUS.search(group.text("status"))
    return found.group() if found else ""


def _recipient(group: Headers) -> str:
    """Return the address that we wrote to where the report knows it, else the one that it ended at."""
    for name in ("original-recipient", "final-recipient"):
        value = decode_header(group.first(name)).rpartition(";")[2]
        address = clean_line(value).strip("<> ")
        if "@" in address:
            return address
    return ""


def _cited(top: Part, data: bytes) -> str:
    for part in top.children:
        if part.mime_type in _CITED_TYPES:
            content = _content(part, data)
            headers, _ = read_headers(content, 0, len(content))
            cited = one_id(headers.first("message-id"))
            if cited:
                return cited
    return ""
