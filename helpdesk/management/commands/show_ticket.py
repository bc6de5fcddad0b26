"""`show_ticket N --as USER`: one ticket as JSON, decrypted and recorded."""

import hashlib
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from helpdesk.core.errors import DomainError
from helpdesk.crypto.errors import CryptoError
from helpdesk.management.acting import on_rights_of
from inbox.inboxes.permissions import Access, Right
from inbox.tickets.access import attachment_for, ticket_for
from inbox.tickets.models import Ticket
from inbox.tickets.opening.files import open_attachment
from inbox.tickets.opening.reader import show_ticket


class Command(BaseCommand):
    """Show a ticket."""

    help = "Print one ticket as JSON, with its messages and its attachments' names and SHA-256."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the number and the person whose rights are borrowed."""
        parser.add_argument("number", type=int)
        parser.add_argument("--as", required=True, dest="email", help="on whose rights it is shown")

    def handle(self, *args: Any, **options: Any) -> str:
        """Return the JSON."""
        with on_rights_of(options["email"]) as access:
            try:
                ticket = ticket_for(access, options["number"], need=Right.VIEW)
                shown = _ticket(access, ticket)
            except DomainError as error:
                raise CommandError(str(error)) from error
        return json.dumps(shown, ensure_ascii=False, indent=2, default=_plain)


def _ticket(access: Access, ticket: Ticket) -> dict[str, Any]:  # JSON to print
    shown = asdict(show_ticket(access, ticket, everything=True))
    for message in shown["messages"]:
        for file in message["attachments"]:
            file["sha256"] = _sha256(access, ticket, file["id"])
    return shown


def _sha256(access: Access, ticket: Ticket, attachment_id: UUID) -> str | None:
    """Return the digest of a file, None when it is damaged: that is recorded where it was opened."""
    digest = hashlib.sha256()
    try:
        for chunk in open_attachment(ticket, attachment_for(access, attachment_id, need=Right.VIEW))[1]:
            digest.update(chunk)
    except CryptoError:
        return None
    return digest.hexdigest()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
