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

from inbox.mail import tokens
from inbox.mail.mime.pictures import picture_type
from inbox.mail.models import OutboundMail
from inbox.mail.send.smtp import ascii_domain
from inbox.mail.states import OutKind

LOOP_HEADER: Final = "X-Postern-Loop"
_POLICY: Final = policy.SMTP.clone(cte_type="7bit", max_line_length=78)
_POLICY_UTF8: Final = _POLICY.clone(utf8=True)
_OPAQUE: Final = "application/octet-stream"
_MACHINE: Final = {
    OutKind.SYSTEM: "auto-generated",
    OutKind.ACKNOWLEDGEMENT: "auto-replied",
}
"""What nobody wrote by hand says so (RFC 3834 5)."""


@dataclass(frozen=True, slots=True)
class File:
    """A file to send, opened. With a `content_id` (bare) it is a picture of the text, where the HTML names it."""

    name: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Composed:
    """A mail as SMTP takes it. `sender` is the envelope's, "" for the null sender.

    `recipients` are those who have not got it yet.
    """

    sender: str
    recipients: tuple[str, ...]
    mime: bytes


def compose(row: OutboundMail, files: Iterable[File] = ()) -> Composed:
    """Return the mail of an outbox row. The caller names the purpose: sealed columns are opened.

    Nothing of our own people stands in it: From is the inbox's name and address.
    """
    envelope = row.envelope
    pairs = [pair for part in ("to", "cc", "bcc") for pair in envelope[part]]
    utf8 = not all(_local(pair[1]).isascii() for pair in pairs)
    message = EmailMessage(policy=_POLICY_UTF8 if utf8 else _POLICY)
    name, sender = envelope["from"]
    message["From"] = _address(name, sender)
    message["To"] = _addresses(envelope["to"])
    if envelope["cc"]:
        message["Cc"] = _addresses(envelope["cc"])
    if envelope["reply_to"]:
        message["Reply-To"] = _address(name, envelope["reply_to"])
    message["Subject"] = _one_line(row.subject)
    message["Date"] = _date(row.created_at)
    _add_bodies(message, row, files)
    recipients = row.outstanding["to"] if row.outstanding else [pair[1] for pair in pairs]
    return Composed(
        _envelope_sender(row, sender), tuple(dict.fromkeys(recipients)), _ids(row, envelope) + message.as_bytes()
    )


def _envelope_sender(row: OutboundMail, address: str) -> str:
    """Return where bounces go: to an address of this mail alone where the inbox takes plus addresses."""
    if row.kind == OutKind.ACKNOWLEDGEMENT:
        return ""  # the null sender: no bounce of an acknowledgement ever comes back (RFC 3834 3.3)
    return tokens.bounce_address(address, row.pk) if row.envelope["reply_to"] else address


def _ids(row: OutboundMail, envelope: dict[str, object]) -> bytes:
    """Return the headers that hold ids, one a line: the library would encode or break a long one."""
    lines = [f"Message-ID: {row.header_id}", f"{LOOP_HEADER}: {tokens.loop_mark(row.pk)}"]
    if row.kind in _MACHINE:
        lines += [f"Auto-Submitted: {_MACHINE[OutKind(row.kind)]}", "X-Auto-Response-Suppress: All"]
    # A Message-ID that came with a mail is the sender's text: only its bare form goes into a header of ours.
    in_reply_to = str(envelope["in_reply_to"])
    if _is_plain_id(in_reply_to):
        lines.append(f"In-Reply-To: {in_reply_to}")
    references = envelope["references"]
    ids = [each for each in references if _is_plain_id(each)] if isinstance(references, list) else []
    if ids:
        lines.append("References: " + "\r\n ".join(ids))
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")


def _is_plain_id(header_id: str) -> bool:
    plain = header_id.isascii() and header_id.isprintable() and " " not in header_id
    return plain and 2 < len(header_id) < 250


def _add_bodies(message: EmailMessage, row: OutboundMail, files: Iterable[File]) -> None:
    every = list(files)
    shown = [file for file in every if _stands_in_text(file, row.html)]
    message.set_content(row.text, charset="utf-8", cte=_cte(row.text))
    if row.html:
        message.add_alternative(row.html, subtype="html", charset="utf-8", cte="quoted-printable")
        _add_pictures(message, row, shown)
        _fix_boundary(message, row, "alternative")
    attached = [file for file in every if file not in shown]
    for file in attached:
        maintype, _, subtype = _type_of(file.name).partition("/")
        message.add_attachment(file.data, maintype=maintype, subtype=subtype, filename=file.name, cte="base64")
    if attached:
        _fix_boundary(message, row, "mixed")


def _stands_in_text(file: File, html: str) -> bool:
    return bool(file.content_id and picture_type(file.data) and f'src="cid:{file.content_id}"' in html)


def _add_pictures(message: EmailMessage, row: OutboundMail, pictures: Sequence[File]) -> None:
    """Put the pictures beside the HTML that names them, each by its Content-ID (RFC 2387, RFC 2392)."""
    html = message.get_payload(1)
    if not pictures or not isinstance(html, EmailMessage):
        return
    for file in pictures:
        maintype, _, subtype = picture_type(file.data).partition("/")
        html.add_related(
            file.data,
            maintype=maintype,
            subtype=subtype,
            cte="base64",
            cid=f"<{file.content_id}>",
            filename=file.name,
            disposition="inline",
        )
    html.set_boundary(f"=_related_{row.pk.hex}")


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
    """Return the address for a header, its domain in the DNS's own letters (RFC 5890)."""
    local, at, domain = address.rpartition("@")
    if not local.isascii():
        # The library reads no other letters before the @ (RFC 6531), but writes them.
        return Address(display_name=_one_line(name), username=local, domain=ascii_domain(domain))
    return Address(display_name=_one_line(name), addr_spec=local + at + ascii_domain(domain))


def _addresses(pairs: Sequence[Sequence[str]]) -> tuple[Address, ...]:
    return tuple(_address(name, address) for name, address in pairs)


def _local(address: str) -> str:
    return address.rpartition("@")[0]


def _one_line(text: str) -> str:
    """Return a text of outsiders for a header: one line, and nothing that is read as an encoded word (RFC 2047)."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)
    return " ".join(plain.replace("=?", "= ?").split())


def _date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC))
