"""The desk's own mail: Django's e-mail backend that writes into the outbox."""

import logging
from collections.abc import Sequence
from datetime import datetime
from email.utils import parseaddr
from typing import Any
from uuid import UUID, uuid4

from django.core.mail.backends.base import BaseEmailBackend
from django.core.mail.message import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.blind import blind
from helpdesk.crypto.keyring import DESK, ensure_key
from inbox.mail.models import Mailbox, OutboundMail
from inbox.mail.send.outbox import new_header_id, system_address, system_mailbox
from inbox.mail.states import OutKind, OutState

logger = logging.getLogger(__name__)

_NAME = "Postern"


class OutboxBackend(BaseEmailBackend):
    """Takes mail of Django and its apps: sealed under the desk's key, sent by the mailbox marked for it.

    While no mailbox is marked, mail waits with growing pauses, and the log says so. Its sender is always the desk's.
    `by` is another mailbox to send from, None for the marked one. What `diverts` may leave by any mailbox that works:
    an alarm. All else waits, since whoever set up the mailbox of one inbox could read it on the way.
    """

    def __init__(
        self, *, by: Mailbox | None = None, diverts: bool = False, **options: Any
    ) -> None:  # Any: Django's own, handed on
        super().__init__(**options)
        self._by = by
        self._diverts = diverts

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails into the outbox and return how many have somebody to go to. Raises FilesInSystemMail."""
        with transaction.atomic():
            return sum(_enqueue(message, by=self._by, diverts=self._diverts) for message in email_messages)


class FilesInSystemMail(TypeError):
    """A mail of the desk's own carries a file: nothing of ours sends one."""


def _enqueue(message: EmailMessage, *, by: Mailbox | None, diverts: bool) -> bool:
    if message.attachments:
        raise FilesInSystemMail("system mail carries no files")
    if not message.recipients():
        return False
    mailbox = by or system_mailbox()
    row = _row(message, mailbox, diverts=diverts)
    row.save(force_insert=True)
    if mailbox is None:
        logger.warning("no mailbox sends the desk's own mail, it waits", extra={"mail": row.pk})
    return True


def working_sender(*, besides: UUID | None = None) -> Mailbox | None:
    """Return the mailbox that the desk's own mail leaves by now: the marked one, unless it fails and another does not.

    `besides` is one that is known to fail. None: no mailbox can send.
    """
    now = timezone.now()
    rows = Mailbox.objects.filter(active=True).exclude(smtp_host="").select_related("inbox")
    others = [row for row in rows if row.pk != besides]
    return min(others, key=lambda row: (_fails(row, now), not row.sends_system_mail, row.pk), default=None)


def divert() -> int:
    """Let alarms that the desk's own sender could not hand in leave by another mailbox; return how many."""
    waiting = OutboundMail.objects.filter(kind=OutKind.SYSTEM, state=OutState.DEFERRED, mailbox__isnull=False)
    with transaction.atomic():
        rows = list(waiting.select_for_update(skip_locked=True, of=("self",)))
        return sum(_divert(row) for row in rows if _may_divert(row))


def _may_divert(row: OutboundMail) -> bool:
    with purpose(Purpose.SYSTEM):
        return bool(row.envelope.get("diverts"))


def _divert(row: OutboundMail) -> bool:
    other = working_sender(besides=row.mailbox_id)
    if other is None or _fails(other, timezone.now()):
        return False
    with purpose(Purpose.SYSTEM):
        name, _ = row.envelope["from"]
        row.envelope = {**row.envelope, "from": [name, system_address(other)]}
    row.mailbox = other
    row.send_after = timezone.now()
    row.save(update_fields=["mailbox", "envelope", "send_after"])
    return True


def _fails(mailbox: Mailbox, now: datetime) -> bool:
    paused = mailbox.smtp_paused_until
    return mailbox.failures > 0 or (paused is not None and paused > now)


def _row(message: EmailMessage, mailbox: Mailbox | None, *, diverts: bool) -> OutboundMail:
    sender = system_address(mailbox)
    header_id = new_header_id(sender)
    return OutboundMail(
        id=new_id(),
        kind=OutKind.SYSTEM,
        once=uuid4(),
        mailbox=mailbox,
        data_key=ensure_key(DESK),
        header_id=header_id,
        header_blind=blind("header_id", header_id),
        envelope={
            "from": [_NAME, sender],
            "reply_to": "",
            "to": _pairs(message.to),
            "cc": _pairs(message.cc),
            "bcc": _pairs(message.bcc),
            "in_reply_to": "",
            "references": [],
            "diverts": diverts,
        },
        subject=str(message.subject),
        text=str(message.body),
        html=_html(message),
        send_after=timezone.now(),
    )


def _pairs(addresses: Sequence[str]) -> list[list[str]]:
    return [list(parseaddr(str(address))) for address in addresses]


def _html(message: EmailMessage) -> str:
    if not isinstance(message, EmailMultiAlternatives):
        return ""
    return next((str(each[0]) for each in message.alternatives if each[1] == "text/html"), "")
