"""Draft: one person's unsent text, sealed on the server."""

from django.db import models

from accounts.models import User
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind
from inbox.tickets.models.tickets import Ticket
from inbox.tickets.states import DraftKind


class Draft(SealedModel):
    """What somebody is writing, one a ticket and kind. Nobody else's act touches it.

    It is sealed under its writer's key, so that it survives a merge, a move and the loss of the ticket.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, null=True, related_name="drafts")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=DraftKind.choices)
    text = SealedTextField()
    fields = SealedJSONField()
    """What else was filled in: recipients and subject of a new conversation."""
    base_version = models.PositiveIntegerField(default=0)
    saved_at = models.DateTimeField(auto_now=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["user", "ticket", "kind"], name="draft_once", nulls_distinct=False)
        ]

    def seal_ref(self) -> KeyRef:
        """Return the key of its writer."""
        return Owner(OwnerKind.USER, self.user_id)
