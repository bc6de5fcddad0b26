"""Tags that show what came by mail: text with safe links, the quoted part folded, doubts about a sender in words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from inbox.tickets.rows import MessageView

register = template.Library()

ADDRESS: Final = re.compile(
    r"\bhttps?://[^\s<>\"'`\\^{}|\x00-\x20\u200e\u200f\u202a-\u202e\u2066-\u2069]+", re.IGNORECASE
)
LONGEST_LINK: Final = 2000

DOUBTS: Final[dict[str, Promise]] = {
    "no_from": _("The mail names no sender."),
    "several_headers": _("The mail names its sender twice; mail programs may show different ones."),
    "space_before_colon": _("The sender's line is written so that some mail programs overlook it."),
    "no_address": _("The sender's address cannot be read."),
    "several_addresses": _("The mail names more than one sender."),
    "several_angles": _("The sender's line holds more than one address."),
    "group": _("The sender is written as a group of addresses."),
    "semicolon": _("The sender's line is written like a list."),
    "broken_syntax": _("The sender's line is broken, and mail programs may read it differently."),
    "text_after_address": _("Something stands behind the sender's address."),
    "address_in_name": _("The sender's name holds another e-mail address than the real one."),
    "encoded_address": _("The sender's address is disguised by an encoding."),
    "odd_address": _("The sender's address has an unusual form."),
    "control_characters": _("The sender's line hides control characters."),
    "hidden_letters": _("The sender's name hides invisible letters."),
}
UNKNOWN_DOUBT: Final = _("Something about the sender does not add up.")


@dataclass(frozen=True, slots=True)
class Folded:
    """A body in two: what the writer wrote, and what was quoted below it. `lines` counts the quoted lines."""

    visible: str
    quoted: str
    lines: int


@register.filter
def fold(message: MessageView) -> Folded:
    """Return the body parted where the quoted text begins."""
    if message.fold_at is None:
        return Folded(message.text.strip("\n"), "", 0)
    quoted = message.text[message.fold_at :].strip("\n")
    lines = quoted.count("\n") + 1 if quoted else 0
    return Folded(message.text[: message.fold_at].strip("\n"), quoted, lines)


@register.filter
def doubt(code: str) -> Promise:
    """Return a code of sender_doubt in words."""
    return DOUBTS.get(code.replace("-", "_"), UNKNOWN_DOUBT)


@register.simple_tag
def linked(text: str, message_id: UUID) -> SafeString:
    """Return plain text, escaped, with each web address as a link to the page that asks before it goes on."""
    return format_html_join("", "{}", ((piece,) for piece in _pieces(text, message_id)))


def out_address(url: str, message_id: UUID) -> str:
    """Return the address of the page that asks before it opens `url`, a link of that message."""
    return f"{reverse('mail:out')}?{urlencode({'m': message_id, 'u': url})}"


def _pieces(text: str, message_id: UUID) -> Iterator[str | SafeString]:
    done = 0
    for found in ADDRESS.finditer(text):
        url = _trimmed(found.group())
        if len(url) > LONGEST_LINK:
            continue
        yield text[done : found.start()]
        yield format_html(
            '<a href="{}" target="_blank" rel="noopener noreferrer nofollow">{}</a>', out_address(url, message_id), url
        )
        done = found.start() + len(url)
    yield text[done:]


def _trimmed(url: str) -> str:
    """Return the address without the punctuation of the sentence around it."""
    url = url.rstrip(".,;:!?*_~")
    while url.endswith(")") and url.count("(") < url.count(")"):
        url = url[:-1].rstrip(".,;:!?*_~")
    return url
