"""The first keys of a desk."""

from typing import Final

from django.db import connection, transaction

from helpdesk.crypto import keyring
from helpdesk.crypto.errors import KeyMissing
from helpdesk.crypto.models import KeyEncryptionKey, KeyPurpose, KeyState
from helpdesk.crypto.providers import provider

_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtext('crypto.keys'))"


@transaction.atomic
def setup_keys() -> None:
    """Make what is missing of the root key, the KeyEncryptionKeys and the desk's own DataKey. It may run again.

    A root key is made only for a desk that has no keys at all. Once there are any, the root key must open them: raises
    WrongRootKey or KeyMissing, and nothing is made.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK)
    rows = list(KeyEncryptionKey.objects.exclude(state=KeyState.DESTROYED))
    if rows:
        for row in rows:
            keyring.unwrap_kek(row)
    else:
        _find_or_make_root_key()
    _make_keks({row.purpose for row in rows if row.state == KeyState.ACTIVE})
    keyring.ensure_key(keyring.DESK)


def next_number() -> int:
    """Return the number of the next KeyEncryptionKey. The caller holds the lock."""
    last = KeyEncryptionKey.objects.order_by("-number").values_list("number", flat=True).first()
    return (last or 0) + 1


def _find_or_make_root_key() -> None:
    source = provider()
    try:
        source.root_key_id()
    except KeyMissing:
        source.make()


def _make_keks(present: set[str]) -> None:
    for purpose in KeyPurpose:
        if purpose not in present:
            keyring.make_kek(purpose, number=next_number())
