"""Mailbox: one IMAP/SMTP account and how its last cycles went."""

from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedJSONField, SealedModel, SealedTextField
from helpdesk.crypto.keyring import DESK, KeyRef
from inbox.inboxes.models import Inbox
from inbox.mail.states import AuthKind, Disposal, History, OAuthFlow, OAuthProvider, Security


class Mailbox(SealedModel):
    """One account. `secret` is sealed JSON of texts, each under its name, missing where there is none.

    With a password: imap_password, smtp_password. With OAuth2: client_secret, refresh_token, access_token and the
    moment it ends, access_ends (ISO 8601); begun_* hold a consent that was begun.
    """

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
    oauth_provider = models.CharField(_("provider"), max_length=10, choices=OAuthProvider.choices, blank=True)
    oauth_flow = models.CharField(_("way of consent"), max_length=10, choices=OAuthFlow.choices, blank=True)
    oauth_tenant = models.CharField(_("tenant"), max_length=100, blank=True)
    oauth_client_id = models.CharField(_("client id"), max_length=200, blank=True)
    needs_consent = models.BooleanField(_("needs consent"), default=False, editable=False)
    """The provider takes the refresh token no more, or none was given yet: only a person can go on."""
    secret_ends_at = models.DateTimeField(_("client secret ends"), null=True, blank=True)
    """When the client secret or, if that is sooner, the consent ends, as far as anybody told."""
    imap_host = models.CharField(_("IMAP server"), max_length=253)
    imap_port = models.PositiveIntegerField(_("IMAP port"), default=993)
    imap_user = models.CharField(_("IMAP user"), max_length=254)
    imap_security = models.CharField(
        _("IMAP protection"), max_length=20, choices=Security.choices, default=Security.TLS
    )
    folder = models.CharField(_("folder"), max_length=200, default="INBOX")
    history = models.CharField(_("first connect takes"), max_length=4, choices=History.choices, default=History.NONE)
    dispose = models.CharField(_("mail that was taken"), max_length=6, choices=Disposal.choices, default=Disposal.LEAVE)
    dispose_folder = models.CharField(
        _("folder to move it to"), max_length=200, default="Processed", help_text=_("Made when it is not there.")
    )
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
    floor_uid = models.BigIntegerField(default=0, editable=False)
    """What stood at or below this UID on first connect is not ours to take."""
    seen_folder = models.CharField(max_length=200, default="", editable=False)
    """The folder that the numbers belong to; "" before the first connect."""
    # The back-fill: mails above `back_uid` up to `back_until` are still to be taken, oldest first.
    back_uid = models.BigIntegerField(default=0, editable=False)
    back_until = models.BigIntegerField(default=0, editable=False)
    back_left = models.PositiveIntegerField(default=0, editable=False)
    back_total = models.PositiveIntegerField(default=0, editable=False)
    next_reconcile_at = models.DateTimeField(null=True, editable=False)
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
    # The last outage: the alarm was raised once `outage_told_at` is set, and it is over once `outage_until` is.
    outage_from = models.DateTimeField(null=True, editable=False)
    outage_told_at = models.DateTimeField(null=True, editable=False)
    outage_until = models.DateTimeField(null=True, editable=False)
    outage_mails = models.PositiveIntegerField(default=0, editable=False)
    """How many mails the first good cycle after it brought."""
    secret_told_at = models.DateTimeField(null=True, editable=False)
    """When the coming end of the secret was announced."""
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

    @property
    def good_until(self) -> datetime:
        """The end of the last good cycle; before the first one the moment that the mailbox was made."""
        return self.last_good_at or self.created_at

    @property
    def is_late(self) -> bool:
        """It has been without a good cycle for so long that somebody must look after it."""
        return self.active and bool(self.imap_host) and timezone.now() - self.good_until > alarm_after()

    def seal_ref(self) -> KeyRef:
        """Return the desk's own key."""
        return DESK

    def as_subject(self) -> Subject:
        """Return what an entry about this mailbox names."""
        return Subject(SubjectKind.MAILBOX, self.pk, self.inbox_id)


SECRET_WARNING: Final = timedelta(days=14)
"""So long before its end a secret is announced, by mail and above the list of its inbox."""


def alarm_after() -> timedelta:
    """Return how long a mailbox may go without a good cycle: a quarter of an hour, longer where looks are rarer."""
    return timedelta(seconds=max(900, 3 * settings.POSTERN_POLL_S))
