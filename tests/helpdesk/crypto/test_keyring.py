"""The key ring: who gets a key, under which purpose, for how long, and what a rollback takes back."""

import threading
import time
import uuid
from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from pytest_django import DjangoAssertNumQueries

from helpdesk.core.context import NoPurpose, Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto import keyring
from helpdesk.crypto.errors import DecryptionError, KeyDestroyed, KeyMissing
from helpdesk.crypto.keyring import DESK, KeyId, KeyRing, Owner, OwnerKind
from helpdesk.crypto.models import DataKey, KeyEncryptionKey, KeyPurpose


def new_owner(kind: OwnerKind = OwnerKind.TICKET) -> Owner:
    return Owner(kind, new_id())


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_opening_demands_a_purpose_and_sealing_does_not(db: None) -> None:
    owner = new_owner()
    keyring.make_key(owner)

    with pytest.raises(NoPurpose):
        keyring.opening_key(owner)
    with purpose(Purpose.VIEW):
        assert keyring.opening_key(owner) == keyring.sealing_key(owner)


def test_a_key_is_found_by_owner_and_by_id_here_and_after_forgetting(db: None) -> None:
    owner = new_owner()
    key_id = keyring.make_key(owner)
    made = keyring.sealing_key(owner).secret

    keyring.forget()

    assert keyring.sealing_key(owner).secret == made
    assert keyring.sealing_key(KeyId(key_id)).secret == made
    keyring.forget()
    assert keyring.sealing_key(KeyId(key_id)).secret == made


def test_keys_differ_and_are_never_stored_plain(db: None) -> None:
    owners = [new_owner(kind) for kind in OwnerKind if kind is not OwnerKind.DESK]

    ids = keyring.make_keys(owners)

    keys = [keyring.sealing_key(owner) for owner in owners]
    assert [key.id for key in keys] == ids
    assert len({key.secret for key in keys}) == len(owners)
    wrapped = b"".join(bytes(row.wrapped_key or b"") for row in DataKey.objects.all())
    assert not any(key.secret in wrapped for key in keys)


def test_nothing_shows_in_the_repr_of_a_key(db: None) -> None:
    owner = new_owner()
    key_id = keyring.make_key(owner)

    assert repr(keyring.sealing_key(owner)) == f"OpenKey(id={key_id!r})"


@pytest.mark.parametrize("ref", [new_owner(), KeyId(new_id())])
def test_an_unknown_owner_has_no_key(db: None, ref: keyring.KeyRef) -> None:
    with pytest.raises(KeyMissing):
        keyring.sealing_key(ref)


def test_a_second_key_for_one_owner_is_refused(db: None) -> None:
    owner = new_owner()
    keyring.make_key(owner)

    with pytest.raises(IntegrityError), transaction.atomic():
        keyring.make_key(owner)

    assert DataKey.objects.filter(owner_id=owner.id).count() == 1


def test_ensure_key_makes_one_key_alone(db: None) -> None:
    owner = new_owner()

    first = keyring.ensure_key(owner)
    keyring.forget()

    assert keyring.ensure_key(owner) == first == keyring.ensure_key(owner)
    assert keyring.ensure_key(DESK) == DataKey.objects.get(owner_kind="desk").pk


def test_preload_takes_one_query_for_all(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    owners = [new_owner() for _ in range(3)] + [new_owner(OwnerKind.CONTACT)]
    ids = keyring.make_keys(owners)
    keyring.forget()
    keyring.sealing_key(DESK)

    with django_assert_num_queries(1):
        keyring.preload([*owners[1:], KeyId(ids[0]), new_owner()])
    with django_assert_num_queries(0):
        keyring.preload(owners)
        keyring.preload([])
        found = [keyring.sealing_key(owner).id for owner in owners]

    assert found == ids


def test_one_spoilt_key_spoils_no_other(db: None) -> None:
    good, bad = new_owner(), new_owner()
    keyring.make_keys([good, bad])
    DataKey.objects.filter(owner_id=bad.id).update(wrapped_key=bytes(60))
    keyring.forget()

    keyring.preload([good, bad])

    assert keyring.sealing_key(good).id
    with pytest.raises(DecryptionError):
        keyring.sealing_key(bad)


def swap(column: str) -> Callable[[Owner, Owner], object]:
    def apply(one: Owner, other: Owner) -> object:
        value = DataKey.objects.values_list(column, flat=True).get(owner_id=other.id)
        DataKey.objects.filter(owner_id=other.id).delete()
        return DataKey.objects.filter(owner_id=one.id).update(**{column: value})

    return apply


@pytest.mark.parametrize("column", ["wrapped_key", "id"])
def test_a_key_moved_to_another_owner_does_not_unwrap(db: None, column: str) -> None:
    one, other = new_owner(), new_owner()
    keyring.make_keys([one, other])

    swap(column)(one, other)
    keyring.forget()

    with pytest.raises(DecryptionError):
        keyring.sealing_key(one)


def test_a_row_given_to_another_owner_does_not_unwrap(db: None) -> None:
    one, other = new_owner(), new_owner()
    keyring.make_key(one)
    DataKey.objects.filter(owner_id=one.id).update(owner_id=other.id)
    keyring.forget()

    with pytest.raises(DecryptionError):
        keyring.sealing_key(other)


def test_a_destroyed_key_is_gone_and_not_made_anew(db: None) -> None:
    owner, bystander = new_owner(), new_owner()
    key_id = keyring.make_key(owner)
    keyring.make_key(bystander)

    keyring.destroy_key(owner)
    keyring.destroy_key(owner)

    row = DataKey.objects.get(pk=key_id)
    assert row.wrapped_key is None
    assert row.destroyed_at is not None
    for ref in (owner, KeyId(key_id)):
        with pytest.raises(KeyDestroyed):
            keyring.sealing_key(ref)
    with pytest.raises(KeyDestroyed):
        keyring.ensure_key(owner)
    assert keyring.sealing_key(bystander).id


@pytest.mark.django_db(transaction=True)
def test_a_key_that_is_rolled_back_is_never_used_again() -> None:
    owner = new_owner()

    with transaction.atomic():
        keyring.make_key(owner)
        assert keyring.sealing_key(owner).id
        transaction.set_rollback(True)

    with pytest.raises(KeyMissing):
        keyring.sealing_key(owner)
    assert keyring.sealing_key(KeyId(keyring.ensure_key(owner))).id == DataKey.objects.get(owner_id=owner.id).pk


@pytest.mark.django_db(transaction=True)
def test_a_key_whose_savepoint_is_rolled_back_is_never_used_again() -> None:
    inner, outer = new_owner(), new_owner()

    with transaction.atomic():
        keyring.make_key(outer)
        with transaction.atomic():
            keyring.make_key(inner)
            transaction.set_rollback(True)
        with pytest.raises(KeyMissing):
            keyring.sealing_key(inner)
        assert keyring.sealing_key(outer).id

    assert keyring.sealing_key(outer).id
    with pytest.raises(KeyMissing):
        keyring.sealing_key(inner)


@pytest.mark.django_db(transaction=True)
def test_a_key_is_not_seen_by_others_before_commit() -> None:
    owner = new_owner()
    seen: list[str] = []

    def look() -> None:
        try:
            seen.append(str(keyring.sealing_key(owner).id))
        except KeyMissing:
            seen.append("missing")
        finally:
            connection.close()

    with transaction.atomic():
        key_id = keyring.make_key(owner)
        run(look)
    run(look)

    assert seen == ["missing", str(key_id)]


@pytest.mark.django_db(transaction=True)
def test_two_that_ensure_at_once_get_the_same_key() -> None:
    owner = new_owner()
    barrier = threading.Barrier(4)
    made: list[uuid.UUID] = []

    def ensure() -> None:
        try:
            barrier.wait(10)
            made.append(keyring.ensure_key(owner))
        finally:
            connection.close()

    run(*[ensure] * 4)

    assert made == [DataKey.objects.get(owner_id=owner.id).pk] * 4


@pytest.mark.django_db(transaction=True)
def test_a_lost_race_gives_the_winners_key() -> None:
    owner, inserted = new_owner(), threading.Event()
    won: list[uuid.UUID] = []

    def win() -> None:
        try:
            with transaction.atomic():
                won.append(keyring.make_key(owner))
                inserted.set()
                wait_until_somebody_waits()
        finally:
            connection.close()

    winner = threading.Thread(target=win)
    winner.start()
    assert inserted.wait(10)
    lost = keyring.ensure_key(owner)
    winner.join(30)

    assert [lost] == won


def wait_until_somebody_waits() -> None:
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    pytest.fail("nobody waited for the row")


@pytest.mark.django_db(transaction=True)
def test_many_threads_share_the_ring() -> None:
    owners = [new_owner() for _ in range(20)]
    keyring.make_keys(owners)
    secrets = {owner: keyring.sealing_key(owner).secret for owner in owners}
    faults: list[str] = []

    def use() -> None:
        try:
            for _ in range(8):
                keyring.preload(owners[::2])
                faults.extend("wrong key" for owner in owners if keyring.sealing_key(owner).secret != secrets[owner])
                keyring.forget()
        finally:
            connection.close()

    run(*[use] * 4)

    assert faults == []


def test_the_ring_keeps_no_more_than_its_size(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ring, owners = KeyRing(size=2), [new_owner() for _ in range(3)]
    ring.make(owners)

    with django_assert_num_queries(0):
        assert ring.find(owners[1]).id
        assert ring.find(owners[2]).id
    with django_assert_num_queries(1):
        ring.find(owners[0])
    with django_assert_num_queries(0):
        ring.find(owners[2])
    with django_assert_num_queries(1):
        ring.find(owners[1])


def test_a_key_taken_away_is_asked_for_again_after_ten_minutes(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    clock = Clock()
    ring, owner = KeyRing(clock=clock), new_owner()
    ring.make([owner])

    clock.now = 599.0
    with django_assert_num_queries(0):
        ring.find(owner)
        ring.active(KeyPurpose.DATA)
    clock.now = 601.0
    with django_assert_num_queries(2):
        ring.find(owner)
    with django_assert_num_queries(1):
        ring.active(KeyPurpose.DATA)


def test_an_old_id_makes_room_without_taking_the_new_one(db: None) -> None:
    ring, owner = KeyRing(size=2), new_owner()
    ring.make([owner])
    DataKey.objects.filter(owner_id=owner.id).delete()
    second = ring.make([owner])

    ring.make([new_owner()])

    assert ring.find(owner).id == second[0]


def test_drop_forgets_one_owner(db: None, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    ring, owners = KeyRing(), [new_owner(), new_owner()]
    ring.make(owners)

    ring.drop(owners[0])
    ring.drop(owners[0])

    with django_assert_num_queries(1):
        ring.find(owners[0])
        ring.find(owners[1])


def test_a_desk_without_keys_says_so(db: None) -> None:
    DataKey.objects.all().delete()
    KeyEncryptionKey.objects.all().delete()
    keyring.forget()

    with pytest.raises(KeyMissing, match=r"start it once with manage\.py up"):
        keyring.make_key(new_owner())
    assert DataKey.objects.count() == 0


def test_a_destroyed_kek_opens_nothing(db: None) -> None:
    row = KeyEncryptionKey(number=9, purpose=KeyPurpose.DATA, wrapped_key=None)

    with pytest.raises(KeyDestroyed):
        keyring.unwrap_kek(row)


def run(*jobs: Callable[[], None]) -> None:
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert not any(thread.is_alive() for thread in threads)
