"""Second factors: enrol an authenticator app, check a code, issue recovery codes, reset."""

import secrets
from base64 import b32encode
from datetime import timedelta
from typing import Final
from urllib.parse import quote, urlencode
from uuid import UUID

import django_otp
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.errors import NoEnrolment, NotOnYourself, ReasonMissing
from accounts.models import Factor, RecoveryDevice, TotpDevice, User
from accounts.rows import Enrolment, FactorRow
from accounts.services.sessions import end_sessions
from accounts.tokens import make_codes
from audit.actions import Action, Outcome
from audit.record import record
from helpdesk.core.context import Purpose, current_actor, purpose

_SECRET_BYTES: Final = 20
"""RFC 4226 4, R6: 160 bits are recommended."""
_WAITS: Final = timedelta(minutes=10)


@transaction.atomic
def start_totp(user: User) -> Enrolment:
    """Return the app that waits for its first code: the one of the last ten minutes, else a new one."""
    _lock(user)
    waiting = TotpDevice.objects.filter(user=user, confirmed=False)
    waiting.filter(created_at__lt=timezone.now() - _WAITS).delete()
    device = waiting.first() or TotpDevice.objects.create(
        user=user, name="app", confirmed=False, secret=secrets.token_bytes(_SECRET_BYTES)
    )
    with purpose(Purpose.SYSTEM):
        secret = b32encode(device.secret).decode()
    return Enrolment(uri=_uri(user, secret), secret=" ".join(secret[at : at + 4] for at in range(0, len(secret), 4)))


def _uri(user: User, secret: str) -> str:
    """Return the key URI that authenticator apps read from a QR code."""
    issuer = settings.OTP_TOTP_ISSUER
    label = quote(f"{issuer}:{user.email}")
    wanted = {"secret": secret, "issuer": issuer, "algorithm": "SHA1", "digits": 6, "period": TotpDevice.STEP_S}
    return f"otpauth://totp/{label}?{urlencode(wanted, quote_via=quote)}"


def confirm_totp(user: User, code: str) -> TotpDevice | None:
    """Return the waiting app, confirmed by its first code; None when the code is wrong or must wait.

    Raises NoEnrolment when none waits.
    """
    device = TotpDevice.objects.filter(user=user, confirmed=False).first()
    if device is None:
        raise NoEnrolment("start the enrolment first")
    with transaction.atomic():
        _lock(user)
        good = django_otp.verify_token(user, device.persistent_id, code)
        if isinstance(good, TotpDevice):
            good.confirmed = True
            good.save(update_fields=["confirmed"])
            record(Action.FACTOR_ENROLLED, on=user.as_subject(), factor=good.kind)
            return good
    _record_failed(user, device)
    return None


@transaction.atomic
def issue_recovery_codes(user: User) -> list[str]:
    """Return ten fresh recovery codes, to be shown once; all earlier ones are gone."""
    _lock(user)
    RecoveryDevice.objects.filter(user=user).delete()
    codes = make_codes()
    RecoveryDevice.objects.create(user=user, name="recovery").fill(codes)
    record(Action.RECOVERY_ISSUED, on=user.as_subject(), codes=len(codes))
    return codes


def check_code(factor: Factor, code: str) -> Factor | None:
    """Return the factor when `code` is good for it now, else None. Only this factor is asked, and only it may lock.

    The row is locked meanwhile: of two tries with one code, one passes.
    """
    with transaction.atomic():
        good = django_otp.verify_token(factor.user, factor.persistent_id, code.strip())
        if isinstance(good, RecoveryDevice):
            record(Action.RECOVERY_USED, on=factor.user.as_subject(), left=codes_left(factor.user))
        if isinstance(good, Factor):
            return good
    _record_failed(factor.user, factor)
    return None


def wait_s(factor: Factor) -> int | None:
    """Return how many seconds `factor` takes no code for after failed tries, None when it takes one now."""
    until = factor.locked_until()
    return max(1, round((until - timezone.now()).total_seconds())) if until else None


def find_factor(user: User, factor_id: UUID | None) -> TotpDevice | None:
    """Return that confirmed app of `user`; with None the only one, or the one used last."""
    apps = TotpDevice.objects.filter(user=user, confirmed=True)
    if factor_id is not None:
        return apps.filter(pk=factor_id).first()
    return apps.order_by("-last_used_at", "pk").first()


def recovery_of(user: User) -> RecoveryDevice | None:
    """Return the set of recovery codes of `user`, None before the first one."""
    return RecoveryDevice.objects.filter(user=user, confirmed=True).first()


def list_factors(user: User) -> list[FactorRow]:
    """Return the authenticator apps of `user`, oldest first."""
    apps = TotpDevice.objects.filter(user=user, confirmed=True).order_by("pk")
    return [FactorRow(app.pk, app.name, app.created_at, app.last_used_at) for app in apps]


def codes_left(user: User) -> int:
    """Return how many recovery codes of `user` are unused."""
    device = recovery_of(user)
    return device.codes.filter(used_at=None).count() if device else 0


def has_factor(user: User) -> bool:
    """Return whether `user` has a confirmed second factor."""
    return bool(django_otp.user_has_device(user))


@transaction.atomic
def reset_factors(user: User, *, reason: str) -> None:
    """Take all second factors from `user` and end their sessions; the next sign-in enrols anew. Needs RESET_FACTORS.

    `reason` says how the person was recognised. Raises NotOnYourself, ReasonMissing.
    """
    if current_actor().id == user.pk:
        raise NotOnYourself("somebody else must vouch for you")
    if not reason.strip():
        raise ReasonMissing("say how the person was recognised")
    _lock(user)
    for device in list(django_otp.devices_for_user(user, confirmed=None)):
        device.delete()
    end_sessions(user)
    record(Action.FACTOR_RESET, on=user.as_subject(), reason=reason.strip())


def _lock(user: User) -> None:
    User.objects.select_for_update().get(pk=user.pk)


def _record_failed(user: User, factor: Factor) -> None:
    record(
        Action.FACTOR_FAILED,
        on=user.as_subject(),
        outcome=Outcome.FAILED,
        survives_rollback=True,
        factor=factor.kind,
    )
