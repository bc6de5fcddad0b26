"""The first keys of a desk."""

from django.db import transaction

from helpdesk.crypto import keyring
from helpdesk.crypto.errors import KeyMissing
from helpdesk.crypto.models import KeyPurpose, KeyState
from helpdesk.crypto.providers import provider


@transaction.atomic
def setup_keys() -> None:
    """Make what is missing of the root key, the KeyEncryptionKeys and the desk's own DataKey. It may run again.

    A root key is made only for a desk that has no keys at all. Once there are any, the root key must open them: raises
    WrongRootKey or KeyMissing, and nothing is made.
    """
    keyring.lock_keks()
    rows = keyring.prove_root_key()
    if not rows:
        _find_or_make_root_key()
    present = {row.purpose for row in rows if row.state == KeyState.ACTIVE}
    for purpose in KeyPurpose:
        if purpose not in present:
            keyring.make_kek(purpose)
    keyring.ensure_key(keyring.DESK)


def _find_or_make_root_key() -> None:
    source = provider()
    try:
        source.root_key_id()
    except KeyMissing:
        source.make()
