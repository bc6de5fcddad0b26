"""One client of the listener: recipients that are inboxes, a mail to its end, and one answer when it is stored."""

import asyncio
import logging
from typing import Final
from uuid import UUID

from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import Envelope, Session
from django.db import DatabaseError

from helpdesk.crypto.errors import CryptoError
from inbox.mail.smtpd.body import LINE_END, Body, Fault
from inbox.mail.smtpd.guest import Guest, House
from inbox.mail.smtpd.taking import HandedIn, inbox_at, take

logger = logging.getLogger(__name__)

BODY_S: Final = 600.0
STORE_S: Final = 300.0
_RECIPIENTS: Final = 100
_STRANGERS: Final = 10
"""So many addresses that are none of ours may be named over one SMTP connection."""
_ANSWER_S: Final = 0.05
"""Each recipient is answered after the same time, whatever had to be looked up."""

NOT_HERE: Final = "550 5.7.1 Not taken here"
LATER: Final = "451 4.3.0 Try again later"
_ANSWERS: Final = {
    Fault.TOO_LARGE: "552 5.3.4 The mail is too large",
    Fault.BARE_LINE_END: "550 5.6.0 A line ends in CRLF and in nothing else",
    Fault.NO_ROOM: LATER,
}


class Client(Guest):
    """A client over SMTP. It may hand mail in for our inboxes, and nothing else."""

    def __init__(self, house: House) -> None:
        self._named: list[tuple[str, UUID]] = []
        self._strangers = 0
        super().__init__(house, Answers())

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call] # the library's own
        self._named = []

    async def name(self, address: str) -> str:
        """Take a recipient and return the answer, after the same time for everybody."""
        if len(self._named) >= _RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        at = self.loop.time() + _ANSWER_S
        try:
            inbox_id = await self._house.hands.do(inbox_at, address)
        except DatabaseError:
            return LATER
        await asyncio.sleep(at - self.loop.time())
        if inbox_id is None:
            return await self._stranger()
        self._named.append((address, inbox_id))
        return "250 2.1.5 OK"

    async def _stranger(self) -> str:
        self._strangers += 1
        if self._strangers > _STRANGERS and self.speaks == "ESMTP":
            await self.push("421 4.7.0 Too many wrong recipients")
            self._timeout_cb()
        return NOT_HERE

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - the library's name
        """Read the mail to its end and store it; only then it is ours."""
        if await self.check_helo_needed():
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        if not self._named:
            await self.push("503 5.5.1 Need RCPT first")
            return
        await self.push("354 End with <CRLF>.<CRLF>")
        await self._answer(await self._take_body())
        self._set_post_data_state()

    async def _answer(self, words: str) -> None:
        await self.push(words)

    async def _take_body(self) -> str:
        """Return the answer to the mail."""
        self._reset_timeout(BODY_S)
        body = Body(self._house.limit_bytes)
        held = 0
        try:
            while not body.take(await self._piece()):
                grown = (0 if body.fault else body.size_bytes) - held
                held += grown
                if not self._house.room.hold(grown) and not body.fault:
                    body.refuse(Fault.NO_ROOM)
            self._reset_timeout(STORE_S)
            return _ANSWERS[body.fault] if body.fault else await self._store(body)
        finally:
            self._house.room.let_go(held)
            self._reset_timeout()

    async def _piece(self) -> bytes:
        """Return the next line, or a part of one that is longer than the reader's limit."""
        try:
            return await self._reader.readuntil(LINE_END)
        except asyncio.LimitOverrunError as error:
            return await self._reader.read(error.consumed)

    async def _store(self, body: Body) -> str:
        try:
            await self._house.hands.do(take, self._mail(body))
        except (DatabaseError, CryptoError, OSError) as error:
            logger.warning("mail could not be stored, its client keeps it", extra={"kind": type(error).__name__})
            return LATER
        return "250 2.0.0 OK"

    def _mail(self, body: Body) -> HandedIn:
        sender = (self.envelope.mail_from if self.envelope else "") or ""
        return HandedIn(
            "" if sender == "<>" else sender,
            tuple(self._named),
            body.chunks(),
            client=self._address,
            hello=(self.session.host_name if self.session else "") or "",
            protocol=f"{self.speaks}{'S' if self._tls_protocol else ''}",
            here=self._house.here,
        )


class LmtpClient(Client, LMTP):
    """A server that hands over mail for good: it gets an answer for each recipient (RFC 2033 4.2)."""

    speaks = "LMTP"

    async def _answer(self, words: str) -> None:
        for _address, _inbox_id in self._named:
            await self.push(words)


class Answers:
    """aiosmtpd's hooks."""

    async def handle_EHLO(  # noqa: N802 - the library's name and signature
        self, _server: Client, session: Session, _envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what there is."""
        session.host_name = hostname
        kept = [line for line in responses[:-1] if not line.startswith("250-AUTH")]
        return [*kept, "250-PIPELINING", "250 ENHANCEDSTATUSCODES"]

    async def handle_RCPT(  # noqa: N802 - the library's name
        self, server: Client, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        """Take a recipient, or not."""
        answer = await server.name(address)
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_exception(self, error: Exception) -> str:
        """Answer a fault of ours like any other that passes: nothing of it is told."""
        logger.error("listener failed", exc_info=error)
        return LATER
