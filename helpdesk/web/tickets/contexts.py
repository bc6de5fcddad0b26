"""What the templates of tickets are given, worked out from frozen rows."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db.models import F
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import User
from helpdesk.core.context import Purpose, purpose
from helpdesk.core.errors import NotFound
from helpdesk.core.ready import AnyOf, Ready, Slot
from helpdesk.web.base.request import DeskRequest
from helpdesk.web.tickets.bounces import bounces_of, warning_of
from helpdesk.web.tickets.delivery import Delivery, deliveries_of, quarantine_of
from inbox.inboxes.access import workers_in
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Access, Right
from inbox.mail.overview.freshness import freshness_of
from inbox.mail.send.files import kept_files
from inbox.mail.send.recipients import Suggestion, suggest
from inbox.tickets.models import Ticket
from inbox.tickets.opening.files import attachment_view
from inbox.tickets.opening.lists import ListQuery, show_counts, show_list
from inbox.tickets.opening.people import person
from inbox.tickets.opening.reader import show_draft, show_ticket
from inbox.tickets.rows import AttachmentView, Person, TicketView
from inbox.tickets.states import Direction, DraftKind, Folder

_OFFERED = (Right.REPLY, Right.NOTE, Right.ASSIGN, Right.EDIT, Right.DELETE, Right.VIEW_RAW)
_INBOXES: Final = Ready(lambda: Inbox.objects.filter(AnyOf(F("pk"), Slot("ids"))).only("id", "name"))
Context = dict[str, object]


@dataclass(frozen=True, slots=True)
class Answer:
    """Who an answer would go to, as the composer shows it. `warning` is "" when there is nothing to say.

    `kept` are the files of a mail that the person took back.
    """

    to: tuple[object, ...]
    cc: tuple[object, ...]
    warning: str
    kept: tuple[AttachmentView, ...]


def list_query(query: QueryDict) -> ListQuery:
    """Return which list the address asks for: an unknown folder means all open, a broken inbox is an absent one."""
    folder = query.get("folder", "")
    return ListQuery(
        Folder(folder) if folder in Folder.values else Folder.OPEN,
        _uuid(query.get("inbox", "")),
        query.get("after", ""),
    )


def list_context(access: Access, query: ListQuery) -> Context:
    """Return the folders and one page of the list, opened and recorded."""
    inboxes = _INBOXES.rows(ids=list(access.inboxes(Right.VIEW)))
    names = {inbox.pk: inbox.name for inbox in inboxes}
    if query.inbox_id is not None and query.inbox_id not in names:
        raise NotFound("no such inbox")
    fresh = freshness_of(access, names)
    page = show_list(access, query)
    counts = {each.folder: each.count for each in show_counts(access, inbox_id=query.inbox_id)}
    title = str(query.folder.label)
    if query.inbox_id is not None:
        title = f"{title}, {names[query.inbox_id]}"
    return {
        "folders": [{"folder": folder, "count": counts.get(folder, 0)} for folder in Folder],
        "folder": query.folder,
        "inbox_id": query.inbox_id,
        "inboxes": inboxes,
        "fresh": fresh,
        "freshness": [each for each in fresh.values() if each.inbox_id == query.inbox_id or each.needs_care],
        "list_title": title,
        "list_count": counts.get(query.folder, len(page.rows)),
        "rows": page.rows,
        "next_cursor": page.next_cursor,
    }


def reader_context(request: DeskRequest, ticket: Ticket, query: ListQuery) -> Context:
    """Return the opened ticket with everything that its page offers; one entry is written."""
    access = request.access
    everything = request.GET.get("all") == "1"
    view = show_ticket(access, ticket, everything=everything)
    rights = {right.value: access.can(right, ticket.inbox_id) for right in _OFFERED}
    return {
        "ticket": view,
        "folder": query.folder,
        "inbox_id": query.inbox_id,
        "rights": rights,
        "people": _assignable(access, ticket, request.user) if rights["assign"] else (),
        "draft": show_draft(ticket, DraftKind.REPLY, DraftKind.NOTE, by=request.user),
        "answer": _answer(ticket, request.user) if rights["reply"] else None,
        "delivery": _delivery(view, access, ticket),
        "bounces": bounces_of(_sent(view), may_reply=rights["reply"]),
        "quarantine": quarantine_of(ticket),
        "upload_bytes": settings.POSTERN_UPLOAD_BYTES,
    }


def _delivery(view: TicketView, access: Access, ticket: Ticket) -> Mapping[UUID, Delivery]:
    may_reply = access.can(Right.REPLY, ticket.inbox_id)
    return deliveries_of(_sent(view), may_reply=may_reply, me=access.user_id)


def _sent(view: TicketView) -> list[UUID]:
    return [message.id for message in view.messages if message.direction == Direction.OUTBOUND]


def _assignable(access: Access, ticket: Ticket, user: User) -> tuple[Person, ...]:
    """Return who may be handed the ticket: oneself alone, or everybody who may answer in its inbox."""
    if not access.can_assign(ticket.inbox_id, to_self=False):
        return (person(user.pk, user.name, user.email),)
    people = [person(each.user_id, each.name, each.email) for each in workers_in(ticket.inbox_id)]
    return tuple(sorted(people, key=lambda each: (each.id != user.pk, each.name.casefold())))


def _answer(ticket: Ticket, user: User) -> Answer:
    with purpose(Purpose.VIEW):
        suggestion = suggest(ticket)
        kept = tuple(attachment_view(ticket, file) for file in kept_files(ticket, by=user))
    return Answer(suggestion.to, suggestion.cc, _warning(suggestion), kept)


def _warning(suggestion: Suggestion) -> str:
    words = []
    if suggestion.elsewhere:
        words.append(
            _("Its answers should go to %(address)s, another domain than the sender's. This one goes to the sender.")
            % {"address": suggestion.elsewhere}
        )
    if suggestion.dropped:
        names = ", ".join(recipient.name or recipient.address for recipient in suggestion.dropped[:5])
        words.append(_("Left out of the answer: %(names)s.") % {"names": names})
    words.append(warning_of(recipient.address for recipient in (*suggestion.to, *suggestion.cc)))
    return " ".join(filter(None, words))


def _uuid(text: str) -> UUID | None:
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("no such inbox") from error
