"""Sealed files: whole, in ranges, tampered with in every way, and on a full disk."""

import errno
import os
import resource
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st
from pytest_django import Settings

from helpdesk.core.context import NoPurpose, Purpose, purpose
from helpdesk.core.ids import new_id
from helpdesk.crypto import files, keyring
from helpdesk.crypto.errors import BlobMissing, DecryptionError, KeyDestroyed, KeyMissing, StorageFull
from helpdesk.crypto.files import Blob, delete_blob, drop_partials, find_blobs, open_blob, write_blob
from helpdesk.crypto.keyring import Owner, OwnerKind

CHUNK = 65536
SEALED = CHUNK + 16
HEADER = 9


@pytest.fixture
def folder(db: None, settings: Settings, tmp_path: Path) -> Path:
    """An empty blob store, which does not exist yet."""
    backend = settings.STORAGES["blobs"]["BACKEND"]
    place = tmp_path / "blobs"
    options = {"location": str(place), "directory_permissions_mode": 0o700}
    settings.STORAGES = {**settings.STORAGES, "blobs": {"BACKEND": backend, "OPTIONS": options}}
    return place


@pytest.fixture
def owner(folder: Path) -> Owner:
    """A ticket with a key."""
    ticket = Owner(OwnerKind.TICKET, new_id())
    keyring.make_key(ticket)
    return ticket


def path_of(folder: Path, blob_id: uuid.UUID) -> Path:
    (path,) = folder.glob(f"*/*/{blob_id.hex}")
    return path


def read(blob: Blob, owner: Owner, *, start: int = 0, stop: int | None = None) -> bytes:
    with purpose(Purpose.VIEW):
        return b"".join(open_blob(blob.id, owner, kind="attachment", start=start, stop=stop))


def plaintext(size: int) -> bytes:
    return bytes(at * 31 % 251 for at in range(size))


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7])
def test_a_file_comes_back_whole_and_is_sealed(folder: Path, owner: Owner, size: int) -> None:
    plain = plaintext(size)

    blob = write_blob([plain], owner, kind="attachment")

    assert blob.size_bytes == size
    assert read(blob, owner) == plain
    path = path_of(folder, blob.id)
    assert path.stat().st_size == HEADER + size + 16 * max(1, -(-size // CHUNK))
    assert size == 0 or plain[:64] not in path.read_bytes() or size == 1


@budget(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.integers(min_value=0, max_value=2 * CHUNK + 3), max_size=5))
def test_chunks_of_any_size_make_the_same_file(owner: Owner, sizes: list[int]) -> None:
    plain = plaintext(sum(sizes))
    chunks = [plain[sum(sizes[:at]) : sum(sizes[: at + 1])] for at in range(len(sizes))]

    blob = write_blob(iter(chunks), owner, kind="attachment")

    assert read(blob, owner) == plain


@pytest.mark.parametrize("size", [0, 10, 2 * CHUNK, 2 * CHUNK + 5])
def test_every_range_is_a_slice(owner: Owner, size: int) -> None:
    plain = plaintext(size)
    blob = write_blob([plain], owner, kind="attachment")
    edges = [0, 1, 9, 10, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5, 5 * CHUNK, -3]

    for start in edges:
        for stop in [None, *edges]:
            assert read(blob, owner, start=start, stop=stop) == plain[start:stop]


def test_a_range_opens_only_its_own_chunks(folder: Path, owner: Owner) -> None:
    plain = plaintext(4 * CHUNK)
    blob = write_blob([plain], owner, kind="attachment")
    path = path_of(folder, blob.id)
    sealed = bytearray(path.read_bytes())
    for chunk in (0, 1, 3):
        sealed[HEADER + chunk * SEALED] ^= 1
    path.write_bytes(sealed)

    assert read(blob, owner, start=2 * CHUNK + 5, stop=3 * CHUNK) == plain[2 * CHUNK + 5 : 3 * CHUNK]
    for start, stop in [(CHUNK, 3 * CHUNK), (2 * CHUNK, None), (9 * CHUNK, None), (-5, None)]:
        with pytest.raises(DecryptionError):
            read(blob, owner, start=start, stop=stop)


def flip(at: int) -> Callable[[bytes], bytes]:
    return lambda sealed: sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]


def chunks_of(sealed: bytes) -> list[bytes]:
    return [sealed[at : at + SEALED] for at in range(HEADER, len(sealed), SEALED)]


def reorder(*order: int) -> Callable[[bytes], bytes]:
    return lambda sealed: sealed[:HEADER] + b"".join(chunks_of(sealed)[at] for at in order)


TAMPERINGS: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda _sealed: b"",
    "header alone": lambda sealed: sealed[:HEADER],
    "header cut": lambda sealed: sealed[: HEADER - 1],
    "cut at a chunk": lambda sealed: sealed[: HEADER + SEALED],
    "cut at two chunks": lambda sealed: sealed[: HEADER + 2 * SEALED],
    "cut inside a chunk": lambda sealed: sealed[: HEADER + SEALED + 100],
    "cut inside a tag": lambda sealed: sealed[: HEADER + 5],
    "last byte cut": lambda sealed: sealed[:-1],
    "byte appended": lambda sealed: sealed + b"x",
    "chunk appended": lambda sealed: sealed + chunks_of(sealed)[0],
    "last chunk doubled": lambda sealed: sealed + chunks_of(sealed)[2],
    "swapped": reorder(1, 0, 2),
    "first dropped": reorder(1, 2),
    "middle dropped": reorder(0, 2),
    "doubled": reorder(0, 0, 1, 2),
    "last first": reorder(2, 1, 0),
    **{f"header byte {at}": flip(at) for at in range(HEADER)},
    "first chunk": flip(HEADER),
    "middle chunk": flip(HEADER + SEALED + 77),
    "last tag": flip(-1 + HEADER + 2 * SEALED + 100 + 16),
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_a_file_that_was_tampered_with_is_refused(folder: Path, owner: Owner, name: str) -> None:
    blob = write_blob([plaintext(2 * CHUNK + 100)], owner, kind="attachment")
    path = path_of(folder, blob.id)
    whole = path.read_bytes()

    path.write_bytes(TAMPERINGS[name](whole))

    with pytest.raises(DecryptionError):
        read(blob, owner)
    path.write_bytes(whole)
    assert read(blob, owner) == plaintext(2 * CHUNK + 100)


def test_a_small_file_refuses_every_changed_byte_and_every_cut(folder: Path, owner: Owner) -> None:
    blob = write_blob([b"short"], owner, kind="attachment")
    path = path_of(folder, blob.id)
    whole = path.read_bytes()

    for at in range(len(whole)):
        for changed in (flip(at)(whole), whole[:at]):
            path.write_bytes(changed)
            with pytest.raises(DecryptionError):
                read(blob, owner)


def test_a_file_opens_under_its_own_id_key_and_kind_alone(folder: Path, owner: Owner, opened: None) -> None:
    blob, other = (write_blob([plain], owner, kind="attachment") for plain in (b"one", b"two"))
    stranger = Owner(OwnerKind.TICKET, new_id())
    keyring.make_key(stranger)

    assert list(open_blob(blob.id, owner, kind="attachment")) == [b"one"]
    with pytest.raises(DecryptionError):
        open_blob(blob.id, owner, kind="raw")
    with pytest.raises(DecryptionError):
        open_blob(blob.id, stranger, kind="attachment")
    path_of(folder, blob.id).write_bytes(path_of(folder, other.id).read_bytes())
    with pytest.raises(DecryptionError):
        open_blob(blob.id, owner, kind="attachment")


def test_opening_demands_a_purpose_before_anything_is_read(owner: Owner) -> None:
    blob = write_blob([b"plain"], owner, kind="attachment")

    with pytest.raises(NoPurpose):
        open_blob(blob.id, owner, kind="attachment")
    with purpose(Purpose.VIEW):
        chunks = open_blob(blob.id, owner, kind="attachment")
    assert list(chunks) == [b"plain"]


def test_a_file_without_its_key_is_neither_written_nor_read(folder: Path, owner: Owner) -> None:
    blob = write_blob([b"plain"], owner, kind="attachment")

    with pytest.raises(KeyMissing):
        write_blob([b"plain"], Owner(OwnerKind.TICKET, new_id()), kind="attachment")
    keyring.destroy_key(owner)
    with pytest.raises(KeyDestroyed):
        read(blob, owner)
    assert len(list(folder.glob("*/*/*"))) == 1


def test_a_deleted_file_is_missing(folder: Path, owner: Owner) -> None:
    blob = write_blob([b"plain"], owner, kind="attachment")

    delete_blob(blob.id)
    delete_blob(blob.id)

    with pytest.raises(BlobMissing):
        read(blob, owner)


def test_files_and_folders_are_the_owners_alone(folder: Path, owner: Owner) -> None:
    path = path_of(folder, write_blob([b"plain"], owner, kind="attachment").id)

    assert [oct(place.stat().st_mode & 0o777) for place in (path, *list(path.parents)[:3])] == [
        "0o600",
        "0o700",
        "0o700",
        "0o700",
    ]
    assert path.relative_to(folder).parts == (path.name[-2:], path.name[-4:-2], path.name)


def fail_after(writes: int, code: int) -> Callable[[int, memoryview], int]:
    real, done = os.write, []

    def write(file: int, data: memoryview) -> int:
        done.append(file)
        if len(done) > writes:
            raise OSError(code, os.strerror(code))
        return real(file, data[: max(1, len(data) // 2)])

    return write


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_leaves_nothing(folder: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    with monkeypatch.context() as full:
        full.setattr(os, "write", fail_after(5, code))
        with pytest.raises(StorageFull) as caught:
            write_blob([plaintext(3 * CHUNK)], owner, kind="attachment")

    assert (caught.value.code, caught.value.status, caught.value.again) == ("storage_full", 503, True)
    assert list(folder.glob("*/*/*")) == []
    blob = write_blob([plaintext(3 * CHUNK)], owner, kind="attachment")
    assert read(blob, owner) == plaintext(3 * CHUNK)


def test_another_fault_of_the_disk_is_no_full_disk(folder: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", fail_after(1, errno.EIO))

    with pytest.raises(OSError, match="Input/output error"):
        write_blob([b"plain"], owner, kind="attachment")

    assert list(folder.glob("*/*/*")) == []


def test_short_writes_are_finished(folder: Path, owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "write", fail_after(10**6, errno.EIO))

    blob = write_blob([plaintext(CHUNK + 1)], owner, kind="attachment")

    assert read(blob, owner) == plaintext(CHUNK + 1)


def test_a_source_that_fails_leaves_nothing(folder: Path, owner: Owner) -> None:
    def source() -> Iterator[bytes]:
        yield plaintext(2 * CHUNK)
        raise ConnectionError

    with pytest.raises(ConnectionError):
        write_blob(source(), owner, kind="attachment")

    assert list(folder.glob("*/*/*")) == []


def test_what_is_half_written_is_sealed_and_apart(folder: Path, owner: Owner) -> None:
    seen: list[tuple[str, bool]] = []

    def source() -> Iterator[bytes]:
        yield b"needle " * CHUNK
        seen.extend((path.suffix, b"needle" in path.read_bytes()) for path in folder.glob("*/*/*"))

    write_blob(source(), owner, kind="attachment")

    assert seen == [(".part", False)]


def test_names_are_made_safe_before_the_file_is_called_stored(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[str] = []
    real = os.fsync

    def fsync(file: int) -> None:
        synced.append(Path(f"/proc/self/fd/{file}").readlink().name)
        real(file)

    monkeypatch.setattr(os, "fsync", fsync)
    name = write_blob([b"plain"], owner, kind="attachment").id.hex

    assert synced[-2:] == [f"{name}.part", name[-4:-2]]
    assert "blobs" in synced


def test_old_files_are_found_and_what_a_crash_left_is_dropped(folder: Path, owner: Owner) -> None:
    now = timezone.now()
    assert list(find_blobs(older_than=now)) == []
    old, new = (write_blob([b"plain"], owner, kind="attachment").id for _ in range(2))
    before = (now - timedelta(hours=25)).timestamp()
    left = path_of(folder, old).with_suffix(".part")
    left.write_bytes(b"")
    fresh = path_of(folder, new).with_suffix(".part")
    fresh.write_bytes(b"")
    for path in (left, path_of(folder, old)):
        os.utime(path, (before, before))

    assert list(find_blobs(older_than=now - timedelta(hours=24))) == [old]
    assert drop_partials(older_than=now - timedelta(hours=24)) == 1
    assert (left.exists(), fresh.exists(), path_of(folder, new).exists()) == (False, True, True)


def test_a_big_file_takes_no_memory(owner: Owner) -> None:
    chunk = plaintext(CHUNK) * 16
    write_blob([chunk], owner, kind="attachment")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    blob = write_blob((chunk for _ in range(64)), owner, kind="attachment")
    with purpose(Purpose.EXPORT):
        size = sum(len(part) for part in open_blob(blob.id, owner, kind="attachment"))

    assert size == 64 * len(chunk) == blob.size_bytes
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8 * 1024


def test_the_store_is_a_folder_of_sealed_files() -> None:
    assert isinstance(storages["blobs"], files.BlobFolder)
