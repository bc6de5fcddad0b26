"""How often an address may try codes; the counts live in Redis, and without it nobody gets in."""

from allauth.core import ratelimit
from django.http import HttpRequest

from helpdesk.core.errors import TooMuch


class TooManyTries(TooMuch):
    """An address has tried too often within a minute."""

    code = "too_many_tries"
    status = 429
    again = True


def count_try(request: HttpRequest, action: str) -> None:
    """Count one try of `action` ("login" or "code"). Raises TooManyTries; with Redis away its error goes up."""
    if not ratelimit.consume(request, action=action):
        raise TooManyTries
