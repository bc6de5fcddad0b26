"""Django's question `user.has_perm(right, inbox)`, answered from the same Access as everything else."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Model

from accounts.models import User
from inbox.inboxes.access import access_of
from inbox.inboxes.models import Inbox
from inbox.inboxes.permissions import Right


class InboxBackend:
    """An authentication backend that signs nobody in and knows rights on inboxes alone."""

    def authenticate(self, _request: object, **_credentials: object) -> None:
        """Sign nobody in: allauth's backend does that behind the door."""

    def has_perm(self, user: User | AnonymousUser, perm: str, obj: Model | None = None) -> bool:
        """Return whether `user` holds the right named by `perm` ("inboxes.reply" or "reply") on the inbox `obj`."""
        codename = perm.rpartition(".")[2]
        if not isinstance(obj, Inbox) or not isinstance(user, User) or codename not in set(Right):
            return False
        return access_of(user).can(Right(codename), obj.pk)
