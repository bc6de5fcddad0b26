"""Alarms by system mail: to each person in their own language, through the outbox like any mail of the desk's own."""

from collections.abc import Iterable

from django.core.mail import EmailMessage
from django.utils import translation
from django.utils.functional import Promise

from accounts.models import User


def alarm(subject: Promise, text: Promise, *, to: Iterable[User]) -> int:
    """Write the mail to each of these people and return how many. It leaves after the caller's transaction."""
    written = 0
    for person in to:
        with translation.override(person.language):
            written += EmailMessage(str(subject), str(text), to=[person.email]).send()
    return written
