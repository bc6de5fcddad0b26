"""Bounce: what a machine reported of a mail of ours for one recipient, or a report that is about none of ours."""

from django.db import models
from django.db.models import Q

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyId, KeyRef
from inbox.inboxes.models import Inbox
from inbox.mail.models.outbound import OutboundMail
from inbox.mail.models.raw import RawMail
from inbox.mail.states import BounceAction


class Bounce(SealedModel):
    """One report on one recipient; the same again only counts in `times`.

    `outbound` None: the report cites no mail of ours, so nothing follows from it. `recipient` is the address that we
    wrote to where the report knows it ("" when it names none); `ours` says that this mail of ours did go to it. It is
    sealed under the key of the mail that it is about, else under that of the mail that it came in.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    outbound = models.ForeignKey(OutboundMail, models.CASCADE, null=True, related_name="bounces")
    raw = models.ForeignKey(RawMail, models.SET_NULL, null=True, related_name="+")
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+", db_index=False)
    data_key = models.UUIDField()
    action = models.CharField(max_length=10, choices=BounceAction.choices)
    status = models.CharField(max_length=12, blank=True)
    """The enhanced code of RFC 3463, "" where the report has none."""
    ours = models.BooleanField(default=False)
    recipient = SealedTextField()
    recipient_blind = models.BinaryField(max_length=16)
    words = SealedTextField()
    """The reason in the words of the server that reported."""
    times = models.PositiveIntegerField(default=1)
    at = models.DateTimeField()
    """When it came last."""

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["outbound", "recipient_blind", "action"], name="bounce_once"),
            models.UniqueConstraint(
                fields=["inbox", "recipient_blind", "action"], condition=Q(outbound=None), name="uncited_bounce_once"
            ),
        ]
        indexes = [models.Index(fields=["inbox", "-at"], name="bounce_newest")]

    def seal_ref(self) -> KeyRef:
        """Return the key that the row was made under."""
        return KeyId(self.data_key)

    def as_subject(self) -> Subject:
        """Return what an entry about it names; it stands in the timeline of the ticket whose mail came back."""
        message = self.outbound.message if self.outbound else None
        return Subject(SubjectKind.MAIL, self.pk, self.inbox_id, ticket_id=message.ticket_id if message else None)
