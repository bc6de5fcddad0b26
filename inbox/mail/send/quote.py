"""The text of an outgoing mail: the words, the inbox's signature, the quoted original and the mark."""

from dataclasses import dataclass
from datetime import UTC

from django.utils import formats, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Message, Participant
from inbox.tickets.states import Part

_QUOTED_CHARS = 20_000


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


def written(words: str, inbox: Inbox, *, answers: Message | None, mark: str) -> Body:
    """Return the body: own words, the signature, the quoted original and the mark.

    The HTML is made of escaped text alone: a customer's own HTML never goes back out.
    """
    quote = _quote(answers, inbox) if answers is not None else None
    return Body(_text(words.strip(), inbox, quote, mark=mark), _html(words.strip(), inbox, quote, mark=mark))


def _text(words: str, inbox: Inbox, quote: _Quote | None, *, mark: str) -> str:
    quoted = ""
    if quote is not None:
        quoted = "\n".join([quote.attribution, *(f"> {line}".rstrip() for line in quote.lines)])
    return "\n\n".join(block for block in (words, _signature(inbox), quoted, f"[{mark}]") if block) + "\n"


def _html(words: str, inbox: Inbox, quote: _Quote | None, *, mark: str) -> str:
    parts = [_paragraphs(words)]
    if inbox.signature.strip():
        parts.append(_paragraphs(_signature(inbox)))
    if quote is not None and quote.lines:
        lines = format_html_join("", "{}<br>", ((line,) for line in quote.lines))
        parts.append(format_html('<p>{}</p><blockquote type="cite">{}</blockquote>', quote.attribution, lines))
    parts.append(format_html("<p><small>[{}]</small></p>", mark))
    return format_html_join("\n", "{}", ((part,) for part in parts))


def _signature(inbox: Inbox) -> str:
    return f"-- \n{inbox.signature.strip()}" if inbox.signature.strip() else ""


def _paragraphs(text: str) -> str:
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
        sender = Participant.objects.filter(message=answers, part=Part.FROM).first()
        name = (sender.name or sender.address) if sender else ""
    with translation.override(inbox.language):
        day = formats.date_format(answers.at.astimezone(UTC), "DATE_FORMAT")
        return gettext("On %(day)s, %(name)s wrote:") % {"day": day, "name": name}
