"""The demo's post: every letter made into bytes, dated backwards from now, the oldest first."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Final
from zlib import crc32

from helpdesk.demo.imap_server import Arrival
from helpdesk.demo.mails import texts_en, texts_odd, texts_west, texts_world
from helpdesk.demo.mails.files import content_type, make
from helpdesk.demo.mails.letter import Letter
from helpdesk.demo.mails.raw import RAW, Raw
from helpdesk.demo.people import DOMAIN, MAILBOX_USER

LETTERS: Final = (*texts_en.LETTERS, *texts_west.LETTERS, *texts_world.LETTERS, *texts_odd.LETTERS)

_ID_HOST: Final = "mail.example.net"


def arrivals(now: datetime) -> list[Arrival]:
    """Return all mails with the time they came, spread over the last twelve days before `now` (aware)."""
    known = {letter.key: letter for letter in LETTERS}
    made = [Arrival(_letter_bytes(letter, known, now), _at(letter, now)) for letter in LETTERS]
    made += [Arrival(_raw_bytes(raw, now), _at(raw, now)) for raw in RAW]
    return sorted(made, key=lambda arrival: arrival.at)


def header_id(key: str) -> str:
    """Return the Message-ID of the mail with this key."""
    return f"<demo.{key}@{_ID_HOST}>"


def _at(mail: Letter | Raw, now: datetime) -> datetime:
    """Return when the mail came: its hours ago and some minutes, which its key decides: nobody writes on the hour."""
    some_s = crc32(mail.key.encode()) % 3000
    return now.replace(microsecond=0) - timedelta(hours=mail.hours, seconds=some_s)


def _letter_bytes(letter: Letter, known: Mapping[str, Letter], now: datetime) -> bytes:
    at = _at(letter, now).astimezone(timezone(timedelta(minutes=letter.zone)))
    message = EmailMessage(policy=SMTP)
    message["From"] = letter.who
    message["To"] = f"{letter.inbox}@{DOMAIN}"
    if letter.cc:
        message["Cc"] = ", ".join(letter.cc)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(at - timedelta(seconds=4))
    message["Message-ID"] = header_id(letter.key)
    ancestors = list(_ancestors(letter, known))
    if ancestors:
        message["In-Reply-To"] = ancestors[-1]
        message["References"] = " ".join(ancestors)
    for name, value in letter.headers:
        message[name] = value
    _fill(message, letter)
    return _trace(parseaddr(letter.who)[1], at) + message.as_bytes()


def _fill(message: EmailMessage, letter: Letter) -> None:
    message.set_content(letter.text)
    if letter.html:
        message.add_alternative(letter.html, subtype="html")
    for file in letter.files:
        main, _, sub = content_type(file).partition("/")
        message.add_attachment(make(file), maintype=main, subtype=sub, filename=file.name)


def _ancestors(letter: Letter, known: Mapping[str, Letter]) -> Iterable[str]:
    """Yield the ids of the mails that this one goes back to, the first of the conversation first."""
    if letter.answers:
        yield from _ancestors(known[letter.answers], known)
        yield header_id(letter.answers)


def _raw_bytes(raw: Raw, now: datetime) -> bytes:
    at = _at(raw, now)
    sender = "" if "mailer-daemon" in raw.text else f"{raw.key}@example.net"
    head = f"Date: {format_datetime(at)}\r\nMessage-ID: {header_id(raw.key)}\r\n".encode()
    return _trace(sender, at) + head + raw.text.replace("\n", "\r\n").encode("latin-1")


def _trace(sender: str, at: datetime) -> bytes:
    """Return what the desk's own mail server puts on top (RFC 5321 4.4)."""
    domain = sender.rpartition("@")[2] or "mx.example.net"
    return (
        f"Return-Path: <{sender}>\r\n"
        f"Delivered-To: {MAILBOX_USER}\r\n"
        f"Received: from {domain} ({domain} [192.0.2.25])\r\n"
        f"\tby mx.{DOMAIN} with ESMTPS; {format_datetime(at)}\r\n"
    ).encode()
