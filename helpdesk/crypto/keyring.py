"""The key ring: the one door to every key, so that nothing is opened without a purpose. Keys are kept ten minutes."""

import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple, Self
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from helpdesk.core.context import current_purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto import aead
from helpdesk.crypto.errors import DecryptionError, KeyDestroyed, KeyMissing, WrongRootKey
from helpdesk.crypto.models import DataKey, KeyEncryptionKey, KeyPurpose, KeyState
from helpdesk.crypto.providers import provider

_KEPT_S: Final = 600.0
_KEPT_KEYS: Final = 8192


class OwnerKind(StrEnum):
    """Whose key a DataKey is. Stored and bound into the wrapped key: never renamed."""

    TICKET = "ticket"
    CONTACT = "contact"
    RAW_MAIL = "raw_mail"
    USER = "user"
    DESK = "desk"


class Owner(NamedTuple):
    """Whoever has a DataKey: a kind and a plain id. One is made at each seal, and a tuple is made in half the time."""

    kind: OwnerKind
    id: UUID

    def key_context(self, key_id: UUID) -> bytes:
        """Return what the wrapping of this owner's DataKey is bound to: moved to another owner it does not unwrap."""
        return aead.bound(b"DataKey", key_id.bytes, self.kind.encode(), self.id.bytes)


class KeyId(NamedTuple):
    """A DataKey itself, for rows that keep the id of the key they were sealed under."""

    id: UUID


KeyRef = Owner | KeyId
DESK: Final = Owner(OwnerKind.DESK, UUID(int=0))
"""The desk itself: mailbox secrets, system mail, audit payload without a person."""


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An unwrapped DataKey: `cipher` seals fields, `secret` is what the keys of sealed files are derived from."""

    id: UUID
    cipher: AESGCM = field(repr=False)
    secret: bytes = field(repr=False)

    @classmethod
    def fresh(cls) -> Self:
        """Return a new one that nobody has yet."""
        secret = aead.new_key()
        return cls(new_id(), AESGCM(secret), secret)


@dataclass(frozen=True, slots=True)
class _Kek:
    id: UUID
    secret: bytes = field(repr=False)
    cipher: AESGCM = field(repr=False)
    expires: float


class _Kept:
    """A key in the ring; `key` is None once it was destroyed.

    `commit` stands on the connection's list of things to do after commit as long as the key's row may still be rolled
    back: Django takes it from there with the savepoint, and then the key must not be used any more.
    """

    __slots__ = ("commit", "expires", "key", "key_id", "owner")

    def __init__(self, owner: Owner, *, key_id: UUID, key: OpenKey | None, expires: float) -> None:
        self.owner = owner
        self.key_id = key_id
        self.key = key
        self.expires = expires
        self.commit: Callable[[], None] | None = None

    def await_commit(self) -> None:
        self.commit = self._committed
        transaction.on_commit(self.commit)

    def _committed(self) -> None:
        self.commit = None

    def stands(self) -> bool:
        return self.commit is None or any(call[1] is self.commit for call in connection.run_on_commit)

    def opened(self) -> OpenKey:
        if self.key is None:
            raise KeyDestroyed(f"the key of this {self.owner.kind} was destroyed")
        return self.key


_Row = tuple[UUID, str, UUID, UUID, bytes | memoryview | None]


class KeyRing:
    """Unwrapped keys by id and by owner, at most `size` of them and none longer than ten minutes. Thread-safe."""

    def __init__(self, *, size: int = _KEPT_KEYS, clock: Callable[[], float] = time.monotonic) -> None:
        """Keep `size` keys; `clock` gives seconds."""
        self._size = size
        self._clock = clock
        self._lock = threading.Lock()
        # Both are keyed by the number in a UUID, which hashes far quicker than the UUID.
        self._kept: OrderedDict[int, _Kept] = OrderedDict()
        self._owned: dict[int, _Kept] = {}
        self._keks: dict[UUID, _Kek] = {}
        self._active: dict[KeyPurpose, _Kek] = {}

    def find(self, ref: KeyRef) -> OpenKey:
        """Return the key of `ref`. Raises KeyMissing, KeyDestroyed, or DecryptionError if it was tampered with."""
        kept = self._known(ref)
        if kept is None:
            kept = self._loaded(ref)
        if kept is None:
            kind = ref.kind if isinstance(ref, Owner) else "row"
            raise KeyMissing(f"there is no key for this {kind}")
        return kept.opened()

    def preload(self, refs: Iterable[KeyRef]) -> None:
        """Fetch the keys that are not here yet, in one query. What cannot be had fails when it is asked for."""
        wanted = [ref for ref in set(refs) if self._known(ref) is None]
        if not wanted:
            return
        for row in _rows(wanted):
            with suppress(DecryptionError):
                self._keep(row)

    def make(self, owners: Sequence[Owner]) -> list[UUID]:
        """Insert a fresh DataKey for each of `owners` in the current transaction; their ids in the same order."""
        kek = self.active(KeyPurpose.DATA)
        fresh = [OpenKey.fresh() for _ in owners]
        DataKey.objects.bulk_create(
            DataKey(
                id=key.id,
                owner_kind=owner.kind,
                owner_id=owner.id,
                kek_id=kek.id,
                wrapped_key=aead.seal(kek.cipher, key.secret, owner.key_context(key.id)),
            )
            for owner, key in zip(owners, fresh, strict=True)
        )
        for owner, key in zip(owners, fresh, strict=True):
            kept = _Kept(owner, key_id=key.id, key=key, expires=self._clock() + _KEPT_S)
            kept.await_commit()
            self._put(kept)
        return [key.id for key in fresh]

    def ensure(self, owner: Owner) -> UUID:
        """Return the id of the owner's DataKey, made when there is none. Raises KeyDestroyed."""
        kept = self._known(owner) or self._loaded(owner)
        if kept is not None:
            return kept.opened().id
        try:
            with transaction.atomic():
                return self.make([owner])[0]
        except IntegrityError:
            return self.find(owner).id

    def active(self, purpose: KeyPurpose) -> _Kek:
        """Return the active KeyEncryptionKey of `purpose`. Raises KeyMissing or WrongRootKey."""
        kek = self._active.get(purpose)
        if kek is not None and self._clock() < kek.expires:
            return kek
        row = KeyEncryptionKey.objects.filter(purpose=purpose, state=KeyState.ACTIVE).first()
        if row is None:
            raise KeyMissing(f"this desk has no {purpose} key yet: start it once with manage.py up")
        kek = self._keep_kek(row)
        self._active[purpose] = kek
        return kek

    def forget(self) -> None:
        """Drop everything."""
        with self._lock:
            self._kept.clear()
            self._owned.clear()
            self._keks.clear()
            self._active.clear()

    def drop(self, owner: Owner) -> None:
        """Drop the key of `owner`."""
        with self._lock:
            kept = self._owned.pop(owner.id.int, None)
            if kept is not None:
                self._kept.pop(kept.key_id.int, None)

    def _known(self, ref: KeyRef) -> _Kept | None:
        shelf = self._owned if isinstance(ref, Owner) else self._kept
        with self._lock:
            kept = shelf.get(ref.id.int)
            if kept is None or self._clock() >= kept.expires or not kept.stands():
                return None
            self._kept.move_to_end(kept.key_id.int)
        return kept if isinstance(ref, KeyId) or kept.owner.kind is ref.kind else None

    def _loaded(self, ref: KeyRef) -> _Kept | None:
        row = next(iter(_rows([ref])), None)
        return None if row is None else self._keep(row)

    def _keep(self, row: _Row) -> _Kept:
        key_id, kind, owner_id, kek_id, wrapped = row
        owner = Owner(OwnerKind(kind), owner_id)
        key = None
        if wrapped is not None:
            secret = aead.unseal(self._kek(kek_id).cipher, wrapped, owner.key_context(key_id))
            key = OpenKey(key_id, AESGCM(secret), secret)
        kept = _Kept(owner, key_id=key_id, key=key, expires=self._clock() + _KEPT_S)
        self._put(kept)
        return kept

    def _put(self, kept: _Kept) -> None:
        with self._lock:
            self._kept[kept.key_id.int] = kept
            self._kept.move_to_end(kept.key_id.int)
            self._owned[kept.owner.id.int] = kept
            while len(self._kept) > self._size:
                _, oldest = self._kept.popitem(last=False)
                if self._owned.get(oldest.owner.id.int) is oldest:
                    del self._owned[oldest.owner.id.int]

    def _kek(self, kek_id: UUID) -> _Kek:
        kek = self._keks.get(kek_id)
        if kek is not None and self._clock() < kek.expires:
            return kek
        return self._keep_kek(KeyEncryptionKey.objects.get(pk=kek_id))

    def _keep_kek(self, row: KeyEncryptionKey) -> _Kek:
        secret = unwrap_kek(row)
        kek = _Kek(row.pk, secret, AESGCM(secret), self._clock() + _KEPT_S)
        self._keks[row.pk] = kek
        return kek


def _rows(refs: Sequence[KeyRef]) -> Iterable[_Row]:
    by_id = [ref.id for ref in refs if isinstance(ref, KeyId)]
    condition = Q(pk__in=by_id) if by_id else Q()
    by_kind: dict[OwnerKind, list[UUID]] = defaultdict(list)
    for ref in refs:
        if isinstance(ref, Owner):
            by_kind[ref.kind].append(ref.id)
    for kind, ids in by_kind.items():
        condition |= Q(owner_kind=kind, owner_id__in=ids)
    return DataKey.objects.filter(condition).values_list("id", "owner_kind", "owner_id", "kek_id", "wrapped_key")


def unwrap_kek(row: KeyEncryptionKey) -> bytes:
    """Return the key itself. Raises KeyMissing or WrongRootKey, which name the root key that is wanted."""
    if row.wrapped_key is None:
        raise KeyDestroyed(f"key {row.number} was destroyed")
    source = provider()
    try:
        found = source.root_key_id()
    except KeyMissing as error:
        raise KeyMissing(
            f"this desk was sealed under root key {row.root_key_id}; {error}; "
            f"put the right key there; nothing was changed"
        ) from error
    if found != row.root_key_id:
        raise WrongRootKey(row.root_key_id, found=found, place=source.place)
    return source.unwrap(bytes(row.wrapped_key), context=row.context)


def prove_root_key() -> list[KeyEncryptionKey]:
    """Return every KeyEncryptionKey that is not destroyed, oldest first, once the root key at hand has opened each.

    Raises KeyMissing, WrongRootKey, UnsafeKeyFile or DecryptionError.
    """
    rows = list(KeyEncryptionKey.objects.exclude(state=KeyState.DESTROYED).order_by("number"))
    for row in rows:
        unwrap_kek(row)
    return rows


def lock_keks() -> None:
    """Let nobody else make KeyEncryptionKeys until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('crypto.keks'))")


def make_kek(purpose: KeyPurpose) -> KeyEncryptionKey:
    """Insert a fresh active KeyEncryptionKey, wrapped by the root key. The caller holds `lock_keks`.

    Raises KeyMissing if there is no root key.
    """
    source = provider()
    last = KeyEncryptionKey.objects.order_by("-number").values_list("number", flat=True).first()
    row = KeyEncryptionKey(
        number=(last or 0) + 1, purpose=purpose, provider=source.name, root_key_id=source.root_key_id()
    )
    row.wrapped_key = source.wrap(aead.new_key(), context=row.context)
    row.save(force_insert=True)
    return row


_ring = KeyRing()


def opening_key(ref: KeyRef) -> OpenKey:
    """Return the key to open something of `ref` with. Raises NoPurpose outside of core.context.purpose(...)."""
    current_purpose()
    return _ring.find(ref)


def sealing_key(ref: KeyRef) -> OpenKey:
    """Return the key to seal something of `ref` under: whoever may write need not be able to read."""
    return _ring.find(ref)


def purpose_key(purpose: KeyPurpose) -> bytes:
    """Return the active desk-wide key of `purpose`, 32 bytes."""
    return _ring.active(purpose).secret


def make_key(owner: Owner) -> UUID:
    """Insert a DataKey for `owner` in the current transaction and return its id. Raises IntegrityError on a second."""
    return _ring.make([owner])[0]


def make_keys(owners: Sequence[Owner]) -> list[UUID]:
    """Insert a DataKey for each of `owners` in one statement; their ids in the same order."""
    return _ring.make(owners)


def ensure_key(owner: Owner) -> UUID:
    """Return the id of the owner's DataKey, made in the current transaction when there is none. Raises KeyDestroyed."""
    return _ring.ensure(owner)


def preload(refs: Iterable[KeyRef]) -> None:
    """Fetch the keys of `refs` that are not at hand in one query. A missing one fails where it is used."""
    _ring.preload(refs)


def destroy_key(owner: Owner) -> None:
    """Destroy the owner's DataKey for good. Other processes may still hold it for ten minutes."""
    DataKey.objects.filter(owner_kind=owner.kind, owner_id=owner.id, wrapped_key__isnull=False).update(
        wrapped_key=None, destroyed_at=timezone.now()
    )
    _ring.drop(owner)
    transaction.on_commit(lambda: _ring.drop(owner))


def forget() -> None:
    """Drop every unwrapped key, as after a rotation; the next use reads them again."""
    _ring.forget()
