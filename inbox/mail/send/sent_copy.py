"""The copy of a sent mail in its mailbox's folder: once, with tries of its own, and never a reason to send again."""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from imapclient import SocketTimeout

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.events import emit
from helpdesk.core.killpoints import reached
from helpdesk.crypto.errors import CryptoError
from inbox.mail.events import SentCopyWanted
from inbox.mail.imap.keeping import KeepingSession
from inbox.mail.imap.wire import WireError
from inbox.mail.models import Mailbox, OutboundMail, SentCopy
from inbox.mail.models.sent_copy import COPY_WAITING
from inbox.mail.oauth.credentials import imap_credential
from inbox.mail.opening import imap_server
from inbox.mail.send.compose import compose
from inbox.mail.send.opened import opened_files
from inbox.mail.states import CopyState, KillPoint, OutKind

logger = logging.getLogger(__name__)

WAITS: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 1440))
"""Between tries of a copy; after the last one a person is told at the mailbox."""
CLAIM: Final = timedelta(minutes=10)
_AT_ONCE: Final = 200
_CANNOT_BE_OPENED: Final = "The desk cannot open the mail any more."


def want_copy(row: OutboundMail) -> None:
    """Let a copy of a mail that somebody has now be kept, where its mailbox wants that.

    A second call for the same mail changes nothing. The desk's own mail is not kept. Runs in the caller's transaction.
    """
    mailbox = row.mailbox
    if mailbox is None or row.kind == OutKind.SYSTEM or not _keeps_copies(mailbox):
        return
    copy, made = SentCopy.objects.get_or_create(
        outbound=row, defaults={"mailbox": mailbox, "folder": mailbox.sent_folder}
    )
    if made:
        emit(SentCopyWanted(copy.pk))


def due_copies() -> list[UUID]:
    """Return the copies whose moment has come: one indexed query, short when nothing is due."""
    rows = SentCopy.objects.filter(COPY_WAITING, try_after__lte=timezone.now(), mailbox__active=True)
    return list(rows.order_by("try_after").values_list("pk", flat=True)[:_AT_ONCE])


def save_copy(copy_id: UUID) -> CopyState | None:
    """Try one copy and return where it stands, None when it was not due or somebody else has it. May run twice.

    What lies in the folder under the mail's Message-ID is that copy, whoever put it there: then nothing is added.
    """
    copy = _claim(copy_id)
    if copy is None:
        return None
    try:
        _keep(copy)
    except WireError as error:
        return _settle(copy, error.words)
    except CryptoError:
        return _settle(copy, _CANNOT_BE_OPENED, again=False)
    reached(KillPoint.COPY_KEPT)
    return _settle(copy, "")


def release_stale_copies() -> int:
    """Free the copies whose worker died, and return how many: the next try looks whether it was there already."""
    stale = SentCopy.objects.filter(state=CopyState.SAVING, claimed_at__lt=timezone.now() - CLAIM)
    return stale.update(state=CopyState.WAITING, claimed_at=None)


def retry_copies(mailbox: Mailbox) -> int:
    """Let the copies of a mailbox that were given up be tried again, and return how many. Needs MANAGE_MAILBOX."""
    failed = SentCopy.objects.filter(mailbox=mailbox, state=CopyState.FAILED)
    return failed.update(state=CopyState.WAITING, attempts=0, try_after=timezone.now())


def _keeps_copies(mailbox: Mailbox) -> bool:
    """Return whether there is a folder for copies; one that is read would bring each of them in as new mail."""
    is_read = mailbox.sent_folder.casefold() == mailbox.folder.casefold()
    return bool(mailbox.imap_host and mailbox.sent_folder) and not is_read


@transaction.atomic
def _claim(copy_id: UUID) -> SentCopy | None:
    now = timezone.now()
    rows = SentCopy.objects.select_for_update(skip_locked=True, of=("self",))
    rows = rows.select_related("outbound__message", "mailbox")
    copy = rows.filter(COPY_WAITING, pk=copy_id, try_after__lte=now).first()
    if copy is None:
        return None
    copy.state, copy.claimed_at = CopyState.SAVING, now
    copy.attempts += 1
    copy.save(update_fields=["state", "claimed_at", "attempts"])
    transaction.on_commit(lambda: reached(KillPoint.COPY_CLAIMED))
    return copy


def _keep(copy: SentCopy) -> None:
    outbound, mailbox = copy.outbound, copy.mailbox
    with purpose(Purpose.SYSTEM):
        mime = compose(outbound, opened_files(outbound)).mime
        header_id = outbound.header_id
    known = imap_credential(mailbox)
    timeout = SocketTimeout(connect=settings.MAIL_IMAP_CONNECT_S, read=settings.MAIL_IMAP_READ_S)
    session = KeepingSession(
        imap_server(mailbox), user=known.user, password=known.password, bearer=known.bearer, timeout=timeout
    )
    with session:
        session.keep(copy.folder, header_id=header_id, mime=mime, at=outbound.sent_at or timezone.now())


@transaction.atomic
def _settle(copy: SentCopy, words: str, *, again: bool = True) -> CopyState:
    tried = copy.attempts
    copy = SentCopy.objects.select_for_update().get(pk=copy.pk)
    if copy.state != CopyState.SAVING or copy.attempts != tried:
        return CopyState(copy.state)
    copy.claimed_at = None
    copy.server_words = words or None
    if not words:
        copy.state, copy.saved_at = CopyState.SAVED, timezone.now()
    elif again and copy.attempts <= len(WAITS):
        copy.state, copy.try_after = CopyState.WAITING, timezone.now() + WAITS[copy.attempts - 1]
    else:
        copy.state = CopyState.FAILED
        logger.warning("copy of a sent mail could not be kept", extra={"copy": copy.pk})
    copy.save(update_fields=["state", "claimed_at", "server_words", "try_after", "saved_at"])
    transaction.on_commit(lambda: reached(KillPoint.COPY_SETTLED))
    return CopyState(copy.state)
