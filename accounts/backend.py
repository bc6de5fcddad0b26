"""The authentication backend of the door: allauth's, which finds who is signed in by a statement built once."""

from typing import Final
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend

from accounts.models import User
from helpdesk.core.ready import Ready, Slot

_BY_KEY: Final = Ready(lambda: User.objects.filter(pk=Slot("pk")))


class DoorBackend(AuthenticationBackend):
    """Signs people in as allauth does."""

    def get_user(self, user_id: UUID) -> User | None:
        """Return the person of a session, None when they are gone or switched off."""
        user = _BY_KEY.first(pk=user_id)
        return user if user is not None and self.user_can_authenticate(user) else None
