"""The request as our pages see it behind the door, and what kind of answer it wants."""

from uuid import UUID

from django.http import HttpRequest

from accounts.models import User
from inbox.inboxes.permissions import Access


class DeskRequest(HttpRequest):
    """A request of somebody who is signed in with a second factor: what a page's function may count on."""

    user: User
    access: Access
    """What this person may do now; loaded when first asked for."""


NOBODY = Access(user_id=UUID(int=0))
"""The access of somebody who has not signed in: nothing, anywhere."""


def wants_part(request: HttpRequest) -> bool:
    """Return whether a script asked (htmx or fetch), which gets a part of a page and no redirect."""
    return "HX-Request" in request.headers or request.headers.get("Sec-Fetch-Dest") == "empty" or wants_json(request)


def wants_json(request: HttpRequest) -> bool:
    """Return whether a script of ours asked for data: it says so by its Accept header alone."""
    return request.headers.get("Accept", "").startswith("application/json")
