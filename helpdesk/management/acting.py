"""Who acts when a command runs: the system user, on the rights of somebody that --as names."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from accounts.models import User
from helpdesk.core.context import Actor, ActorKind, acting_as
from helpdesk.crypto.checks import ensure_usable
from helpdesk.crypto.errors import CryptoError
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access


@contextmanager
def at_the_command_line() -> Iterator[None]:
    """Let the entries inside name the system user who typed the command.

    Raises CommandError when the root key does not open this desk: nothing is fetched, written or shown then.
    """
    _require_keys()
    with acting_as(Actor(ActorKind.CLI, label=f"cli:{getpass.getuser()}")):
        yield


@contextmanager
def on_rights_of(email: str) -> Iterator[Access]:
    """Borrow the rights of the person with that address; the actor stays the system user.

    Raises CommandError when nobody active has it, and as `at_the_command_line` does.
    """
    _require_keys()
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise CommandError(f"nobody signs in as {email}")
    with acting_as(Actor(ActorKind.CLI, label=f"cli:{getpass.getuser()}", acting_for=user.pk)):
        yield access_of(user)


def _require_keys() -> None:
    try:
        ensure_usable()
    except CryptoError as error:
        raise CommandError(str(error)) from error
