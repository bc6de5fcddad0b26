"""A ParsedMail as a JSON head and the raw bytes of its files, to cross a pipe without pickle and without copies."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from inbox.mail.mime.parsed import Address, Auth, Bounce, Invitation, Notice, ParsedAttachment, ParsedMail

_PLAIN = (
    "delivered_to", "sender_doubt", "subject", "header_id", "in_reply_to", "references", "text", "fold_at", "html",
    "html_source_size", "html_fold", "sanitiser_version", "remote_images", "auto_reply", "machine", "protected",
    "flaws", "loop", "languages", "sender_name", "signed",
)  # fmt: skip
_ADDRESSES = ("reply_to", "to", "cc")
_DATES = ("date", "received")
_AUTH = ("server", "spf", "dkim", "dmarc", "arc", "compauth")


def to_head(mail: ParsedMail) -> bytes:
    """Return everything of `mail` but the bytes of its files, as JSON in UTF-8."""
    head: dict[str, Any] = {name: getattr(mail, name) for name in _PLAIN}  # Any: JSON values
    head["from_"] = [mail.from_.name, mail.from_.address] if mail.from_ else None
    head |= {name: [[item.name, item.address] for item in getattr(mail, name)] for name in _ADDRESSES}
    head |= {name: moment.isoformat() if (moment := getattr(mail, name)) else None for name in _DATES}
    head["bounce"] = _bounce_row(mail.bounce)
    head["invitations"] = [invitation_values(found) for found in mail.invitations]
    head["auth"] = [getattr(mail.auth, name) for name in _AUTH]
    head["files"] = [
        [item.name, item.content_type, item.size, item.inline, item.content_id] for item in mail.attachments
    ]
    return json.dumps(head, ensure_ascii=False).encode()


def file_sizes(head: bytes) -> list[int]:
    """Return how many bytes follow the head for each file. Raises ValueError when the head is none of ours."""
    try:
        return [int(row[2]) for row in json.loads(head)["files"]]
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not the head of a parsed mail") from error


def from_head(head: bytes, files: Sequence[bytes]) -> ParsedMail:
    """Return the mail of a head and the bytes of its files. Raises ValueError when they don't fit."""
    try:
        return _from_values(json.loads(head), files)
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not the head of a parsed mail") from error


def _from_values(values: dict[str, Any], files: Sequence[bytes]) -> ParsedMail:  # Any: JSON values
    told: dict[str, Any] = {name: _frozen(values[name]) for name in _PLAIN}  # Any: JSON values
    told |= {name: tuple(Address(*row) for row in values[name]) for name in _ADDRESSES}
    told |= {name: datetime.fromisoformat(values[name]) if values[name] else None for name in _DATES}
    return ParsedMail(
        **told,
        from_=Address(*values["from_"]) if values["from_"] else None,
        bounce=_bounce(values["bounce"]) if values["bounce"] else None,
        auth=Auth(*values["auth"]),
        invitations=tuple(_invitation(row) for row in values["invitations"]),
        attachments=tuple(_file(row, data) for row, data in zip(values["files"], files, strict=True)),
    )


def invitation_values(found: Invitation) -> dict[str, Any]:  # Any: JSON values
    """Return an invitation as JSON values: instants in ISO form or None, people as pairs of name and address."""
    return {
        "summary": found.summary,
        "starts": found.starts.isoformat() if found.starts else None,
        "ends": found.ends.isoformat() if found.ends else None,
        "all_day": found.all_day,
        "floating": found.floating,
        "place": found.place,
        "organiser": [found.organiser.name, found.organiser.address] if found.organiser else None,
        "attendees": [[person.name, person.address] for person in found.attendees],
        "method": found.method,
        "description": found.description,
        "repeats": found.repeats,
    }


def _invitation(values: dict[str, Any]) -> Invitation:  # Any: JSON values
    told: dict[str, Any] = {  # Any: JSON values
        name: datetime.fromisoformat(values[name]) if values[name] else None for name in ("starts", "ends")
    }
    told["organiser"] = Address(*values["organiser"]) if values["organiser"] else None
    told["attendees"] = tuple(Address(*person) for person in values["attendees"])
    return Invitation(**values | told)


def _file(row: list[Any], data: bytes) -> ParsedAttachment:  # Any: JSON values
    name, content_type, size, inline, content_id = row
    return ParsedAttachment(name, content_type, size, inline, content_id, data)


def _bounce_row(bounce: Bounce | None) -> list[object] | None:
    if bounce is None:
        return None
    notices = [[row.action, row.recipient, row.status, row.wrote_to, row.words] for row in bounce.notices]
    told = [bounce.action, bounce.recipient, bounce.status, bounce.cites]
    return [*told, notices, bounce.cited, bounce.claims, bounce.certain]


def _bounce(row: list[Any]) -> Bounce:  # Any: JSON values
    action, recipient, status, cites, notices, cited, claims, certain = row
    told = tuple(Notice(*notice) for notice in notices)
    return Bounce(action, recipient, status, cites, told, tuple(cited), tuple(claims), certain)


def _frozen(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value
