"""MailboxCycle: how one look into a mailbox went."""

from django.db import models
from django.utils import timezone

from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.keyring import DESK, KeyRef
from inbox.mail.models.mailbox import Mailbox


class MailboxCycle(SealedModel):
    """One cycle over a mailbox. `ended_at` None: it runs, or its worker died.

    `stored` mails are new; `duplicate` ones came before; `reconciled` ones, counted among the first two, were found by
    comparing the server's list with ours; `skipped` ones are not ours to take; `disposed` ones left their folder on the
    server. A sweep removes cycles in which nothing happened after a day, all others after thirty.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="cycles", db_index=False)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    stored = models.PositiveIntegerField(default=0)
    skipped = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    reconciled = models.PositiveIntegerField(default=0)
    disposed = models.PositiveIntegerField(default=0)
    fault_step = models.CharField(max_length=20, blank=True)
    fault_words = SealedTextField(null=True)
    """The server's own words, None when it said nothing."""

    class Meta:
        default_permissions = ()
        indexes = [models.Index(fields=["mailbox", "-started_at"], name="cycle_newest")]

    def seal_ref(self) -> KeyRef:
        """Return the desk's own key."""
        return DESK
