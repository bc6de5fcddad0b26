"""Tags that every page uses: icons, times, initials, folders, states, tallies."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, TypeVar
from uuid import uuid4
from zlib import crc32

import segno
from django import template
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext, pgettext

register = template.Library()

Value = TypeVar("Value")
HUES: Final = 6
MOST_COUNTED: Final = 99

FOLDER_ICONS: Final = {
    "mine": "user-round",
    "unassigned": "inbox",
    "open": "users-round",
    "pending": "circle-dot",
    "closed": "circle-check",
    "spam": "octagon-alert",
    "bin": "trash-2",
}
DELIVERY_KINDS: Final = {
    "queued": "info",
    "sending": "info",
    "sent": "ok",
    "deferred": "warn",
    "refused": "danger",
    "cancelled": "off",
    "uncertain": "warn",
}


@register.simple_tag
@lru_cache(maxsize=512)
def icon(name: str, size: int = 16) -> SafeString:
    """Return one icon of the sprite. It is decoration: the words stand beside it or in an `aria-label`."""
    return format_html(
        '<svg class="icon" width="{0}" height="{0}" aria-hidden="true"><use href="{1}#{2}"/></svg>',
        size,
        static("img/icons.svg"),
        name,
    )


@register.simple_tag
def fixed(name: str) -> SafeString:
    """Return a part that is the same for everybody in one language: rendered once, then kept."""
    return _fixed(name, get_language())


@lru_cache(maxsize=64)
def _fixed(name: str, language: str) -> SafeString:  # noqa: ARG001 - the key under which it is kept
    return render_to_string(name)


@register.filter
def age(moment: datetime) -> str:
    """Return how long ago `moment` was, as short as a list row wants it: `now`, `5m`, `3h`, `2d`, else its date."""
    passed = timezone.now() - moment
    if passed < timedelta(minutes=1):
        return pgettext("age of a ticket", "now")
    if passed < timedelta(hours=1):
        return pgettext("age in minutes", "%(n)dm") % {"n": passed.seconds // 60}
    if passed < timedelta(days=1):
        return pgettext("age in hours", "%(n)dh") % {"n": passed.seconds // 3600}
    if passed < timedelta(days=7):
        return pgettext("age in days", "%(n)dd") % {"n": passed.days}
    local = _local(moment)
    same_year = local.year == timezone.localtime().year
    return formats.date_format(local, "j M" if same_year else "j M Y")


def _local(moment: datetime) -> datetime:
    """Return a moment in the reader's zone; in UTC at the ends of the calendar, which mails may name (year 9999)."""
    try:
        return timezone.localtime(moment)
    except OverflowError:
        return moment.astimezone(UTC)


def moments(moment: datetime) -> tuple[str, str]:
    """Return a moment for machines, in UTC, and for people, in the reader's zone; both to the second."""
    local = _local(moment)
    exact = moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return exact, f"{local.isoformat(' ', 'seconds')[:19]} {local.tzname()}"


def _time(moment: datetime, shown: str) -> SafeString:
    exact, whole = moments(moment)
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, whole, shown)


@register.simple_tag
def ago(moment: datetime) -> SafeString:
    """Return a `<time>` that shows the age; its title is the whole moment in the reader's zone."""
    return _time(moment, age(moment))


@register.simple_tag
def moment(value: datetime) -> SafeString:
    """Return a `<time>` that shows day and minute in the reader's zone; its title is the whole moment."""
    local = _local(value)
    same_year = local.year == timezone.localtime().year
    return _time(value, formats.date_format(local, "j M, H:i" if same_year else "j M Y, H:i"))


@register.simple_tag
def utc(value: datetime) -> SafeString:
    """Return a `<time>` to the second in UTC, as the log shows it."""
    shown = timezone.localtime(value, timezone.get_fixed_timezone(0)).strftime("%Y-%m-%d %H:%M:%S")
    return _time(value, shown)


@register.filter
def initials(name: str) -> str:
    """Return at most two capitals for an avatar: of the first and the last word, `?` when there is no letter."""
    words = [word for word in name.replace("@", " ").split() if word[0].isalnum()]
    if not words:
        return "?"
    first, last = words[0], words[-1]
    return (first[0] if first is last else first[0] + last[0]).upper()


@register.filter
def hue(name: str) -> int:
    """Return the number of an avatar's colour, the same for the same name."""
    return crc32(name.casefold().encode()) % HUES


@register.filter
def of(table: Mapping[object, Value] | None, key: object) -> Value | None:
    """Return what a mapping holds under a key that is itself a variable; None when there is nothing."""
    return table.get(key) if table else None


@register.filter
def tally(count: int) -> str:
    """Return a count as a folder shows it: nothing for none, `99+` above 99."""
    if not count:
        return ""
    return f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)


@register.filter
def folder_icon(folder: str) -> str:
    """Return the name of a folder's icon."""
    return FOLDER_ICONS.get(str(folder), "inbox")


@register.filter
def delivery_kind(state: str) -> str:
    """Return the colour class of an outbox state; the words beside it say the same."""
    return DELIVERY_KINDS.get(str(state), "off")


@register.filter
def unlabelled(subject: str) -> str:
    """Return a subject to show, with words for an empty one."""
    return subject.strip() or gettext("(no subject)")


@register.simple_tag
def once() -> SafeString:
    """Return the hidden field that makes a form count once, however often it is posted."""
    return format_html('<input type="hidden" name="once" value="{}">', uuid4())


@register.simple_tag
def qr(text: str) -> SafeString:
    """Return `text` as a QR code: an inline SVG, black on white in both themes."""
    rows = tuple(segno.make(text, error="m").matrix_iter(border=3))
    path = "".join(f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, dark in enumerate(row) if dark)
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}"><path d="{2}"/></svg>',
        len(rows),
        gettext("QR code for your authenticator app"),
        path,
    )
