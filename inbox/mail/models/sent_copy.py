"""SentCopy: the copy of a sent mail in its mailbox's folder for sent mail, with tries of its own."""

from typing import Final

from django.db import models
from django.db.models import Q
from django.utils import timezone

from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.keyring import DESK, KeyRef
from inbox.mail.models.mailbox import Mailbox
from inbox.mail.models.outbound import OutboundMail
from inbox.mail.states import CopyState

COPY_WAITING: Final = Q(state="waiting")
"""The copies that are tried once their moment has come; an index holds them alone."""


class SentCopy(SealedModel):
    """One row a sent mail. Whatever becomes of the copy, the mail is not sent again because of it.

    `folder` is the one that the mailbox named when the mail was sent. The server's own words of the last failure stand
    in `server_words`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    outbound = models.OneToOneField(OutboundMail, models.CASCADE, related_name="sent_copy")
    mailbox = models.ForeignKey(Mailbox, models.CASCADE, related_name="+")
    folder = models.CharField(max_length=200)
    state = models.CharField(max_length=10, choices=CopyState.choices, default=CopyState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    try_after = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    server_words = SealedTextField(null=True)
    saved_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["try_after"], condition=COPY_WAITING, name="sent_copy_due"),
            models.Index(fields=["claimed_at"], condition=Q(state="saving"), name="sent_copy_claimed"),
            models.Index(fields=["mailbox"], condition=~Q(state="saved"), name="sent_copy_open"),
        ]

    def seal_ref(self) -> KeyRef:
        """Return the desk's own key: the words are about a folder, not about a customer."""
        return DESK
