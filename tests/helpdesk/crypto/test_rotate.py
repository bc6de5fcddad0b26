"""New keys for old: nothing is lost, nobody waits, and a stop in the middle does no harm."""

import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection, transaction
from pytest_django import Settings

from helpdesk.core.ids import new_id
from helpdesk.crypto import aead, keyring
from helpdesk.crypto.errors import DecryptionError, KeyMissing
from helpdesk.crypto.keyring import Owner, OwnerKind
from helpdesk.crypto.models import DataKey, KeyEncryptionKey
from helpdesk.crypto.rotate import key_status, rewrap_batch, rewrap_left, rotate_data_key
from helpdesk.crypto.tasks import rewrap


def make_owners(count: int) -> dict[Owner, bytes]:
    owners = [Owner(OwnerKind.TICKET, new_id()) for _ in range(count)]
    keyring.make_keys(owners)
    return {owner: keyring.sealing_key(owner).secret for owner in owners}


def secrets_now(owners: dict[Owner, bytes]) -> dict[Owner, bytes]:
    keyring.forget()
    return {owner: keyring.sealing_key(owner).secret for owner in owners}


def status() -> list[tuple[int, str, str, int, int]]:
    return [(row.number, row.purpose, row.state, row.data_keys, row.destroyed) for row in key_status()]


def test_rotate_and_rewrap_keep_every_key(db: None) -> None:
    owners = make_owners(5)
    gone = Owner(OwnerKind.TICKET, new_id())
    keyring.make_key(gone)
    keyring.destroy_key(gone)

    number = rotate_data_key()
    assert (number, secrets_now(owners)) == (4, owners)
    assert status() == [
        (1, "data", "decrypt_only", 6, 1),
        (2, "blind", "active", 0, 0),
        (3, "audit", "active", 0, 0),
        (4, "data", "active", 0, 0),
    ]

    assert [rewrap_batch(size=4), rewrap_batch(size=4), rewrap_batch(size=4)] == [4, 2, 0]
    assert secrets_now(owners) == owners
    assert status()[0] == (1, "data", "decrypt_only", 0, 1)
    assert status()[3] == (4, "data", "active", 6, 0)


def test_new_keys_are_wrapped_under_the_new_one(db: None, django_capture_on_commit_callbacks: object) -> None:
    make_owners(1)
    rotate_data_key()
    keyring.forget()

    make_owners(2)

    assert (status()[0][3], status()[3][3]) == (2, 2)


def test_the_old_key_opens_nothing_that_was_wrapped_anew(db: None) -> None:
    (owner,) = make_owners(1)
    old = KeyEncryptionKey.objects.get(purpose="data")
    rotate_data_key()
    rewrap_batch()
    DataKey.objects.filter(owner_id=owner.id).update(kek=old)
    keyring.forget()

    with pytest.raises(DecryptionError):
        keyring.sealing_key(owner)


def wrap_under(number: int, owners: dict[Owner, bytes]) -> None:
    """Wrap the keys of `owners` as a process does that has not noticed a rotation yet."""
    late = KeyEncryptionKey.objects.get(number=number)
    cipher = AESGCM(keyring.unwrap_kek(late))
    for owner, secret in owners.items():
        row = DataKey.objects.get(owner_id=owner.id)
        wrapped = aead.seal(cipher, secret, owner.key_context(row.pk))
        DataKey.objects.filter(pk=row.pk).update(kek=late, wrapped_key=wrapped)


def test_the_sweep_finds_what_was_wrapped_under_the_old_key_after_a_rotation(db: None) -> None:
    owners = make_owners(3)
    rotate_data_key()
    rewrap_batch()
    wrap_under(1, owners)
    assert (status()[0][3], status()[3][3]) == (3, 1)

    rewrap()
    rewrap()

    assert (status()[0][3], status()[3][3]) == (0, 4)
    assert secrets_now(owners) == owners


def test_the_sweep_takes_a_bounded_number_at_once(db: None) -> None:
    make_owners(3)
    rotate_data_key()

    assert [rewrap_left(2, size=1) for _turn in range(3)] == [2, 2, 0]


def test_without_a_rotation_the_sweep_opens_no_key(db: None, settings: Settings, tmp_path: Path) -> None:
    make_owners(1)
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "root.key"
    keyring.forget()

    assert rewrap_left() == 0


def test_a_spoilt_key_stops_the_batch_and_changes_nothing(db: None) -> None:
    owner, _other = make_owners(2)
    rotate_data_key()
    DataKey.objects.filter(owner_id=owner.id).update(wrapped_key=bytes(60))

    with pytest.raises(DecryptionError), transaction.atomic():
        rewrap_batch()

    assert status()[3][3] == 0


@pytest.mark.django_db(transaction=True)
def test_two_batches_at_once_share_the_work() -> None:
    owners = make_owners(6)
    rotate_data_key()
    done: list[int] = []

    def rewrap() -> None:
        try:
            done.append(rewrap_batch(size=100))
        finally:
            connection.close()

    with transaction.atomic():
        done.append(rewrap_batch(size=3))
        other = threading.Thread(target=rewrap)
        other.start()
        other.join(30)

    assert done == [3, 4]
    assert (rewrap_batch(), secrets_now(owners)) == (0, owners)


def test_without_its_root_key_nothing_is_rotated(db: None, settings: Settings, tmp_path: Path) -> None:
    before = status()
    settings.KEY_PROVIDER, settings.ROOT_KEY_FILE = "file", tmp_path / "root.key"

    with pytest.raises(KeyMissing), transaction.atomic():
        rotate_data_key()

    assert status() == before
