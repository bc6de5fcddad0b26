"""New KeyEncryptionKeys for old: what the keys are, a new one, and the DataKeys rewrapped under it in batches.

Mail is never sealed again for this: only the small wrapped keys change. Readers and writers go on meanwhile.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction
from django.db.models import Count, Q

from helpdesk.crypto import aead, keyring
from helpdesk.crypto.keyring import Owner, OwnerKind
from helpdesk.crypto.models import DataKey, KeyEncryptionKey, KeyPurpose, KeyState

BATCH: Final = 500
_BATCHES: Final = 20


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One KeyEncryptionKey as `keys status` shows it: `data_keys` live under it, `destroyed` ones are gone."""

    number: int
    purpose: KeyPurpose
    state: KeyState
    root_key_id: str
    created_at: datetime
    data_keys: int
    destroyed: int


def key_status() -> list[KeyRow]:
    """Return every KeyEncryptionKey, oldest first."""
    counted = KeyEncryptionKey.objects.order_by("number").annotate(
        live=Count("data_keys", filter=Q(data_keys__wrapped_key__isnull=False)),
        gone=Count("data_keys", filter=Q(data_keys__wrapped_key__isnull=True)),
    )
    return [
        KeyRow(
            number=row.number,
            purpose=KeyPurpose(row.purpose),
            state=KeyState(row.state),
            root_key_id=row.root_key_id,
            created_at=row.created_at,
            data_keys=row.live,
            destroyed=row.gone,
        )
        for row in counted
    ]


@transaction.atomic
def rotate_data_key() -> int:
    """Make a new active key for DataKeys, let the one before it only open, and return the new one's number.

    Other processes notice within ten minutes; until then they may still wrap under the old one: `rewrap_left`, which
    the beat rings, finds those. Raises WrongRootKey or KeyMissing, and then nothing is changed.
    """
    keyring.lock_keks()
    keyring.prove_root_key()
    KeyEncryptionKey.objects.filter(purpose=KeyPurpose.DATA, state=KeyState.ACTIVE).update(state=KeyState.DECRYPT_ONLY)
    row = keyring.make_kek(KeyPurpose.DATA)
    transaction.on_commit(keyring.forget)
    return row.number


@transaction.atomic
def rewrap_batch(size: int = BATCH) -> int:
    """Wrap up to `size` DataKeys of older keys under the active one and return how many; 0 when none are left.

    Two may run at once: each skips what the other holds. Stopped anywhere, it goes on where it was.
    """
    active = KeyEncryptionKey.objects.get(purpose=KeyPurpose.DATA, state=KeyState.ACTIVE)
    rows = list(
        DataKey.objects.select_for_update(skip_locked=True, of=("self",))
        .select_related("kek")
        .filter(kek__state=KeyState.DECRYPT_ONLY, wrapped_key__isnull=False)
        .order_by("pk")[:size]
    )
    new = AESGCM(keyring.unwrap_kek(active))
    old = {kek.pk: AESGCM(keyring.unwrap_kek(kek)) for kek in {row.kek for row in rows}}
    for row in rows:
        context = Owner(OwnerKind(row.owner_kind), row.owner_id).key_context(row.pk)
        wrapped = bytes(row.wrapped_key or b"")
        row.wrapped_key = aead.seal(new, aead.unseal(old[row.kek_id], wrapped, context), context)
        row.kek = active
    DataKey.objects.bulk_update(rows, ["kek", "wrapped_key"])
    return len(rows)


def rewrap_left(most: int = _BATCHES, *, size: int = BATCH) -> int:
    """Wrap what is left under older keys anew and return how many; `most` batches at once. May run twice.

    After a rotation other processes go on wrapping under the old key for some minutes.
    """
    done = 0
    for _turn in range(most):
        if not _is_left():
            break
        done += rewrap_batch(size)
    return done


def _is_left() -> bool:
    """Ask without opening a key: nearly always there is nothing."""
    return DataKey.objects.filter(kek__state=KeyState.DECRYPT_ONLY, wrapped_key__isnull=False).exists()
