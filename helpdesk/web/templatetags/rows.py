"""The rows of a list, written by hand: fifty of them in a template cost more than the rest of the page together."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from uuid import UUID

from django import template
from django.urls import reverse
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from helpdesk.web.templatetags.desk import age, hue, icon, moments, unlabelled
from inbox.tickets.rows import Person, TicketRow
from inbox.tickets.states import Folder, State

register = template.Library()

_PREVIEW: Final = 110
"""Letters of a preview: more than the widest row shows on its one line."""
_ROW: Final = (
    '<li class="row{unread}" id="row-{number}" data-number="{number}" data-version="{version}" data-at="{at}"'
    ' data-state="{state}"{here}>\n'
    '<input class="pick" type="checkbox" aria-label="{select}">\n'
    '<a class="open" href="{address}"{current}>\n'
    '<span class="who" dir="auto">{{sender}}</span><time datetime="{exact}" title="{whole}">{{ago}}</time>\n'
    '<span class="subject" dir="auto">{{spoken}}{{subject}}</span>\n'
    '<span class="preview" dir="auto">{{preview}}</span>\n'
    '<span class="meta"><span class="chip">{{inbox}}</span>{{chips}}{{assignee}}</span>\n'
    "</a></li>\n"
)
"""Filled twice: with numbers and names of ours, then, escaped, with what anybody wrote."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The list that the rows stand in, with what is the same for all of them."""

    folder: Folder
    query: str
    root: str
    open_number: int | None
    select: SafeString
    unknown: str
    spoken: SafeString
    assigned: str


@register.simple_tag
def ticket_rows(
    rows: Sequence[TicketRow], folder: Folder, inbox_id: UUID | None, *, open_number: int | str | None = None
) -> SafeString:
    """Return the `<li>` of each row. `open_number` is the ticket shown beside the list, if any."""
    place = _Place(
        folder,
        f"?folder={folder}" + (f"&amp;inbox={inbox_id}" if inbox_id else ""),
        reverse("tickets:ticket", args=[0]).removesuffix("0"),
        open_number or None,  # type: ignore[arg-type] # a template without the ticket gives ""
        escape(_("Select #%(number)s")),
        _("Unknown sender"),
        format_html('<span class="sr">{} </span>', _("Unread:")),
        _("Assigned to %(name)s"),
    )
    return format_html_join("", "{}", ((_row(row, place),) for row in rows))


def _row(row: TicketRow, place: _Place) -> SafeString:
    here = row.number == place.open_number
    exact, whole = moments(row.age_at)
    return format_html(
        _ROW.format(
            unread=" unread" if row.unread else "",
            number=row.number,
            version=row.version,
            at=int(row.age_at.timestamp()),
            state=row.state.value,
            here=" data-current" if here else "",
            address=f"{place.root}{row.number}{place.query}",
            current=' aria-current="true"' if here else "",
            select=place.select.replace("%(number)s", str(row.number)),
            exact=exact,
            whole=whole,
        ),
        sender=row.sender or place.unknown,
        ago=age(row.age_at),
        spoken=place.spoken if row.unread else "",
        subject=unlabelled(row.subject),
        preview=row.preview[:_PREVIEW],
        inbox=row.inbox_name,
        chips=_chips(row, place.folder),
        assignee=_assignee(row.assignee, place.assigned) if row.assignee else "",
    )


def _chips(row: TicketRow, folder: Folder) -> SafeString | str:
    """Return the chips that say more than the folder does."""
    chips: list[tuple[str, SafeString | str, str]] = []
    if row.state not in (State.OPEN, folder):
        chips.append((row.state.value, "", str(row.state.label)))
    if row.restricted:
        chips.append(("violet", icon("lock", 12), _("Restricted")))
    if row.spam and folder != Folder.SPAM:
        chips.append(("danger", "", _("Spam")))
    if row.deleted and folder != Folder.BIN:
        chips.append(("danger", "", _("In the bin")))
    if row.draft:
        chips.append(("info", icon("pencil", 12), _("Draft")))
    return format_html_join("", '<span class="chip {}">{}{}</span>', chips) if chips else ""


@lru_cache(maxsize=256)
def _assignee(person: Person, words: str) -> SafeString:
    return format_html(
        '<span class="avatar sm h{}" title="{}"><span class="sr">{}</span><span aria-hidden="true">{}</span></span>',
        hue(person.name),
        person.name,
        words % {"name": person.name},
        person.initials,
    )
