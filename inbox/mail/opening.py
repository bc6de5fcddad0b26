"""Open what mail keeps sealed: the untouched original, which owes an entry, and a mailbox's secret for the desk."""

from collections.abc import Iterator
from itertools import chain

from audit.actions import Action
from audit.record import record
from helpdesk.core.context import Purpose, purpose
from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.files import open_blob
from inbox.mail.imap.wire import Security, Server
from inbox.mail.models import Mailbox, RawMail
from inbox.tickets.models import Ticket
from inbox.tickets.opening.people import record_damage


def open_raw(ticket: Ticket, raw: RawMail) -> Iterator[bytes]:
    """Return the bytes of a mail as they came, in chunks. Writes one message.raw entry.

    A mail that is damaged at its start, or was never fetched, raises CryptoError at once, one damaged further on when
    its bytes are read; either is recorded.
    """
    record(Action.MESSAGE_RAW, on=ticket.as_subject(), mail=raw.pk)
    with purpose(Purpose.VIEW):
        chunks = _watched(ticket, raw)
        first = next(chunks, b"")
    return chain([first], chunks)


def _watched(ticket: Ticket, raw: RawMail) -> Iterator[bytes]:
    try:
        yield from open_blob(raw.stored_blob, raw.seal_ref(), kind="raw")
    except CryptoError:
        record_damage(ticket, raw, "blob")
        raise


def imap_server(mailbox: Mailbox) -> Server:
    """Return where the mailbox's IMAP server listens."""
    return Server(mailbox.imap_host, mailbox.imap_port, Security(mailbox.imap_security), mailbox.ca_file or None)


def secret_of(mailbox: Mailbox, name: str) -> str:
    """Return one of the mailbox's secrets, "" when it has none of that name."""
    with purpose(Purpose.SYSTEM):
        return str(mailbox.secret.get(name, ""))
