"""When a server asks for patience: the whole mailbox sends more slowly, and not one mail alone."""

import re
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from inbox.mail.models import Mailbox
from inbox.mail.send.smtp import Outcome, OutcomeKind

PAUSES: Final = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600, 1800))
"""Between two tries of a mailbox whose server asked to wait; the last one repeats itself."""
_CLOSING: Final = 421
_BUSY: Final = frozenset({450, 451, 452})
_ENHANCED: Final = re.compile(r"4\.(\d{1,3})\.(\d{1,3})\b")
_GREYLIST: Final = re.compile(r"gr[ea]y-?\s?list", re.IGNORECASE)
_RATE: Final = re.compile(r"\brate\b|too (?:many|much|fast|quick)|throttl|limit|slow down|exceeded", re.IGNORECASE)
_TOO_MANY_RECIPIENTS: Final = ("5", "3")
_OF_RECIPIENT: Final = frozenset({"1", "2"})
_OF_POLICY: Final = "7"


def asks_for_patience(outcome: Outcome) -> bool:
    """Return whether the server spoke of us rather than of this mail: closing, busy, or a limit (RFC 5321, RFC 3463).

    A recipient's full mailbox and grey listing slow one mail alone.
    """
    if outcome.kind is OutcomeKind.DEFERRED and _slows(outcome.code, outcome.words, outcome.about_recipient):
        return True
    return any(one.again and _slows(one.code, one.words, about_recipient=True) for one in outcome.turned_away)


@transaction.atomic
def keep_pace(mailbox_id: UUID, outcome: Outcome) -> None:
    """Let the mailbox wait when its server asks for it, longer each time; a mail that is taken ends that."""
    patience = asks_for_patience(outcome)
    if not patience and outcome.kind is not OutcomeKind.SENT:
        return
    rows = Mailbox.objects.select_for_update().filter(pk=mailbox_id)
    mailbox = (rows if patience else rows.filter(smtp_pauses__gt=0)).first()
    if mailbox is None:
        return
    if patience:
        mailbox.smtp_paused_until = timezone.now() + PAUSES[min(mailbox.smtp_pauses, len(PAUSES) - 1)]
        mailbox.smtp_pauses = min(mailbox.smtp_pauses + 1, len(PAUSES))
        mailbox.smtp_pause_words = outcome.words
    else:
        mailbox.smtp_paused_until, mailbox.smtp_pauses, mailbox.smtp_pause_words = None, 0, None
    mailbox.save(update_fields=["smtp_paused_until", "smtp_pauses", "smtp_pause_words"])


def _slows(code: int, words: str, about_recipient: bool) -> bool:  # noqa: FBT001 - as the outcome says it
    if code == _CLOSING:
        return True
    if not 400 <= code < 500 or _GREYLIST.search(words):
        return False
    enhanced = _ENHANCED.match(words)
    if enhanced is None:
        return bool(_RATE.search(words)) if about_recipient else code in _BUSY
    subject, detail = enhanced[1], enhanced[2]
    if subject in _OF_RECIPIENT or (subject, detail) == _TOO_MANY_RECIPIENTS:
        return False
    return subject == _OF_POLICY or not about_recipient or bool(_RATE.search(words))
