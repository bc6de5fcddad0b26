"""Ticket: one conversation, and who may read a restricted one."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.actions import Flag, SubjectKind
from audit.subjects import Subject
from helpdesk.core.context import current_actor
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind
from inbox.contacts.models import Contact
from inbox.inboxes.models import Inbox
from inbox.tickets.querysets import TicketQuerySet
from inbox.tickets.states import State

_NEWEST = (F("last_activity").desc(), F("id").desc())
_LIVE = Q(deleted_at=None, spam_at=None)


class Ticket(SealedModel):
    """A conversation. `subject`, `sender` and `preview` are what a list shows, sealed under the ticket's own key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    number = models.BigIntegerField(unique=True, editable=False)
    inbox = models.ForeignKey(Inbox, models.PROTECT, related_name="tickets", db_index=False)
    contact = models.ForeignKey(Contact, models.PROTECT, null=True, related_name="tickets")
    subject = SealedTextField()
    sender = SealedTextField()
    preview = SealedTextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.OPEN)
    assignee = models.ForeignKey(User, models.SET_NULL, null=True, related_name="assigned_tickets", db_index=False)
    restricted = models.BooleanField(default=False)
    unreadable = models.BooleanField(default=False)
    """It stands for a mail that could not be read."""
    deleted_at = models.DateTimeField(null=True)
    spam_at = models.DateTimeField(null=True)
    snoozed_until = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)
    opened_at = models.DateTimeField(default=timezone.now)
    last_activity = models.DateTimeField(default=timezone.now)

    objects = TicketQuerySet["Ticket"].as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("ticket")
        verbose_name_plural = _("tickets")
        indexes = [
            models.Index("inbox", *_NEWEST, name="ticket_newest"),
            models.Index("inbox", *_NEWEST, condition=_LIVE & Q(state="open"), name="ticket_open"),
            models.Index("inbox", *_NEWEST, condition=_LIVE & Q(state="open", assignee=None), name="ticket_unassigned"),
            models.Index("inbox", *_NEWEST, condition=_LIVE & Q(state="pending"), name="ticket_pending"),
            models.Index("inbox", *_NEWEST, condition=_LIVE & Q(state="closed"), name="ticket_closed"),
            models.Index("inbox", *_NEWEST, condition=Q(deleted_at=None, spam_at__isnull=False), name="ticket_spam"),
            models.Index("inbox", *_NEWEST, condition=Q(deleted_at__isnull=False), name="ticket_bin"),
            models.Index(
                "assignee",
                "inbox",
                *_NEWEST,
                condition=_LIVE & Q(state="open", assignee__isnull=False),
                name="ticket_mine",
            ),
        ]

    def seal_ref(self) -> KeyRef:
        """Return the key of this ticket."""
        return Owner(OwnerKind.TICKET, self.pk)

    def as_subject(self) -> Subject:
        """Return what an entry about this ticket names, with the circumstances that a reviewer asks for."""
        flags = set()
        if self.restricted:
            flags.add(Flag.RESTRICTED)
        actor = current_actor()
        if self.assignee_id is not None and self.assignee_id == actor.id:
            flags.add(Flag.ASSIGNED_TO_ACTOR)
        return Subject(SubjectKind.TICKET, self.pk, self.inbox_id, frozenset(flags))

    @property
    def is_live(self) -> bool:
        """It lies neither in the bin nor in spam."""
        return self.deleted_at is None and self.spam_at is None


class TicketReader(models.Model):
    """A named reader of a restricted ticket."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="readers")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    reason = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="ticket_reader_once")]


class TicketSeen(models.Model):
    """Up to which version one person has seen a ticket: what makes a row unread."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    ticket = models.ForeignKey(Ticket, models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    version = models.PositiveIntegerField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["ticket", "user"], name="ticket_seen_once")]
