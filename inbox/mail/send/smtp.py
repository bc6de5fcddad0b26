"""One mail over SMTP: verified TLS, and an outcome that says sent, deferred, refused or uncertain. Knows no rows."""

import re
import smtplib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import idna

from inbox.mail.imap.wire import Step, WireError, plain_words
from inbox.mail.send.connection import SmtpServer, leave, open_connection

_LINE_END: Final = re.compile(rb"\r\n|\r|\n")
_FIRST_DOT: Final = re.compile(rb"^\.", re.MULTILINE)
_ADDRESS: Final = re.compile(r"[^\s<>\x00-\x20\x7f]+@[^\s<>@\x00-\x20\x7f]+")


class OutcomeKind(StrEnum):
    """How a try ended. Only UNCERTAIN leaves open whether the server has the mail."""

    SENT = "sent"
    DEFERRED = "deferred"
    REFUSED = "refused"
    UNCERTAIN = "uncertain"


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A recipient that the server would not take: `again` when it may later (4xx), else for good (5xx)."""

    recipient: str
    code: int
    words: str
    again: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one try ended, for which recipients, in the server's own words (short, printable, without the password).

    SENT: the server has the mail for `accepted`; those in `turned_away` did not get it. DEFERRED: nobody got it, try
    again later; `step` tells how far it came. REFUSED: nobody got it and nobody will. UNCERTAIN: the connection died
    after the last byte and before the answer (RFC 5321 4.2.5).
    """

    kind: OutcomeKind
    words: str = ""
    code: int = 0
    step: Step = Step.SEND
    accepted: tuple[str, ...] = ()
    turned_away: tuple[TurnedAway, ...] = ()
    about_recipient: bool = False
    """The server spoke of a recipient, and not of the mail or of us."""

    @property
    def again(self) -> bool:
        """Whether the same try may be repeated by itself without a mail arriving twice."""
        return self.kind is OutcomeKind.DEFERRED


@dataclass(frozen=True, slots=True)
class Letter:
    """One mail for SMTP. `sender` is the envelope's, "" for the null sender.

    `mime` goes out as it is but for its line ends, which become CRLF. `envelope_id` comes back in a delivery report
    where the server offers that (RFC 3461 4.4): letters, digits and dots, "" for none.
    """

    sender: str
    recipients: Sequence[str]
    mime: bytes
    envelope_id: str = ""


def deliver(server: SmtpServer, letter: Letter, *, timeout_s: float) -> Outcome:
    """Hand one mail in over a connection of its own and return how it ended; never raises for what a server does.

    `timeout_s` bounds each wait for the server, the one after the final dot too.
    """
    try:
        client = open_connection(server, timeout_s=timeout_s)
    except WireError as error:
        return Outcome(OutcomeKind.DEFERRED, error.words, step=error.step)
    try:
        return hand_in(client, letter, secrets=server.secrets)
    finally:
        leave(client)


def hand_in(client: smtplib.SMTP, letter: Letter, *, secrets: Sequence[str]) -> Outcome:
    """Hand one mail in over an open connection. Never raises for what a server does."""
    if letter.sender and not _ADDRESS.fullmatch(letter.sender):
        return Outcome(OutcomeKind.REFUSED, "The sender is no address.")
    return _Delivery(client, letter, secrets).run()


class _Delivery:
    """One mail transaction on an open connection."""

    def __init__(self, client: smtplib.SMTP, letter: Letter, secrets: Sequence[str]) -> None:
        self._client = client
        self._letter = letter
        self._body = _LINE_END.sub(b"\r\n", letter.mime)
        self._secrets = secrets
        self._accepted: list[str] = []
        self._turned_away: list[TurnedAway] = []

    def run(self) -> Outcome:
        """Go through MAIL, RCPT and DATA. Until the last byte is out, a lost connection means deferred."""
        unfit = self._unfit()
        if unfit:
            return Outcome(OutcomeKind.REFUSED, unfit)
        fit = [recipient for recipient in self._letter.recipients if self._is_fit(recipient)]
        if not fit:
            return self._nobody()
        try:
            refusal = self._envelope(fit) or self._content()
        except (smtplib.SMTPException, OSError) as error:
            return self._end(OutcomeKind.DEFERRED, 0, error)
        return refusal or self._verdict()

    def _unfit(self) -> str:
        """Return why this server cannot take this mail at all, or an empty text: asked before a byte of it leaves."""
        takes_utf8 = self._client.has_extn("smtputf8")
        if not _ascii_domain(self._letter.sender).isascii() and not takes_utf8:
            return "The server takes no sender outside ASCII."
        if not _head_of(self._body).isascii() and not takes_utf8:
            return "The server takes no addresses outside ASCII."
        if not self._body.isascii() and not self._client.has_extn("8bitmime"):
            return "The server takes no 8-bit mail."
        limit = self._client.esmtp_features.get("size", "")
        if limit.isdigit() and 0 < int(limit) < len(self._body):
            return f"The mail has {len(self._body)} bytes, the server takes {limit}."
        return ""

    def _is_fit(self, recipient: str) -> bool:
        """Tell whether the recipient can be named to this server; who cannot be is turned away."""
        unfit = ""
        if not _ADDRESS.fullmatch(recipient):
            unfit = "This is no address."
        elif not _ascii_domain(recipient).isascii() and not self._client.has_extn("smtputf8"):
            unfit = "The server takes no recipient outside ASCII."
        if unfit:
            self._turned_away.append(TurnedAway(recipient, 0, unfit, again=False))
        return not unfit

    def _envelope(self, recipients: Sequence[str]) -> Outcome | None:
        """Name sender and recipients. Returns an outcome when nobody is left to send to."""
        named = (self._letter.sender, *recipients)
        utf8 = not all(_ascii_domain(address).isascii() for address in named)
        self._client.command_encoding = "utf-8" if utf8 else "ascii"
        options = _options(self._client, self._body, utf8=utf8) + self._report_options()
        code, said = self._client.docmd(f"MAIL FROM:<{_ascii_domain(self._letter.sender)}>{options}")
        if code != 250:
            return self._answer(code, said)
        for recipient in recipients:
            code, said = self._client.docmd(f"RCPT TO:<{_ascii_domain(recipient)}>{self._notify_option()}")
            if code == 421:
                return self._answer(code, said)
            self._note(recipient, code, said)
        return None if self._accepted else self._nobody()

    def _report_options(self) -> str:
        """Return what a delivery report shall hold: the head of the mail, and the id that it came with (RFC 3461)."""
        if not self._client.has_extn("dsn") or not self._letter.sender:
            return ""
        return " RET=HDRS" + (f" ENVID={self._letter.envelope_id}" if self._letter.envelope_id else "")

    def _notify_option(self) -> str:
        """Return when a report is wanted: on failure and delay, and never about a mail without a sender."""
        if not self._client.has_extn("dsn"):
            return ""
        return " NOTIFY=FAILURE,DELAY" if self._letter.sender else " NOTIFY=NEVER"

    def _note(self, recipient: str, code: int, said: bytes) -> None:
        if code in (250, 251):
            self._accepted.append(recipient)
        else:
            self._turned_away.append(TurnedAway(recipient, code, self._words(said), again=code < 500))

    def _nobody(self) -> Outcome:
        """Return the outcome when every recipient was turned away: deferred if one of them may be taken later."""
        later = next((one for one in self._turned_away if one.again), None)
        told = later or next(iter(self._turned_away), None)
        kind = OutcomeKind.DEFERRED if later else OutcomeKind.REFUSED
        outcome = self._end(kind, told.code if told else 0, told.words if told else "The mail has no recipient.")
        return replace(outcome, about_recipient=True)

    def _content(self) -> Outcome | None:
        """Send the mail up to, not with, the final dot. Returns an outcome when the server does not want it."""
        code, said = self._client.docmd("DATA")
        if code != 354:
            return self._answer(code, said)
        self._client.send(_FIRST_DOT.sub(b"..", self._body))
        if not self._body.endswith(b"\r\n"):
            self._client.send(b"\r\n")
        return None

    def _verdict(self) -> Outcome:
        """Send the final dot and wait: from here on silence leaves it open whether the server has the mail."""
        try:
            self._client.send(b".\r\n")
            code, said = self._client.getreply()
        except (smtplib.SMTPException, OSError) as error:
            return self._end(OutcomeKind.UNCERTAIN, 0, error)
        if 400 <= code < 600:
            return self._answer(code, said)
        return self._end(OutcomeKind.SENT if 200 <= code < 300 else OutcomeKind.UNCERTAIN, code, said)

    def _answer(self, code: int, said: bytes) -> Outcome:
        return self._end(OutcomeKind.REFUSED if 500 <= code < 600 else OutcomeKind.DEFERRED, code, said)

    def _end(self, kind: OutcomeKind, code: int, said: object) -> Outcome:
        reached = kind in (OutcomeKind.SENT, OutcomeKind.UNCERTAIN)
        accepted = tuple(self._accepted) if reached else ()
        return Outcome(kind, self._words(said), code, accepted=accepted, turned_away=tuple(self._turned_away))

    def _words(self, said: object) -> str:
        return plain_words(said, secrets=self._secrets)


def _options(client: smtplib.SMTP, body: bytes, *, utf8: bool) -> str:
    """Return the parameters of MAIL FROM that this server offers and this mail needs."""
    offered = [f" SIZE={len(body)}"] if client.has_extn("size") else []
    if not body.isascii():
        offered.append(" BODY=8BITMIME")
    if utf8 or not _head_of(body).isascii():
        offered.append(" SMTPUTF8")
    return "".join(offered)


def _head_of(body: bytes) -> bytes:
    return body.partition(b"\r\n\r\n")[0]


def ascii_domain(domain: str) -> str:
    """Return `domain` in the DNS's own letters (RFC 5890); as it is where that cannot be.

    After IDNA 2008: the codec of the standard library would make another domain of one with ß or a final sigma.
    """
    try:
        return domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    except UnicodeError:
        return domain


def _ascii_domain(address: str) -> str:
    local, at, domain = address.rpartition("@")
    return local + at + ascii_domain(domain)
