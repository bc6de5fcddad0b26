"""Inboxes and who may do what in them: roles, bindings and guardian's table of groups."""

from datetime import time

from django.contrib.auth.models import Group
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from guardian.models import GroupObjectPermissionBase

from accounts.models import Team, User
from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from inbox.inboxes.permissions import DeskRight, Right
from inbox.inboxes.states import Weekday


class Inbox(models.Model):
    """A shared inbox: what people get rights on."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=80, unique=True)
    signature = models.TextField(_("signature"), blank=True, help_text=_("Plain text below each reply."))
    language = models.CharField(_("language"), max_length=10, default="en")
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="inboxes", verbose_name=_("team")
    )
    time_zone = models.CharField(
        _("time zone"), max_length=64, default="UTC", help_text=_("Working hours and days off are told in it.")
    )
    acknowledges = models.BooleanField(
        _("acknowledge new mail"),
        default=False,
        help_text=_("Whoever opens a ticket by mail gets one of the texts below, once. Needs a text."),
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        verbose_name = _("inbox")
        verbose_name_plural = _("inboxes")
        default_permissions = ()
        permissions = [(right.value, right.value) for right in Right]

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return what an entry about this inbox names."""
        return Subject(SubjectKind.INBOX, self.pk, self.pk)


class InboxAddress(models.Model):
    """An address of an inbox. Mail to it lands there; the one marked `sends` stands in From."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="addresses")
    address = models.EmailField(_("address"))
    sends = models.BooleanField(_("send from it"), default=False)
    takes_plus = models.BooleanField(
        _("takes plus addresses"),
        default=False,
        help_text=_("Only when mail to name+anything@… arrives too: replies then carry a token in Reply-To."),
    )

    class Meta:
        ordering = ["-sends", "address"]
        verbose_name = _("inbox address")
        verbose_name_plural = _("inbox addresses")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(Lower("address"), name="inbox_address_unique"),
            models.UniqueConstraint("inbox", condition=models.Q(sends=True), name="inbox_one_sender"),
        ]

    def __str__(self) -> str:
        return self.address


class OpeningHours(models.Model):
    """A stretch of a weekday in which an inbox is staffed, by the clock of its time zone. Midnight ends the day."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="opening_hours")
    weekday = models.PositiveSmallIntegerField(_("weekday"), choices=Weekday.choices)
    opens = models.TimeField(_("from"))
    closes = models.TimeField(_("until"), help_text=_("00:00 is the end of the day."))

    class Meta:
        ordering = ["weekday", "opens"]
        verbose_name = _("working hours")
        verbose_name_plural = _("working hours (none: at any time)")
        default_permissions = ()
        constraints = [
            models.CheckConstraint(
                condition=models.Q(closes__gt=models.F("opens")) | models.Q(closes=time(0)),
                name="opening_hours_forward",
                violation_error_message=_(
                    "A stretch ends after it begins. One over midnight is two, one for each day."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.opens:%H:%M}–{self.closes:%H:%M}"


class Holiday(models.Model):
    """A day on which nobody works in an inbox."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    inbox = models.ForeignKey(Inbox, models.CASCADE, related_name="holidays")
    day = models.DateField(_("day"))
    every_year = models.BooleanField(_("every year"), default=False)
    name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        ordering = ["day"]
        verbose_name = _("day off")
        verbose_name_plural = _("days off")
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["inbox", "day"], name="holiday_once")]

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.name}".rstrip()


class Role(models.Model):
    """A named set of rights. Seven ship with the product."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=60, unique=True)
    rights = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("rights on an inbox"))
    desk_rights = ArrayField(models.CharField(max_length=20), default=list, blank=True, verbose_name=_("desk rights"))
    assign_to_self = models.BooleanField(_("assign only to oneself"), default=False)
    shipped = models.BooleanField(default=False, editable=False)

    class Meta:
        ordering = ["name"]
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        default_permissions = ()

    def __str__(self) -> str:
        return self.name

    @property
    def right_set(self) -> frozenset[Right]:
        """The rights on an inbox as a set."""
        return frozenset(Right(code) for code in self.rights)

    @property
    def desk_right_set(self) -> frozenset[DeskRight]:
        """The desk rights as a set."""
        return frozenset(DeskRight(code) for code in self.desk_rights)


class Binding(models.Model):
    """One role on some inboxes or on all, and the people and teams who hold it.

    It owns one group; guardian's rows and the group's members are derived from it by `services.bindings` and never
    edited by hand.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    role = models.ForeignKey(Role, models.PROTECT, related_name="bindings", verbose_name=_("role"))
    all_inboxes = models.BooleanField(_("all inboxes, also later ones"), default=False)
    inboxes = models.ManyToManyField(Inbox, blank=True, related_name="bindings", verbose_name=_("inboxes"))
    people = models.ManyToManyField(User, blank=True, related_name="bindings", verbose_name=_("people"))
    teams = models.ManyToManyField(Team, blank=True, related_name="bindings", verbose_name=_("teams"))
    group = models.OneToOneField(Group, models.PROTECT, related_name="binding", editable=False)
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["role__name", "created_at"]
        verbose_name = _("binding")
        verbose_name_plural = _("bindings")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    def as_subject(self) -> Subject:
        """Return what an entry about this binding names."""
        return Subject(SubjectKind.BINDING, self.pk)


class InboxGroupPermission(GroupObjectPermissionBase):
    """guardian's direct-FK table: the one place that says which group holds which right on which inbox."""

    content_object = models.ForeignKey(Inbox, models.CASCADE)

    class Meta(GroupObjectPermissionBase.Meta):
        default_permissions = ()
