"""`manage.py parse_mail FILE...`: one JSON line per file of how Postern reads it; no database, no service."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from inbox.mail.mime.parsed import Address, Auth, Bounce, ParsedMail
from inbox.mail.mime.wire import invitation_values
from inbox.mail.receive.parser import ParserFailed, parse_in_child


class Command(BaseCommand):
    """Reads each file in the same confined child as mail that comes in."""

    help = "Print how each mail is read, one JSON line per file."
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take the paths of raw mails (.eml)."""
        parser.add_argument("files", nargs="+", metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print a line for every file, with `error` for one that cannot be opened or read."""
        for path in options["files"]:
            self.stdout.write(json.dumps(_read(path), ensure_ascii=False))


def _read(path: Path) -> dict[str, Any]:  # Any: JSON values
    try:
        return _as_json(parse_in_child(path.read_bytes()))
    except OSError as error:
        return {"file": str(path), "error": error.strerror or "unreadable"}
    except ParserFailed as error:
        return {"file": str(path), "error": error.reason.value}


def _as_json(mail: ParsedMail) -> dict[str, Any]:  # Any: JSON values
    return {
        "from": mail.from_.address if mail.from_ else "",
        "from_name": mail.from_.name if mail.from_ else mail.sender_name,
        "to": _addresses(mail.to),
        "cc": _addresses(mail.cc),
        "reply_to": _addresses(mail.reply_to),
        "subject": mail.subject,
        "date": mail.date.isoformat() if mail.date else None,
        "message_id": mail.header_id,
        "in_reply_to": list(mail.in_reply_to),
        "references": list(mail.references),
        "text": mail.text,
        "html": mail.html,
        "attachments": [
            {"name": file.name, "size": file.size, "content_type": file.content_type, "inline": file.inline}
            for file in mail.attachments
        ],
        "auto_reply": mail.auto_reply,
        "machine": mail.machine,
        "bounce": _bounce(mail.bounce),
        "encrypted": mail.protected,
        "signed": mail.signed,
        "invitations": [invitation_values(found) for found in mail.invitations],
        "sender_doubt": list(mail.sender_doubt),
        "auth": _auth(mail.auth),
        "flaws": list(mail.flaws),
    }


def _addresses(found: tuple[Address, ...]) -> list[dict[str, str]]:
    return [{"name": item.name, "address": item.address} for item in found]


def _bounce(bounce: Bounce | None) -> dict[str, str] | None:
    if bounce is None:
        return None
    return {
        "action": bounce.action,
        "recipient": bounce.recipient,
        "status": bounce.status,
        "cites": bounce.cites,
    }


def _auth(auth: Auth) -> dict[str, str]:
    names = ("server", "spf", "dkim", "dmarc", "arc", "compauth")
    return {name: word for name in names if (word := getattr(auth, name))}
