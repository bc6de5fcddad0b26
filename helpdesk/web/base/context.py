"""What every template may read: the person's wishes, and which parts of the desk to offer."""

from dataclasses import dataclass

from django.http import HttpRequest

from accounts.models import Density, Theme, User
from helpdesk.web.base.request import NOBODY
from inbox.inboxes.permissions import DeskRight
from inbox.mail.overview.scope import administered


@dataclass(frozen=True, slots=True)
class Desk:
    """The `desk` of a template. The flags only hide links: each page asks for its right by itself."""

    product: str = "Postern"
    theme: str = Theme.SYSTEM
    density: str = Density.COSY
    single_keys: bool = True
    may_read_log: bool = False
    may_tend_mail: bool = False
    may_admin: bool = False


def desk(request: HttpRequest) -> dict[str, Desk]:
    """Return `desk` for the person who is signed in, or its defaults."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return {"desk": Desk()}
    access = getattr(request, "access", NOBODY)
    return {
        "desk": Desk(
            theme=user.theme,
            density=user.density,
            single_keys=user.single_keys,
            may_read_log=access.may(DeskRight.VIEW_AUDIT),
            may_tend_mail=bool(administered(access)),
            may_admin=user.is_staff,
        )
    }
