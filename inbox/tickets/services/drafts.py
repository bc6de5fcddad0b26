"""Keep what somebody is writing."""

from dataclasses import dataclass, field
from typing import Final

from django.db import connection, transaction

from accounts.models import User
from inbox.tickets.models import Draft, Ticket
from inbox.tickets.states import DraftKind

_DROP: Final = "DELETE FROM tickets_draft WHERE user_id = %s AND ticket_id = %s AND kind = %s"


@dataclass(frozen=True, slots=True)
class NewDraft:
    """A draft's content. `fields` holds what a new conversation has beside its text."""

    kind: DraftKind
    text: str
    base_version: int = 0
    fields: dict[str, str] = field(default_factory=dict)


@transaction.atomic
def save_draft(ticket: Ticket | None, new: NewDraft, *, by: User) -> Draft | None:
    """Keep the draft of `by`, one a ticket and kind; an empty text drops it and returns None."""
    if not new.text.strip() and not any(new.fields.values()):
        drop_draft(ticket, new.kind, by=by)
        return None
    draft, made = Draft.objects.select_for_update().get_or_create(
        user=by,
        ticket=ticket,
        kind=new.kind,
        defaults={"text": new.text, "base_version": new.base_version, "fields": new.fields},
    )
    if not made:
        draft.text = new.text
        draft.base_version = new.base_version
        draft.fields = new.fields
        draft.save(update_fields=["text", "base_version", "fields", "saved_at"])
    return draft


def drop_draft(ticket: Ticket | None, kind: DraftKind, *, by: User) -> None:
    """Forget the draft of `by`; without one, nothing happens."""
    if ticket is None:
        Draft.objects.filter(user=by, ticket=None, kind=kind).delete()
        return
    with connection.cursor() as cursor:
        cursor.execute(_DROP, [by.pk, ticket.pk, kind.value])
