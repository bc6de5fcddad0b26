"""InboundMail: what became of a stored mail in one inbox, and why."""

from django.db import models

from helpdesk.core.ids import new_id
from inbox.inboxes.models import Inbox
from inbox.mail.models.raw import RawMail
from inbox.mail.states import Verdict
from inbox.tickets.models import Message


class InboundMail(models.Model):
    """One row a raw mail and receiving inbox. The two reasons are codes; pages have their words."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    raw = models.ForeignKey(RawMail, models.CASCADE, related_name="inbound")
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=12, choices=Verdict.choices)
    verdict_reason = models.CharField(max_length=60, blank=True)
    thread_reason = models.CharField(max_length=60, blank=True)
    acknowledged = models.CharField(max_length=20, blank=True, default="")
    """Whether it was acknowledged, or why not (codes of `AckReason`); "" where the inbox acknowledges nothing."""
    message = models.OneToOneField(Message, models.SET_NULL, null=True, related_name="+")
    processed_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["raw", "inbox"], name="inbound_once_an_inbox")]
