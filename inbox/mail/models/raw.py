"""RawMail: the bytes of a mail as they came, sealed, before anybody looks at them."""

from typing import Final
from uuid import UUID

from django.db import models
from django.db.models import Q

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.errors import BlobMissing
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind
from inbox.inboxes.models import Inbox
from inbox.mail.models.mailbox import Mailbox
from inbox.mail.states import RawState
from inbox.tickets.models import Ticket

IMPORTED: Final = "import:"
TO_DISPOSE: Final = Q(may_go=True, disposed_at=None)
"""Mails that are to leave the server and have not yet; an index holds them alone."""


class RawMail(models.Model):
    """A stored mail. Its bytes lie in the blob store under a DataKey of its own.

    `transport_key` is `imap:folder:uidvalidity:uid`, `lmtp:id` or `import:contentkey`; `content_key` is an HMAC of the
    bytes under the desk's blind-index key, never a plain hash. `arrived_at` is INTERNALDATE; for an imported file its
    topmost Received, else its Date.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    mailbox = models.ForeignKey(Mailbox, models.SET_NULL, null=True, related_name="+")
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+")
    transport_key = models.CharField(max_length=300)
    content_key = models.BinaryField(max_length=32)
    blob = models.UUIDField(unique=True, null=True)
    """None for a mail that was too large to fetch or skipped, and for the same bytes again, which are kept once."""
    size_bytes = models.PositiveBigIntegerField()
    arrived_at = models.DateTimeField()
    state = models.CharField(max_length=12, choices=RawState.choices, default=RawState.STORED)
    reason = models.CharField(max_length=60, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True)
    history = models.BooleanField(default=False)
    """It came by import or back-fill: nothing is ever sent because of it."""
    reconciled = models.BooleanField(default=False)
    """It was found when the server's list was compared with ours: it may be one that came before in other bytes."""
    may_go = models.BooleanField(default=False)
    """Its mailbox said, when it was stored, that it leaves its folder on the server once it is safe here."""
    disposed_at = models.DateTimeField(null=True)
    """When it was moved or deleted on the server, None while it lies there."""
    stored_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["mailbox", "inbox", "transport_key"], name="raw_mail_once", nulls_distinct=False
            )
        ]
        indexes = [
            models.Index(fields=["stored_at"], condition=Q(state="stored"), name="raw_mail_waiting"),
            models.Index(fields=["content_key"], name="raw_mail_content"),
            models.Index(fields=["id"], condition=Q(state="quarantined"), name="raw_mail_quarantined"),
            models.Index(fields=["mailbox"], condition=TO_DISPOSE, name="raw_mail_to_dispose"),
        ]

    @property
    def stored_blob(self) -> UUID:
        """The file that holds its bytes. Raises BlobMissing for a mail that was never fetched."""
        if self.blob is None:
            raise BlobMissing("the bytes of this mail were never fetched")
        return self.blob

    @property
    def is_import(self) -> bool:
        """It came as a file, not from a server."""
        return self.transport_key.startswith(IMPORTED)

    def seal_ref(self) -> KeyRef:
        """Return the key of these bytes alone."""
        return Owner(OwnerKind.RAW_MAIL, self.pk)

    def as_subject(self, *, at: Ticket | None) -> Subject:
        """Return what an entry about this mail names; it stands in the timeline of the ticket `at`, if any."""
        return Subject(SubjectKind.MAIL, self.pk, self.inbox_id, ticket_id=at.pk if at else None)
