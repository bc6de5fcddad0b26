"""Compose the bytes of an outgoing mail. The same row always gives the same bytes (RFC 5322, 2045, 2183, 2231)."""

import mimetypes
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

from helpdesk.crypto.blind import link_token
from inbox.mail.models import OutboundMail

LOOP_HEADER: Final = "X-Postern-Loop"
_POLICY: Final = policy.SMTP.clone(cte_type="7bit", max_line_length=78)
_OPAQUE: Final = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class File:
    """A file to send, opened."""

    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail as SMTP takes it. `sender` is the envelope's."""

    sender: str
    recipients: tuple[str, ...]
    mime: bytes


def compose(row: OutboundMail, files: Iterable[File] = ()) -> Composed:
    """Return the mail of an outbox row. The caller names the purpose: sealed columns are opened.

    Nothing of our own people stands in it: From is the inbox's name and address.
    """
    envelope = row.envelope
    message = EmailMessage(policy=_POLICY)
    name, sender = envelope["from"]
    message["From"] = _address(name, sender)
    message["To"] = _addresses(envelope["to"])
    if envelope["cc"]:
        message["Cc"] = _addresses(envelope["cc"])
    if envelope["reply_to"]:
        message["Reply-To"] = _address(name, envelope["reply_to"])
    message["Subject"] = " ".join(row.subject.split())
    message["Date"] = _date(row.created_at)
    message["Message-ID"] = row.header_id
    _add_thread(message, envelope["in_reply_to"], envelope["references"])
    message[LOOP_HEADER] = f"{row.pk.hex}.{link_token('loop', row.pk)}"
    _add_bodies(message, row, files)
    recipients = [pair[1] for part in ("to", "cc", "bcc") for pair in envelope[part]]
    return Composed(sender, tuple(dict.fromkeys(recipients)), message.as_bytes())


def _add_thread(message: EmailMessage, in_reply_to: str, references: Sequence[str]) -> None:
    # A Message-ID that came with a mail is the sender's text: only its bare form goes into a header of ours.
    ids = [each for each in references if _is_plain_id(each)]
    if in_reply_to and _is_plain_id(in_reply_to):
        message["In-Reply-To"] = in_reply_to
    if ids:
        message["References"] = " ".join(ids)


def _is_plain_id(header_id: str) -> bool:
    return header_id.isascii() and header_id.isprintable() and " " not in header_id and len(header_id) < 250


def _add_bodies(message: EmailMessage, row: OutboundMail, files: Iterable[File]) -> None:
    message.set_content(row.text, charset="utf-8", cte=_cte(row.text))
    if row.html:
        message.add_alternative(row.html, subtype="html", charset="utf-8", cte="quoted-printable")
        _fix_boundary(message, row, "alternative")
    attached = list(files)
    for file in attached:
        maintype, _, subtype = _type_of(file.name).partition("/")
        message.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=file.name, cte="base64")
    if attached:
        _fix_boundary(message, row, "mixed")


def _cte(text: str) -> str:
    return "7bit" if text.isascii() and all(len(line) < 900 for line in text.splitlines()) else "quoted-printable"


def _fix_boundary(message: EmailMessage, row: OutboundMail, part: str) -> None:
    message.set_boundary(f"=_{part}_{row.pk.hex}")


def _type_of(name: str) -> str:
    """Return the type of a file by its name; a mail as a file stays opaque, so that its bytes arrive as they are."""
    guessed, encoding = mimetypes.guess_type(name)
    if guessed is None or encoding is not None or guessed.startswith(("message/", "multipart/")):
        return _OPAQUE
    return guessed


def _address(name: str, address: str) -> Address:
    return Address(display_name=_one_line(name), addr_spec=address)


def _addresses(pairs: Sequence[Sequence[str]]) -> tuple[Address, ...]:
    return tuple(_address(name, address) for name, address in pairs)


def _one_line(text: str) -> str:
    return " ".join("".join(letter for letter in text if letter.isprintable()).split())


def _date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))
