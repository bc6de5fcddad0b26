"""Delivery reports for tests, made after RFC 3464 and RFC 6522."""

from dataclasses import dataclass
from typing import Final
from uuid import uuid4

DESK: Final = "hilfe@desk.example.net"


@dataclass(frozen=True, slots=True)
class Told:
    """What a report tells of one recipient ("" : it names none)."""

    recipient: str
    action: str = "failed"
    status: str = "5.1.1"
    words: str = ""
    wrote_to: str = ""


def make_report(
    cites: str, *told: Told, to: str = DESK, loop: str = "", envelope_id: str = "", subject: str = "Undelivered"
) -> bytes:
    """Return a new report of a mail server on the mail with the Message-ID `cites`."""
    back = [
        f"From: Support <{DESK}>",
        f"X-Postern-Loop: {loop}" if loop else "",
        f"Message-ID: {cites}" if cites else "",
    ]
    lines = [
        "Return-Path: <>",
        "From: Mail Delivery System <mailer-daemon@mx.example.org>",
        f"To: {to}",
        f"Subject: {subject}",
        f"Message-ID: <{uuid4().hex}@mx.example.org>",
        "MIME-Version: 1.0",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=B",
        "",
        "--B",
        "Content-Type: message/delivery-status",
        "",
        "Reporting-MTA: dns; mx.example.org",
        *([f"Original-Envelope-Id: {envelope_id}"] if envelope_id else []),
        "",
        *(line for one in told for line in _group(one)),
        "--B",
        "Content-Type: text/rfc822-headers",
        "",
        *filter(None, back),
        "",
        "--B--",
        "",
    ]
    return "\r\n".join(lines).encode()


def _group(told: Told) -> list[str]:
    return [
        f"Final-Recipient: rfc822; {told.recipient}",
        *([f"Original-Recipient: rfc822; {told.wrote_to}"] if told.wrote_to else []),
        f"Action: {told.action}",
        *([f"Status: {told.status}"] if told.status else []),
        *([f"Diagnostic-Code: smtp; {told.words}"] if told.words else []),
        "",
    ]
