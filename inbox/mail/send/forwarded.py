"""What a forward holds: the words above, the head of the mail below them, and that mail as it can be shown."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from html import unescape
from typing import Final
from urllib.parse import unquote

from django.utils import formats, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.html import SANITISER_VERSION
from inbox.inboxes.models import Inbox
from inbox.mail import tokens
from inbox.mail.send.quote import Body, joined, marked, paragraphs, signature
from inbox.tickets.models import Message, Participant
from inbox.tickets.states import Part

_TEXT_CHARS: Final = 1_000_000
# The sanitiser writes its tags in one form only: quoted attributes, one blank before each.
_IMAGE: Final = re.compile(r'<img(?: [a-z-]+="[^"]*")*>')
_CID: Final = re.compile(r' src="cid:([^"]*)"')
_SOURCES: Final = re.compile(r' (?:data-)?src="[^"]*"')
_FOLD: Final = re.compile(r' data-quoted="[^"]*"')
_OPENING: Final = re.compile(r'<[a-z][a-z0-9]*(?: [a-z-]+="[^"]*")+>')


def forwarded(words: str, inbox: Inbox, message: Message, *, mark: str, pictures: Mapping[str, str]) -> Body:
    """Return the body of a forward of `message`.

    `pictures` gives the Content-ID of our copy for that which the mail came with. The reply tokens that stand in the
    mail are left out: they are the customer's. The HTML is what the sanitiser left, without remote pictures.
    """
    with purpose(Purpose.SYSTEM):
        head = list(_head(message, inbox))
        text = tokens.without_tokens(str(message.text)[:_TEXT_CHARS].strip("\n"))
        html = str(message.html or "") if has_usable_html(message) else ""
    with translation.override(inbox.language):
        line = f"---------- {gettext('Forwarded message')} ----------"
    lines = "\n".join([line, *(f"{name}: {value}" for name, value in head)])
    blocks = (words.strip(), signature(inbox), lines, text, f"[{mark}]")
    shown = _html(html, pictures) if html else paragraphs(text)
    rows = format_html_join("", "<b>{}:</b> {}<br>", head)
    above = joined([_words(words), _words(signature(inbox)), format_html("<p>{}<br>{}</p>", line, rows)])
    text_body = "\n\n".join(block for block in blocks if block) + "\n"
    return Body(text_body, "\n".join([above, shown, marked(mark)]))


def has_usable_html(message: Message) -> bool:
    """Return whether the safe HTML of a message may be shown and sent on: there is some, of today's sanitiser."""
    return message.sanitiser_version == SANITISER_VERSION


def _words(text: str) -> str:
    return paragraphs(text.strip()) if text.strip() else ""


def _head(message: Message, inbox: Inbox) -> Iterator[tuple[str, str]]:
    """Yield the lines of the head: who wrote when to whom about what, in the inbox's language."""
    people: dict[str, list[str]] = {}
    for row in Participant.objects.filter(message=message):
        people.setdefault(row.part, []).append(tokens.without_tokens(_named(str(row.name), str(row.address))))
    subject = str(message.subject or message.ticket.subject)
    with translation.override(inbox.language):
        at = formats.date_format(message.at.astimezone(UTC), "DATETIME_FORMAT")
        yield gettext("From"), ", ".join(people.get(Part.FROM, ())) or "–"
        yield gettext("Date"), f"{at} UTC"
        yield gettext("Subject"), " ".join(subject.split())
        for part, name in ((Part.TO, gettext("To")), (Part.CC, gettext("Cc"))):
            if people.get(part):
                yield name, ", ".join(people[part])


def _named(name: str, address: str) -> str:
    return f"{name} <{address}>" if name else address


def _html(safe: str, pictures: Mapping[str, str]) -> str:
    """Return the safe HTML of a mail for another reader: its own pictures by our Content-IDs, and no others."""

    def image(found: re.Match[str]) -> str:
        named = _CID.search(found[0])
        ours = pictures.get(unquote(unescape(named[1])).lower()) if named else None
        if ours is None:
            return ""
        return _SOURCES.sub("", found[0]).replace("<img", f'<img src="cid:{ours}"', 1)

    shown = _OPENING.sub(lambda tag: _FOLD.sub("", tag[0]), _IMAGE.sub(image, safe))
    return tokens.without_tokens(shown)
