"""Where people are signed in: what is recorded about it, the list of it, and its end."""

from collections.abc import Iterable, Mapping

from allauth.usersessions.models import UserSession
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.errors import SessionNotFound
from accounts.models import User
from accounts.rows import SessionRow
from audit.actions import Action, Outcome, SubjectKind
from audit.record import record
from audit.subjects import Subject
from helpdesk.core.context import acting_as


def list_sessions(user: User, *, current_key: str | None) -> list[SessionRow]:
    """Return where `user` is signed in, newest first. `current_key` is the key of the session that asks."""
    return [
        SessionRow(row.pk, row.ip, row.user_agent, row.created_at, current=row.session_key == current_key)
        for row in _live(user).order_by("-created_at", "-pk")
    ]


@transaction.atomic
def end_session(user: User, row_id: int) -> None:
    """End one session of `user`. Raises SessionNotFound, for a session of somebody else too."""
    row = UserSession.objects.filter(user=user, pk=row_id).first()
    if row is None:
        raise SessionNotFound("no such session")
    _end([row])
    record(Action.SESSION_ENDED, on=user.as_subject(), ended=1)


@transaction.atomic
def end_sessions(user: User, *, except_key: str | None = None) -> int:
    """End all sessions of `user`, but the one with the key `except_key`. Returns how many there were."""
    rows = [row for row in UserSession.objects.filter(user=user) if row.session_key != except_key]
    _end(rows)
    if rows:
        record(Action.SESSION_ENDED, on=user.as_subject(), ended=len(rows))
    return len(rows)


def renew_key(session: SessionBase) -> None:
    """Give a session a new key, when its rights have grown; its place in the list goes with it."""
    old = session.session_key
    session.cycle_key()
    move(old, session.session_key)


def move(old_key: str | None, new_key: str | None) -> None:
    """Let the row of the session with `old_key` follow it to its new key."""
    UserSession.objects.filter(session_key=old_key).update(session_key=new_key)


def clear_ended() -> int:
    """Delete the rows of sessions that have run out. Returns how many."""
    count, _kinds = Session.objects.filter(expire_date__lt=timezone.now()).delete()
    UserSession.objects.filter(~Exists(_session_of_row())).delete()
    return count


def on_signed_in(*, user: User, **_more: object) -> None:
    """Record that somebody signed in, and with which factor. Hears Django's `user_logged_in`."""
    device = getattr(user, "otp_device", None)
    with acting_as(user.as_actor()):
        record(Action.SIGN_IN, on=user.as_subject(), factor=device.kind if device else "none")


def on_signed_out(*, request: HttpRequest, user: User | AnonymousUser | None, **_more: object) -> None:
    """Record that somebody signed out or was signed out. Hears Django's `user_logged_out`."""
    if not isinstance(user, User):
        return
    UserSession.objects.filter(session_key=request.session.session_key).delete()
    with acting_as(user.as_actor()):
        record(Action.SIGN_OUT, on=user.as_subject())


def on_sign_in_failed(*, credentials: Mapping[str, object], **_more: object) -> None:
    """Record a wrong password. Hears Django's `user_login_failed`."""
    record_failure(str(credentials.get("email", "")), reason="password")


def record_failure(email: str, *, reason: str) -> None:
    """Record a sign-in that failed. What was typed is not kept: it may be a password in the wrong field."""
    user_id = User.objects.filter(email=email.strip()).values_list("pk", flat=True).first()
    subject = Subject(SubjectKind.PERSON, user_id)
    record(Action.SIGN_IN_FAILED, on=subject, outcome=Outcome.FAILED, survives_rollback=True, reason=reason)


def _session_of_row() -> "QuerySet[Session]":
    return Session.objects.filter(session_key=OuterRef("session_key"), expire_date__gte=timezone.now())


def _live(user: User) -> "QuerySet[UserSession]":
    return UserSession.objects.filter(Exists(_session_of_row()), user=user)


def _end(rows: Iterable[UserSession]) -> None:
    keys = [row.session_key for row in rows]
    Session.objects.filter(session_key__in=keys).delete()
    UserSession.objects.filter(session_key__in=keys).delete()
