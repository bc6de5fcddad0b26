"""Let acknowledgements go on after the breaker opened, and show somebody what an inbox says."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit.actions import Action
from audit.record import record
from inbox.inboxes.models import Inbox
from inbox.mail.errors import NoSender
from inbox.mail.models import Acknowledgement
from inbox.mail.send.limits import lock_breaker
from inbox.mail.send.outbox import system_mailbox
from inbox.mail.send.quote import Body, written
from inbox.mail.send.wording import worded

_EXAMPLE: Final = 1234
_EXAMPLE_MARK: Final = f"ref:r.{_EXAMPLE}"


@dataclass(frozen=True, slots=True)
class Preview:
    """An acknowledgement as it would leave, with an example for a ticket's number. `closed`: out of working hours."""

    language: str
    closed: bool
    subject: str
    body: Body


@transaction.atomic
def resume() -> bool:
    """Close the breaker: acknowledgements go out again, and what was sent before counts no more.

    Needs MANAGE_ROLES. False when it was closed.
    """
    breaker = lock_breaker()
    if breaker.stopped_at is None:
        return False
    breaker.stopped_at = None
    breaker.counted_from = timezone.now()
    breaker.save(update_fields=["stopped_at", "counted_from"])
    record(Action.ACKS_RESUMED, on=breaker.as_subject())
    return True


def previews(inbox: Inbox) -> Iterator[Preview]:
    """Yield what the inbox says, language by language, in working hours and out of them where that is another text."""
    for row in inbox.acknowledgements.all():
        yield _preview(inbox, row, row.text, closed=False)
        if row.closed_text.strip():
            yield _preview(inbox, row, row.closed_text, closed=True)


@transaction.atomic
def send_test(inbox: Inbox, *, to: User) -> int:
    """Send each preview to one of our own people as mail of the desk's own, and return how many. Needs MANAGE_INBOX.

    Raises NoSender while no mailbox sends the desk's own mail.
    """
    if system_mailbox() is None:
        raise NoSender("no mailbox is marked to send the desk's own mail")
    return sum(_send(preview, to=to) for preview in previews(inbox))


def _send(preview: Preview, *, to: User) -> int:
    mail = EmailMultiAlternatives(preview.subject, preview.body.text, to=[to.email])
    mail.attach_alternative(preview.body.html, "text/html")
    return mail.send()


def _preview(inbox: Inbox, row: Acknowledgement, text: str, *, closed: bool) -> Preview:
    wording = worded(row.subject, text, number=_EXAMPLE)
    body = written(wording.text, inbox, answers=None, mark=_EXAMPLE_MARK)
    return Preview(row.language, closed, wording.subject, body)
