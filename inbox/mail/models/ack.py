"""Acknowledgements: the texts of an inbox, what was sent of them, and the breaker that stops them all."""

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from inbox.inboxes.models import Inbox
from inbox.mail.models.outbound import OutboundMail
from inbox.mail.models.raw import RawMail
from inbox.tickets.models import Ticket

ACKNOWLEDGEMENTS: Final = "acknowledgements"


class Acknowledgement(models.Model):
    """What an inbox says in one language to whoever opens a ticket by mail. `language` is a tag of Django's list."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="acknowledgements")
    language = models.CharField(_("language"), max_length=10)
    subject = models.CharField(
        _("subject"), max_length=120, help_text=_("{number} is the number of the ticket; without it, it is added.")
    )
    text = models.TextField(
        _("text"), help_text=_("{number} is the number of the ticket. Nothing of the mail stands in it.")
    )
    closed_text = models.TextField(
        _("text out of working hours"), blank=True, help_text=_("Empty: the same text at any time.")
    )

    class Meta:
        default_permissions = ()
        ordering = ["language"]
        verbose_name = _("acknowledgement")
        verbose_name_plural = _("acknowledgements")
        constraints = [models.UniqueConstraint(fields=["inbox", "language"], name="acknowledgement_once_a_language")]

    def __str__(self) -> str:
        return self.language


class Acknowledged(models.Model):
    """One acknowledgement that was written. `sender` and `domain` are blind: they only count."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)
    raw = models.OneToOneField(RawMail, models.SET_NULL, null=True, related_name="+")
    outbound = models.OneToOneField(OutboundMail, models.CASCADE, related_name="acknowledged")
    sender = models.BinaryField(max_length=16)
    domain = models.BinaryField(max_length=16)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["ticket", "sender"], name="acknowledged_once")]
        indexes = [
            models.Index(fields=["sender", "at"], name="acknowledged_sender"),
            models.Index(fields=["domain", "at"], name="acknowledged_domain"),
            models.Index(fields=["at"], name="acknowledged_at"),
        ]


class Breaker(models.Model):
    """A switch that stops what the desk sends by itself when it becomes too much, until a person closes it again."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=30, unique=True)
    stopped_at = models.DateTimeField(null=True)
    """None while mail goes out."""
    counted_from = models.DateTimeField(null=True)
    """What was sent before does not count any more: a person closed the breaker then."""

    class Meta:
        default_permissions = ()

    def as_subject(self) -> Subject:
        """Return what an entry about it names: the desk as a whole."""
        return Subject(SubjectKind.DESK, self.pk)
