"""Bounces as JSON: what Amazon SES and SNS send as a mail instead of a delivery report."""

import json
from dataclasses import dataclass
from typing import Final

from inbox.mail.mime.mentioned import addresses_in
from inbox.mail.mime.parsed import Notice
from inbox.mail.mime.plain import clean_line
from inbox.mail.mime.status import best_status

_READ_CHARS: Final = 256 * 1024
_LISTS: Final = (
    ("bounce", "bouncedRecipients", "failed"),
    ("complaint", "complainedRecipients", "complaint"),
    ("deliveryDelay", "delayedRecipients", "delayed"),
    ("delivery", "recipients", "delivered"),
)


@dataclass(frozen=True, slots=True)
class Event:
    """What an event tells, and the Message-IDs of the mail that it is about."""

    notices: tuple[Notice, ...]
    ids: tuple[str, ...]


def is_event(text: str) -> bool:
    """Tell whether a text begins as such an event does."""
    head = text[:2_000].lstrip()
    return head.startswith("{") and ("notificationType" in head or "eventType" in head or '"Type"' in head)


def read_event(text: str) -> Event | None:
    """Return the event that a text holds, None when it is none."""
    if not is_event(text):
        return None
    event = _object(text)
    if isinstance(event.get("Message"), str):
        event = _object(str(event["Message"]))
    notices = [notice for row in _LISTS for notice in _notices(event.get(row[0]), row[1], row[2])]
    return Event(tuple(notices), tuple(_ids(event.get("mail")))) if notices else None


def _object(text: str) -> dict[str, object]:
    try:
        value, _ = json.JSONDecoder(strict=False).raw_decode(text[:_READ_CHARS].lstrip())
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _notices(part: object, name: str, action: str) -> list[Notice]:
    rows = part.get(name) if isinstance(part, dict) else None
    if not isinstance(rows, list):
        return []
    return [_notice(row, action) for row in rows[:100]]


def _notice(row: object, action: str) -> Notice:
    told = {str(key): str(value) for key, value in row.items()} if isinstance(row, dict) else {"emailAddress": str(row)}
    words = clean_line(told.get("diagnosticCode", ""))[:500]
    address = next(iter(addresses_in(told.get("emailAddress", ""))), "")
    return Notice(action, address, best_status(told.get("status", ""), words), "", words)


def _ids(mail: object) -> list[str]:
    if not isinstance(mail, dict):
        return []
    headers = mail.get("headers")
    rows = [row for row in headers if isinstance(row, dict)] if isinstance(headers, list) else []
    named = [row.get("value") for row in rows if str(row.get("name", "")).lower() == "message-id"]
    common = mail.get("commonHeaders")
    if isinstance(common, dict):
        named.append(common.get("messageId"))
    return [clean_line(value)[:252] for value in named if isinstance(value, str) and value]
