"""The words of an acknowledgement: in a language that the sender reads, and for the hour in which it is written."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.conf.locale import LANG_INFO

from inbox.inboxes.models import Inbox
from inbox.inboxes.services.hours import hours_of
from inbox.mail.models import Acknowledgement

_NUMBER: Final = "{number}"


@dataclass(frozen=True, slots=True)
class Wording:
    """What an acknowledgement says. Nothing of it comes from the mail that it answers."""

    subject: str
    text: str


def wording_for(inbox: Inbox, *, languages: Sequence[str], at: datetime) -> Acknowledgement | None:
    """Return the inbox's text for a sender who reads `languages` (tags in lower case, the most wanted first).

    Without one of these it is that in the inbox's own language, else the first; None when no text is written. Out of
    working hours at the moment `at` its `text` is that for such hours, where there is one.
    """
    texts = {row.language.lower(): row for row in inbox.acknowledgements.all()}
    wanted = (tag for language in (*languages, inbox.language.lower()) for tag in _readable(language))
    found = next((texts[tag] for tag in wanted if tag in texts), next(iter(texts.values()), None))
    if found is not None and found.closed_text.strip() and not hours_of(inbox).is_open(at):
        found.text = found.closed_text
    return found


def worded(subject: str, text: str, *, number: int) -> Wording:
    """Return a subject and a text with the ticket's number in place; the subject always names it."""
    named = subject if _NUMBER in subject else f"{subject} [#{_NUMBER}]"
    return Wording(_filled(named, number), _filled(text, number))


def _filled(text: str, number: int) -> str:
    return text.replace(_NUMBER, str(number))


def _readable(language: str) -> Iterator[str]:
    """Yield the tags that a reader of `language` reads: itself, the script that Django names for it, its first part."""
    yield language
    yield from LANG_INFO.get(language, {}).get("fallback", ())
    yield language.partition("-")[0]
