"""People who have signed in, and the codes of their authenticator apps."""

from allauth.usersessions.models import UserSession
from django.test import Client
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.oath import totp

from accounts.models import Factor, TotpDevice, User
from accounts.services import people
from helpdesk.core.context import Purpose, purpose

PASSWORD = "Kanarienvogel-93-gelb"
_BACKEND = "accounts.backend.DoorBackend"


def make_person(email: str = "lea@example.org", name: str = "Lea Berg", *, is_staff: bool = False) -> User:
    """Return a person with PASSWORD and no second factor yet."""
    return people.create_user(email, name, PASSWORD, is_staff=is_staff)


def make_app(user: User, name: str = "app") -> TotpDevice:
    """Return a confirmed authenticator app of `user`, its secret made of its name."""
    device: TotpDevice = TotpDevice.objects.create(user=user, name=name, secret=name.encode().ljust(20, b"."))
    return device


def forgive(factor: Factor) -> None:
    """Forget the failed tries of a factor, and read its row anew."""
    type(factor).objects.filter(pk=factor.pk).update(throttling_failure_count=0, throttling_failure_timestamp=None)
    factor.refresh_from_db()


def code_of(device: TotpDevice, *, later_s: int = 0) -> str:
    """Return the six digits that the app shows now, or `later_s` seconds from now."""
    with purpose(Purpose.SYSTEM):
        secret = TotpDevice.objects.get(pk=device.pk).secret
    return f"{totp(secret, t0=-int(later_s)):06d}" if later_s else f"{totp(secret):06d}"


def wrong_code(device: TotpDevice) -> str:
    """Return six digits that are right neither now nor a step earlier or later."""
    right = {code_of(device, later_s=offset) for offset in (-60, -30, 0, 30, 60)}
    return next(f"{number:06d}" for number in range(len(right) + 1) if f"{number:06d}" not in right)


def client_of(user: User, *, enforce_csrf_checks: bool = False) -> Client:
    """Return a browser in which `user` is signed in with a second factor."""
    device = TotpDevice.objects.filter(user=user, confirmed=True).first() or make_app(user)
    client = Client(enforce_csrf_checks=enforce_csrf_checks)
    client.force_login(user, backend=_BACKEND)
    session = client.session
    session[DEVICE_ID_SESSION_KEY] = device.persistent_id
    session.save()
    UserSession.objects.create(user=user, ip="127.0.0.1", session_key=session.session_key, user_agent="")
    return client
