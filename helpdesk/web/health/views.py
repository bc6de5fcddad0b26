"""`/healthz`: may this process serve pages? For machines, without a word about what is inside."""

from django.contrib.auth.decorators import login_not_required
from django.core.cache import cache
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError

from helpdesk.crypto.errors import CryptoError
from helpdesk.crypto.keyring import purpose_key
from helpdesk.crypto.models import KeyPurpose
from inbox.mail.smtpd import pulse


@login_not_required
@never_cache
@require_safe
def health(request: HttpRequest) -> JsonResponse:  # noqa: ARG001 - Django's signature
    """Answer 200 when the database, Redis and the keys are there, else 503; each as `ok` or `away`.

    The listener is told where it is wanted, and changes nothing: pages can be served without it.
    """
    parts = {"database": _database(), "redis": _redis(), "keys": _keys()}
    told = {**parts, "listener": _listener()} if pulse.is_wanted() else parts
    words = {name: "ok" if there else "away" for name, there in told.items()}
    return JsonResponse(words, status=200 if all(parts.values()) else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _redis() -> bool:
    try:
        cache.get("health")
    except RedisError:
        return False
    return True


def _listener() -> bool:
    try:
        return pulse.is_beating()
    except RedisError:
        return False


def _keys() -> bool:
    try:
        purpose_key(KeyPurpose.BLIND)
    except (CryptoError, DatabaseError):
        return False
    return True
