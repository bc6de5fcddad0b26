"""The text of an outgoing mail: the words, the inbox's signature, the quoted original and the mark."""

from datetime import UTC

from django.utils import formats, translation
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext

from helpdesk.core.context import Purpose, purpose
from inbox.inboxes.models import Inbox
from inbox.tickets.models import Message, Participant
from inbox.tickets.states import Part

_QUOTED_CHARS = 20_000


def written_text(words: str, inbox: Inbox, *, answers: Message | None, mark: str) -> str:
    """Return the text part: own words, the signature, the quoted original, the mark."""
    blocks = [words.strip(), _signature(inbox), _quoted(answers, inbox) if answers is not None else "", f"[{mark}]"]
    return "\n\n".join(block for block in blocks if block) + "\n"


def written_html(words: str, inbox: Inbox, *, answers: Message | None, mark: str) -> str:
    """Return the same as HTML made of escaped text alone: a customer's own HTML never goes back out."""
    quoted = _quoted_lines(answers) if answers is not None else []
    parts = [_paragraphs(words.strip())]
    if inbox.signature.strip():
        parts.append(_paragraphs(_signature(inbox)))
    if quoted and answers is not None:
        lines = format_html_join("", "{}<br>", ((line,) for line in quoted))
        parts.append(
            format_html('<p>{}</p><blockquote type="cite">{}</blockquote>', _attribution(answers, inbox), lines)
        )
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


def _quoted(answers: Message, inbox: Inbox) -> str:
    lines = [f"> {line}".rstrip() for line in _quoted_lines(answers)]
    return "\n".join([_attribution(answers, inbox), *lines])


def _quoted_lines(answers: Message) -> list[str]:
    with purpose(Purpose.SYSTEM):
        return str(answers.text)[:_QUOTED_CHARS].strip().splitlines()


def _attribution(answers: Message, inbox: Inbox) -> str:
    with purpose(Purpose.SYSTEM):
        sender = Participant.objects.filter(message=answers, part=Part.FROM).first()
        name = (sender.name or sender.address) if sender else ""
    with translation.override(inbox.language):
        day = formats.date_format(answers.at.astimezone(UTC), "DATE_FORMAT")
        return gettext("On %(day)s, %(name)s wrote:") % {"day": day, "name": name}
