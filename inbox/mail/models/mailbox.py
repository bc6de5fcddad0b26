"""Mailbox: one IMAP/SMTP account and how its last cycles went."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import DESK, KeyRef
from inbox.inboxes.models import Inbox
from inbox.mail.states import AuthKind, History, Security


class Mailbox(SealedModel):
    """One account. `secret` is sealed JSON: {"imap_password": str, "smtp_password": str}."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(
        Inbox,
        models.PROTECT,
        related_name="mailboxes",
        verbose_name=_("default inbox"),
        help_text=_("Mail whose recipient is no inbox address lands here."),
    )
    auth_kind = models.CharField(max_length=10, choices=AuthKind.choices, default=AuthKind.PASSWORD)
    secret = SealedJSONField()
    imap_host = models.CharField(_("IMAP server"), max_length=253)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993)
    imap_user = models.CharField(_("IMAP user"), max_length=254)
    imap_security = models.CharField(
        _("IMAP protection"), max_length=20, choices=Security.choices, default=Security.TLS
    )
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    history = models.CharField(_("first connect takes"), max_length=4, choices=History.choices, default=History.NONE)
    smtp_host = models.CharField(_("SMTP server"), max_length=253, blank=True)
    smtp_port = models.PositiveIntegerField(_("SMTP port"), default=465)
    smtp_user = models.CharField(_("SMTP user"), max_length=254, blank=True)
    smtp_security = models.CharField(
        _("SMTP protection"), max_length=20, choices=Security.choices, default=Security.TLS
    )
    ca_file = models.CharField(
        _("CA file"), max_length=500, blank=True, help_text=_("PEM file of an own authority; empty: the system's.")
    )
    sent_folder = models.CharField(
        _("folder for sent mail"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("A copy of each sent mail is put there over IMAP; empty: none is kept."),
    )
    active = models.BooleanField(_("active"), default=True)
    sends_system_mail = models.BooleanField(_("sends the desk's own mail"), default=False)
    # Where the cursor stands.
    uidvalidity = models.BigIntegerField(null=True, editable=False)
    last_uid = models.BigIntegerField(default=0, editable=False)
    renumbered_below = models.BigIntegerField(default=0, editable=False)
    """After a change of UIDVALIDITY: below this UID a mail older than the mailbox is not new."""
    # The lease: one fetcher at a time, fenced by a counter.
    lease_until = models.DateTimeField(null=True, editable=False)
    lease_number = models.PositiveBigIntegerField(default=0, editable=False)
    # How it went.
    next_poll_at = models.DateTimeField(null=True, editable=False)
    last_good_at = models.DateTimeField(null=True, editable=False)
    failures = models.PositiveIntegerField(default=0, editable=False)
    fault_step = models.CharField(max_length=20, blank=True, editable=False)
    fault_words = SealedTextField(null=True, editable=False)
    """The server's own words of the last failure."""
    # How it sends: a server that asks for patience gets it, for all mail of this mailbox.
    smtp_paused_until = models.DateTimeField(null=True, editable=False)
    smtp_pauses = models.PositiveSmallIntegerField(default=0, editable=False)
    """How often in a row the server asked to wait; the next mail that it takes sets it to 0."""
    smtp_pause_words = SealedTextField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        ordering = ["imap_user"]
        verbose_name = _("mailbox")
        verbose_name_plural = _("mailboxes")
        constraints = [
            models.UniqueConstraint(
                "sends_system_mail", condition=models.Q(sends_system_mail=True), name="mailbox_one_system_sender"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.imap_user} @ {self.imap_host}"

    def seal_ref(self) -> KeyRef:
        """Return the desk's own key."""
        return DESK

    def as_subject(self) -> Subject:
        """Return what an entry about this mailbox names."""
        return Subject(SubjectKind.MAILBOX, self.pk, self.inbox_id)
