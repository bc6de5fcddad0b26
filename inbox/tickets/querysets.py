"""Questions about tickets, each asked of what one person may see."""

from typing import TypeVar

from django.db import models
from django.db.models import Q

from inbox.inboxes.permissions import Access, Right

T = TypeVar("T", bound=models.Model, covariant=True)


class TicketQuerySet(models.QuerySet[T]):
    """Tickets."""

    def visible_to(self, access: Access, right: Right = Right.VIEW) -> "TicketQuerySet[T]":
        """Keep what `access` may see and do `right` on.

        A restricted ticket is kept only for holders of VIEW_RESTRICTED and for its named readers.
        """
        allowed = tuple(set(access.inboxes(right)) & set(access.inboxes(Right.VIEW)))
        restricted = tuple(set(allowed) & set(access.inboxes(Right.VIEW_RESTRICTED)))
        seen = Q(restricted=False) | Q(inbox__in=restricted) | Q(readers__user=access.user_id)
        return self.filter(Q(inbox__in=allowed) & seen)

    def live(self) -> "TicketQuerySet[T]":
        """Keep what lies neither in the bin nor in spam."""
        return self.filter(deleted_at=None, spam_at=None)
