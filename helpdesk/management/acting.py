"""Who acts when a command runs: the system user, on the rights of somebody that --as names."""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management.base import CommandError

from accounts.models import User
from helpdesk.core.context import Actor, ActorKind, acting_as
from inbox.inboxes.access import access_of
from inbox.inboxes.permissions import Access


@contextmanager
def at_the_command_line() -> Iterator[None]:
    """Let the entries inside name the system user who typed the command."""
    with acting_as(Actor(ActorKind.CLI, label=f"cli:{getpass.getuser()}")):
        yield


@contextmanager
def on_rights_of(email: str) -> Iterator[Access]:
    """Borrow the rights of the person with that address; the actor stays the system user (DESIGN 6.19).

    Raises CommandError when nobody active has it.
    """
    user = User.objects.filter(email__iexact=email, is_active=True).first()
    if user is None:
        raise CommandError(f"nobody signs in as {email}")
    with acting_as(Actor(ActorKind.CLI, label=f"cli:{getpass.getuser()}", acting_for=user.pk)):
        yield access_of(user)
