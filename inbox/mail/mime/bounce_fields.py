"""The fields of a delivery report (RFC 3464, RFC 6533) and of a feedback report (RFC 5965)."""

import re
from typing import Final

from inbox.mail.mime.headers import Headers, decode_header, read_headers
from inbox.mail.mime.mentioned import addresses_in
from inbox.mail.mime.parsed import Notice
from inbox.mail.mime.parts import Part
from inbox.mail.mime.plain import clean_line
from inbox.mail.mime.status import best_status
from inbox.mail.mime.transfer import decoded

_STATUS_TYPES: Final = {"message/delivery-status", "message/global-delivery-status", "text/delivery-status"}
_FEEDBACK: Final = "message/feedback-report"
_ACTIONS: Final = {
    "failed": "failed", "failure": "failed", "fail": "failed", "undeliverable": "failed", "expired": "failed",
    "error": "failed", "delayed": "delayed", "delay": "delayed", "deferred": "delayed", "delivered": "delivered",
    "relayed": "delivered", "expanded": "delivered", "deliverable": "delivered",
}  # fmt: skip
_RECIPIENTS: Final = ("final-recipient", "x-actual-recipient", "original-recipient")
_MAX_GROUPS: Final = 200
_MAX_BYTES: Final = 256 * 1024
_MAX_WORDS: Final = 500
_WORD: Final = re.compile(r"[a-z]+")


def read_fields(top: Part, data: bytes) -> list[Notice]:
    """Return what the delivery report of a mail tells of each recipient, nothing when it holds none."""
    part = _first(top, _STATUS_TYPES)
    if part is None:
        return []
    notices = [_notice(group) for group in _groups(content_of(part, data))]
    return [notice for notice in notices if notice is not None]


def read_complaint(top: Part, data: bytes) -> list[Notice]:
    """Return who complained about the mail by a feedback report, nothing when it is none."""
    part = _first(top, {_FEEDBACK})
    if part is None:
        return []
    fields = [group for group in _groups(content_of(part, data)) if group.first("feedback-type")]
    return [_complaint(group) for group in fields[:1]]


def content_of(part: Part, data: bytes) -> bytes:
    """Return the first 256 KiB of a part, decoded: headers and fields stand at its beginning."""
    encoding = part.headers.text("content-transfer-encoding")
    return decoded(part.raw(data)[:_MAX_BYTES], encoding)


def every_part(top: Part) -> list[Part]:
    """Return all parts of a mail, outermost first, without the parts of mails inside it."""
    parts = [top]
    for part in parts:
        parts.extend(part.children)
    return parts


def _first(top: Part, types: set[str]) -> Part | None:
    return next((part for part in every_part(top) if part.mime_type in types), None)


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


def _notice(group: Headers) -> Notice | None:
    """Return what one group tells, None for one that is about no recipient."""
    diagnosis = _diagnosis(group)
    status = best_status(group.text("status"), diagnosis)
    action = _action(group, status)
    addresses = [_address(group.first(name)) for name in _RECIPIENTS]
    if not action or not (any(addresses) or group.first("action") or group.first("final-recipient")):
        return None
    recipient = next((address for address in addresses if address), "")
    return Notice(action, recipient, status, addresses[2], diagnosis)


def _action(group: Headers, status: str) -> str:
    word = _WORD.search(group.text("action").lower())
    told = _ACTIONS.get(word.group(), "") if word else ""
    if told or group.first("action"):
        return told
    return {"5": "failed", "4": "delayed", "2": "delivered"}.get(status[:1], "")


def _diagnosis(group: Headers) -> str:
    """Return the server's own words without the name of their kind: `smtp; 550 no such user` tells the rest."""
    words = group.text("diagnostic-code") or group.text("x-supplementary-info") or group.text("x-notes")
    kind, parted, rest = words.partition(";")
    return (rest if parted and len(kind) < 20 else words).strip()[:_MAX_WORDS]


def _address(raw: bytes) -> str:
    """Return the address of a recipient field, "" for a pipe, a file or a bare local name."""
    value = clean_line(decode_header(raw).rpartition(";")[2]).strip("<> ")
    if value.startswith(("|", "/", '"|', '"/')):
        return ""
    return next(iter(addresses_in(value)), "")


def _complaint(group: Headers) -> Notice:
    names = ("original-rcpt-to", "removal-recipient", "recipient")
    recipient = next((address for name in names if (address := _address(group.first(name)))), "")
    return Notice("complaint", recipient, "", "", group.text("feedback-type")[:_MAX_WORDS])
