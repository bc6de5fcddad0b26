"""The rows behind the listener: which inbox an address belongs to, and a mail stored for each inbox, all or nothing."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from typing import Final
from uuid import UUID

import idna
from django.db import IntegrityError, transaction
from django.utils import timezone

from helpdesk.core.context import Actor, ActorKind, acting_as
from helpdesk.crypto.blind import content_key
from inbox.inboxes.models import Inbox, InboxAddress
from inbox.mail.receive.store import Arrival, Source, store_raw
from inbox.mail.send.smtp import ascii_domain

LISTENER: Final = Actor(ActorKind.SYSTEM, label="system:mail")
_NAME: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A mail on its way in. `recipients` are (address, inbox) in the order given; `sender` "" for the null sender."""

    sender: str
    recipients: Sequence[tuple[str, UUID]]
    chunks: Sequence[bytes]
    client: str = ""
    hello: str = ""
    protocol: str = "ESMTP"
    here: str = "localhost"


def inbox_at(address: str) -> UUID | None:
    """Return the inbox of an address, with or without what stands behind a plus; None for an address of others."""
    names = _spellings(address)
    known = dict(InboxAddress.objects.filter(address__in=names).values_list("address", "inbox_id"))
    return next((known[name] for name in names if name in known), None)


def take(mail: HandedIn) -> None:
    """Store the mail once for each of its inboxes, in one transaction.

    A client that never heard our answer hands the same bytes in again: an inbox that has them takes nothing more. So
    the key is made of what the client sent, not of who it was for: a server may send one mail a recipient at a time.
    Raises StorageFull, CryptoError, OSError or DatabaseError, and then nothing is stored.
    """
    key = f"lmtp:{content_key(mail.chunks).hex()}"
    with acting_as(LISTENER):
        try:
            _store(mail, key)
        except IntegrityError:
            # The same mail came over another connection at the same moment, and is there now.
            _store(mail, key)


@transaction.atomic
def _store(mail: HandedIn, key: str) -> None:
    now = timezone.now()
    ids = sorted({inbox_id for _address, inbox_id in mail.recipients})
    for inbox in Inbox.objects.filter(pk__in=ids).order_by("pk"):
        chunks = [_trace(mail, inbox.pk, format_datetime(now)), *mail.chunks]
        store_raw(Source(inbox), [Arrival(key, sum(map(len, chunks)), now, chunks)])


def _trace(mail: HandedIn, inbox_id: UUID, date: str) -> bytes:
    """Return the lines that the last server puts on top (RFC 5321 4.4)."""
    hello = mail.hello if _NAME.fullmatch(mail.hello) else "unknown"
    lines = [f"Return-Path: <{mail.sender}>"]
    lines += [f"Delivered-To: {address}" for address, of in dict.fromkeys(mail.recipients) if of == inbox_id]
    lines += [f"Received: from {hello} ([{mail.client}])", f"\tby {mail.here} with {mail.protocol};", f"\t{date}", ""]
    return "\r\n".join(lines).encode()


def _spellings(address: str) -> list[str]:
    """Return the ways to write an address, the nearest first: whole, then without its plus; domains in both scripts."""
    local, at, domain = address.strip().lower().rpartition("@")
    domains = dict.fromkeys([domain, ascii_domain(domain), _shown(domain)])
    return [f"{name}{at}{each}" for name in dict.fromkeys([local, local.partition("+")[0]]) for each in domains]


def _shown(domain: str) -> str:
    try:
        return idna.decode(domain)
    except UnicodeError:
        return domain
