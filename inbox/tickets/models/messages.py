"""Message: one entry of a conversation, with its participants and files."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind
from inbox.contacts.models import Contact
from inbox.tickets.models.tickets import Ticket
from inbox.tickets.states import Direction, Part, Protection


class Message(SealedModel):
    """Something received, sent or noted. Order follows `at`, the arrival; `written_at` is only shown."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="messages", db_index=False)
    direction = models.CharField(max_length=10, choices=Direction.choices)
    author = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    contact = models.ForeignKey(Contact, models.SET_NULL, null=True, related_name="+")
    subject = SealedTextField()
    text = SealedTextField()
    """The whole body as text; what stands from `fold_at` on is quoted."""
    html = SealedTextField(null=True)
    """Safe HTML, None when there is none; made by `sanitiser_version` (0 then)."""
    sanitiser_version = models.PositiveSmallIntegerField(default=0)
    fold_at = models.PositiveIntegerField(null=True)
    remote_images = models.PositiveSmallIntegerField(default=0)
    protection = models.CharField(max_length=15, choices=Protection.choices, default=Protection.SERVER_SEALED)
    header_id = SealedTextField()
    """The RFC 5322 Message-ID with its brackets, "" when there is none."""
    header_blind = models.BinaryField(null=True, max_length=16)
    extras = SealedJSONField(null=True)
    """What few mails have besides (`rows.Extras`): invitations, a signature, a sender without an address; else None."""
    doubts = ArrayField(models.CharField(max_length=40), default=list)
    unverified_sender = models.BooleanField(default=False)
    machine = models.BooleanField(default=False)
    other_party = models.BooleanField(default=False)
    """A forward, an answer to one, or our answer to that: talk with somebody who is not the customer."""
    answers = models.ForeignKey("self", models.SET_NULL, null=True, related_name="+")
    """The message that this one replies to, where the desk knows it."""
    at = models.DateTimeField(default=timezone.now)
    written_at = models.DateTimeField(null=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index("ticket", F("at").desc(), F("id").desc(), name="message_newest"),
            models.Index(
                fields=["header_blind"], name="message_header", condition=models.Q(header_blind__isnull=False)
            ),
        ]

    def seal_ref(self) -> KeyRef:
        """Return the key of the ticket that it belongs to."""
        return Owner(OwnerKind.TICKET, self.ticket_id)


class Participant(SealedModel):
    """An address of a message with its part."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="participants")
    part = models.CharField(max_length=10, choices=Part.choices)
    position = models.PositiveSmallIntegerField(default=0)
    name = SealedTextField()
    address = SealedTextField()
    blind = models.BinaryField(max_length=16)

    class Meta:
        default_permissions = ()
        ordering = ["position"]
        indexes = [models.Index(fields=["ticket", "blind"], name="participant_of_ticket")]

    def seal_ref(self) -> KeyRef:
        """Return the key of the ticket that it belongs to."""
        return Owner(OwnerKind.TICKET, self.ticket_id)


class Attachment(SealedModel):
    """A file of a message. Its bytes lie sealed in the blob store under `blob`."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, related_name="attachments", null=True)
    """None while it is uploaded for a reply that is not sent yet."""
    uploaded_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    position = models.PositiveSmallIntegerField(default=0)
    name = SealedTextField()
    content_type = SealedTextField()
    content_id = SealedTextField()
    inline = models.BooleanField(default=False)
    size_bytes = models.PositiveBigIntegerField()
    blob = models.UUIDField(unique=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["position"]

    def seal_ref(self) -> KeyRef:
        """Return the key of the ticket that it belongs to."""
        return Owner(OwnerKind.TICKET, self.ticket_id)
