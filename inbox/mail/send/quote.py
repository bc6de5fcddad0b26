"""The text of an outgoing mail: the words, the inbox's signature, the quoted original and the mark."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Final

from django.utils import formats, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from helpdesk.core.context import Purpose, purpose
from helpdesk.core.ready import Ready, Slot
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Message, Participant
from inbox.tickets.states import Part

_QUOTED_CHARS = 20_000
_SENDER: Final = Ready(lambda: Participant.objects.filter(message=Slot("message"), part=Part.FROM)[:1])


@dataclass(frozen=True, slots=True)
class Pictures:
    """The Content-IDs of pictures to show: below the own words, and in the quoted original."""

    own: tuple[str, ...] = ()
    quoted: tuple[str, ...] = ()


NO_PICTURES = Pictures()


@dataclass(frozen=True, slots=True)
class Body:
    """What stands in a mail: as text, and the same as HTML."""

    text: str
    html: str


@dataclass(frozen=True, slots=True)
class _Quote:
    """The message being answered, as it is quoted: who wrote when, and its lines."""

    attribution: str
    lines: tuple[str, ...]


def written(words: str, inbox: Inbox, *, answers: Message | None, mark: str, pictures: Pictures = NO_PICTURES) -> Body:
    """Return the body: own words, the signature, the quoted original and the mark.

    The HTML is made of escaped text and of pictures: a customer's own HTML never goes back out.
    """
    quote = _quote(answers, inbox) if answers is not None else None
    text = _text(words.strip(), inbox, quote, mark=mark)
    return Body(text, _html(words.strip(), inbox, quote, mark=mark, pictures=pictures))


def signature(inbox: Inbox) -> str:
    """Return the inbox's signature below its dashes (RFC 3676 4.3), "" when it has none."""
    return f"-- \n{inbox.signature.strip()}" if inbox.signature.strip() else ""


def marked(mark: str) -> str:
    """Return the mark as the last line of safe HTML."""
    return format_html("<p><small>[{}]</small></p>", mark)


def joined(parts: Iterable[str]) -> str:
    """Return pieces of safe HTML as one, the empty ones left out."""
    return format_html_join("\n", "{}", ((part,) for part in parts if part))


def _text(words: str, inbox: Inbox, quote: _Quote | None, *, mark: str) -> str:
    quoted = ""
    if quote is not None:
        quoted = "\n".join([quote.attribution, *(f"> {line}".rstrip() for line in quote.lines)])
    return "\n\n".join(block for block in (words, signature(inbox), quoted, f"[{mark}]") if block) + "\n"


def _html(words: str, inbox: Inbox, quote: _Quote | None, *, mark: str, pictures: Pictures) -> str:
    parts = [paragraphs(words), _shown(pictures.own), paragraphs(signature(inbox)) if signature(inbox) else ""]
    if quote is not None and (quote.lines or pictures.quoted):
        lines = format_html_join("", "{}<br>", ((line,) for line in quote.lines))
        quoted = joined([lines, _shown(pictures.quoted)])
        parts.append(format_html('<p>{}</p><blockquote type="cite">{}</blockquote>', quote.attribution, quoted))
    return joined([*parts, marked(mark)])


def _shown(content_ids: Sequence[str]) -> str:
    """Return the pictures, by the Content-IDs that we gave them: letters, digits, dots and an @ (RFC 2392)."""
    return format_html_join("", '<p><img src="cid:{}" alt=""></p>', ((content_id,) for content_id in content_ids))


def paragraphs(text: str) -> str:
    """Return a text as paragraphs of safe HTML."""
    blocks = text.split("\n\n")
    return format_html_join(
        "",
        "<p>{}</p>",
        ((format_html_join("", "{}<br>", ((line,) for line in block.split("\n"))),) for block in blocks),
    )


def _quote(answers: Message, inbox: Inbox) -> _Quote:
    with purpose(Purpose.SYSTEM):
        lines = str(answers.text)[:_QUOTED_CHARS].strip().splitlines()
    return _Quote(_attribution(answers, inbox), tuple(lines))


def _attribution(answers: Message, inbox: Inbox) -> str:
    with purpose(Purpose.SYSTEM):
        sender = _SENDER.first(message=answers.pk)
        name = (sender.name or sender.address) if sender else ""
    with translation.override(inbox.language):
        day = formats.date_format(answers.at.astimezone(UTC), "DATE_FORMAT")
        return gettext("On %(day)s, %(name)s wrote:") % {"day": day, "name": name}
