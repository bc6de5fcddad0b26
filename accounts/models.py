"""People of the desk, their teams and their second factors. No inbox is known here."""

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_otp.models import Device, ThrottlingMixin, TimestampMixin
from django_otp.oath import TOTP

from accounts.tokens import digest_of
from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.context import Actor, ActorKind, Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedBytesField, SealedModel
from helpdesk.crypto.keyring import Owner, OwnerKind, make_key


class LowerEmailField(models.EmailField):  # type: ignore[type-arg] # fields take no type parameters when they run
    """An address that is stored, and looked for, in lower case: letters' case never makes a second person."""

    def to_python(self, value: object) -> object:
        """Return the address in lower case."""
        text = super().to_python(value)
        return text.lower() if isinstance(text, str) else text

    def get_prep_value(self, value: object) -> object:
        """Return what the database is given, in lower case."""
        text = super().get_prep_value(value)
        return text.lower() if isinstance(text, str) else text


class UserManager(BaseUserManager["User"]):
    """Makes people, each with a DataKey of their own."""

    @transaction.atomic
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Return a new person; without a password nobody can sign in as them."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        make_key(Owner(OwnerKind.USER, user.pk))
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        """Return a new person who may enter the whole admin; superusers as such read no mail."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        """Return the person with this address, in whatever case it is written."""
        return self.get(email=(username or "").lower())


class Theme(models.TextChoices):
    """How bright the pages are."""

    SYSTEM = "system", _("as the system")
    LIGHT = "light", _("light")
    DARK = "dark", _("dark")


class Density(models.TextChoices):
    """How many rows a list shows."""

    COSY = "cosy", _("cosy")
    COMPACT = "compact", _("compact")


class User(AbstractBaseUser, PermissionsMixin):
    """A person who works at the desk. Names and addresses of our own people stay readable."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    email = LowerEmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=150)
    is_active = models.BooleanField(_("may sign in"), default=True)
    is_staff = models.BooleanField(_("may enter the administration"), default=False)
    created_at = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    language = models.CharField(_("language"), max_length=10, default="en")
    timezone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=10, choices=Theme.choices, default=Theme.SYSTEM)
    density = models.CharField(_("density"), max_length=10, choices=Density.choices, default=Density.COSY)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)

    objects: ClassVar[UserManager] = UserManager()

    otp_device: "Device | None"
    """The factor that verified this session; set by django-otp's middleware, as is_verified."""
    is_verified: Callable[[], bool]

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(Lower("email"), name="user_email_once"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_lower"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """Return the name, or the address of somebody without one."""
        return str(self)

    def get_short_name(self) -> str:
        """Return the same as get_full_name: names are not taken apart."""
        return str(self)

    def as_subject(self) -> Subject:
        """Return this person as the thing an audit entry is about."""
        return Subject(SubjectKind.PERSON, self.pk)

    def as_actor(self) -> Actor:
        """Return this person as the one who acts."""
        return Actor(ActorKind.PERSON, self.pk)


class Team(models.Model):
    """People who share work."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=100)
    members = models.ManyToManyField(User, verbose_name=_("members"), related_name="teams", blank=True)

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        constraints = [models.UniqueConstraint(Lower("name"), name="team_name_once")]

    def __str__(self) -> str:
        return self.name

    def as_subject(self) -> Subject:
        """Return this team as the thing an audit entry is about."""
        return Subject(SubjectKind.TEAM, self.pk)


class Factor(ThrottlingMixin, TimestampMixin, Device):
    """What every second factor of ours shares: its own key, its own count of failed tries, in its own row."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)

    kind: ClassVar[str] = ""
    _STATE: ClassVar[tuple[str, ...]] = ("throttling_failure_timestamp", "throttling_failure_count", "last_used_at")

    class Meta:
        abstract = True

    @property
    def persistent_id(self) -> str:
        """Return the name django-otp finds this factor by; it reads the key as a whole number."""
        return f"{self.model_label()}/{self.id.int}"  # type: ignore[no-untyped-call] # django-otp has no types

    def get_throttle_factor(self) -> int:
        """Return the seconds to wait after the first failed try; each further one doubles them."""
        return 1

    def locked_until(self) -> datetime | None:
        """Return until when this factor takes no code after failed tries, None when it takes one now."""
        allowed, why = self.verify_is_allowed()  # type: ignore[no-untyped-call] # django-otp has no types
        return None if allowed else why["locked_until"]

    def verify_token(self, token: object) -> bool:
        """Return whether `token` is good now, and use it up.

        Call it through `django_otp.verify_token`, which locks the row: two tries at once would both pass.
        """
        if self.locked_until() is not None:
            return False
        good = isinstance(token, str) and self._use(token)
        if good:
            self.throttle_reset(commit=False)  # type: ignore[no-untyped-call] # django-otp has no types
            self.set_last_used_timestamp(commit=False)  # type: ignore[no-untyped-call] # django-otp has no types
        else:
            self.throttle_increment(commit=False)  # type: ignore[no-untyped-call] # django-otp has no types
        self.save(update_fields=self._STATE)
        return good

    def _use(self, token: str) -> bool:
        raise NotImplementedError


class TotpDevice(SealedModel, Factor):
    """An authenticator app (RFC 6238: SHA-1, six digits, 30 s). Its secret is sealed under its person's key."""

    secret = SealedBytesField()
    drift = models.SmallIntegerField(default=0)
    last_step = models.BigIntegerField(default=-1)

    kind = "totp"
    STEP_S: ClassVar[int] = 30
    DIGITS: ClassVar[int] = 6
    TOLERANCE: ClassVar[int] = 1
    MAX_DRIFT: ClassVar[int] = 2
    _STATE: ClassVar[tuple[str, ...]] = (*Factor._STATE, "drift", "last_step")

    class Meta:
        verbose_name = _("authenticator app")
        verbose_name_plural = _("authenticator apps")

    def seal_ref(self) -> Owner:
        """Return whose key seals the secret."""
        return Owner(OwnerKind.USER, self.user_id)

    def _use(self, token: str) -> bool:
        if not (token.isascii() and token.isdigit() and len(token) == self.DIGITS):
            return False
        with purpose(Purpose.SYSTEM):
            clock = TOTP(self.secret, self.STEP_S, 0, self.DIGITS, self.drift)
        clock.time = time.time()
        if not clock.verify(int(token), self.TOLERANCE, self.last_step + 1):
            return False
        self.last_step = clock.t()
        self.drift = max(-self.MAX_DRIFT, min(self.MAX_DRIFT, clock.drift))
        return True


class RecoveryDevice(Factor):
    """The set of recovery codes that a person was shown once."""

    kind = "recovery"

    class Meta:
        verbose_name = _("recovery codes")
        verbose_name_plural = _("recovery codes")

    def _use(self, token: str) -> bool:
        unused = self.codes.filter(digest=digest_of(self.user_id, token), used_at=None)
        return unused.update(used_at=timezone.now()) == 1

    def fill(self, codes: Iterable[str]) -> None:
        """Make these the codes of the set, in place of all earlier ones."""
        self.codes.all().delete()
        RecoveryCode.objects.bulk_create(
            RecoveryCode(device=self, digest=digest_of(self.user_id, code)) for code in codes
        )


class RecoveryCode(models.Model):
    """One code, kept as a keyed digest: 120 random bits need no slow hash (NIST SP 800-63B 3.1.2)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    device = models.ForeignKey(RecoveryDevice, on_delete=models.CASCADE, related_name="codes")
    digest = models.BinaryField(max_length=32)
    used_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        constraints = [models.UniqueConstraint(fields=["device", "digest"], name="recovery_code_once")]
