"""OutboundMail: the outbox. A row is fixed when it is made and only its state moves."""

from typing import Final
from uuid import UUID

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyId, KeyRef
from inbox.inboxes.models import Inbox
from inbox.mail.models.mailbox import Mailbox
from inbox.mail.states import OutKind, OutReason, OutState
from inbox.tickets.models import Message

WAITING: Final = Q(state__in=["queued", "deferred"]) | Q(state="uncertain", reason="connection_lost")
"""The mails that are tried by themselves once their moment has come; an index holds them alone."""


class OutboundMail(SealedModel):
    """A mail on its way out, sealed under the DataKey that it was made under.

    `once` is the form's own key: the same press of a button makes one mail. `envelope` is the frozen JSON
    {"from": [name, address], "reply_to": str, "to": [[name, address]], "cc": [...], "bcc": [...], "in_reply_to": str,
    "references": [str]}; subject and bodies are frozen beside it. `send_after` ends the undo window.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=16, choices=OutKind.choices)
    once = models.UUIDField(unique=True)
    inbox = models.ForeignKey(Inbox, models.PROTECT, null=True, related_name="+")
    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, related_name="+")
    message = models.OneToOneField(Message, models.SET_NULL, null=True, related_name="+")
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    data_key = models.UUIDField()
    header_id = SealedTextField()
    header_blind = models.BinaryField(max_length=16, unique=True)
    envelope = SealedJSONField()
    subject = SealedTextField()
    text = SealedTextField()
    html = SealedTextField()
    outstanding = SealedJSONField(null=True)
    """None while all wait for it, else {"to": [address], "refused": {address: words}}: some have it, `to` have not."""
    state = models.CharField(max_length=10, choices=OutState.choices, default=OutState.QUEUED)
    send_after = models.DateTimeField(default=timezone.now)
    """No try before this moment: the undo window, then the growing waits of deferred mail."""
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=40, blank=True)
    lost_once = models.BooleanField(default=False)
    """A connection died once after the mail was handed in: no second time is it tried again by itself."""
    server_words = SealedTextField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    sent_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["send_after"], condition=WAITING, name="outbox_due"),
            models.Index(fields=["claimed_at"], condition=Q(state="sending"), name="outbox_claimed"),
            models.Index(fields=["id"], condition=~Q(state__in=["sent", "cancelled"]), name="outbox_open"),
        ]

    @property
    def is_waiting(self) -> bool:
        """It is tried by itself, the first time or again: WAITING, asked of one row."""
        lost = self.state == OutState.UNCERTAIN and self.reason == OutReason.LOST
        return lost or self.state in {OutState.QUEUED, OutState.DEFERRED}

    @property
    def can_be_resent(self) -> bool:
        """A person may send it again: it was refused, is uncertain, was stopped, or not everybody got it."""
        return self.state in {OutState.REFUSED, OutState.UNCERTAIN} or (self.state, self.reason) in {
            (OutState.SENT, OutReason.PARTLY),
            (OutState.CANCELLED, OutReason.WITHDRAWN),
        }

    def seal_ref(self) -> KeyRef:
        """Return the key that the row was made under: a merge of its ticket leaves it untouched."""
        return KeyId(self.data_key)

    def as_subject(self) -> Subject:
        """Return what an entry about this mail names; it stands in the timeline of the message's ticket."""
        return Subject(SubjectKind.MAIL, self.pk, self.inbox_id, ticket_id=self._ticket_id())

    def _ticket_id(self) -> UUID | None:
        if self.message is not None:
            return self.message.ticket_id
        if self.kind == OutKind.ACKNOWLEDGEMENT:
            return self.acknowledged.ticket_id
        return None
