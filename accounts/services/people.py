"""Make people, give them passwords, switch their accounts; their bindings are dropped one floor above."""

from typing import Final

from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction

from accounts.errors import AddressInUse
from accounts.models import User
from accounts.services.sessions import end_sessions
from audit.actions import Action
from audit.record import record

PREFERENCES: Final = ("name", "language", "timezone", "theme", "density", "single_keys")
"""The columns that a person changes by themselves."""


def create_user(email: str, name: str, password: str | None = None, *, is_staff: bool = False) -> User:
    """Return a new person with a key of their own. Raises AddressInUse, whatever the case of its letters."""
    try:
        with transaction.atomic():
            return User.objects.create_user(email, password, name=name, is_staff=is_staff)
    except IntegrityError as error:
        raise AddressInUse("a person with this address exists") from error


@transaction.atomic
def set_password(user: User, password: str, *, except_key: str | None = None) -> None:
    """Give `user` a new password and end their sessions, but the one with the key `except_key`.

    Raises django's ValidationError when the password is too weak.
    """
    validate_password(password, user)
    user.set_password(password)
    user.save(update_fields=["password"])
    record(Action.PASSWORD_CHANGED, on=user.as_subject())
    end_sessions(user, except_key=except_key)


def save_preferences(user: User, **wishes: str | bool) -> None:
    """Store what a person wishes for themselves; only columns of PREFERENCES are taken."""
    unknown = sorted(set(wishes) - set(PREFERENCES))
    if unknown:
        raise TypeError(f"not a preference: {', '.join(unknown)}")
    for column, value in wishes.items():
        setattr(user, column, value)
    user.save(update_fields=list(wishes))


@transaction.atomic
def deactivate(user: User) -> User:
    """Let `user` sign in no more and end their sessions. Teams and bindings are the caller's to drop."""
    user = User.objects.select_for_update().get(pk=user.pk)
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user)
    return user


@transaction.atomic
def activate(user: User) -> User:
    """Let `user` sign in again."""
    user = User.objects.select_for_update().get(pk=user.pk)
    user.is_active = True
    user.save(update_fields=["is_active"])
    return user
