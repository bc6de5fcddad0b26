"""Alarms by system mail: to each person in their own language, through the outbox like any mail of the desk's own."""

from collections.abc import Iterable

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.functional import Promise

from accounts.models import User
from inbox.mail.send.system import OutboxBackend, working_sender


def alarm(subject: Promise, text: Promise, *, to: Iterable[User]) -> int:
    """Write the mail to each of these people and return how many. It leaves after the caller's transaction.

    It goes by the desk's own sender, or by any other mailbox when that one fails: it may be what the alarm is about.
    """
    backend = OutboxBackend(by=working_sender(), diverts=True)
    written = 0
    for person in to:
        with translation.override(person.language):
            written += EmailMessage(str(subject), str(text), to=[person.email], connection=backend).send()
    return written
