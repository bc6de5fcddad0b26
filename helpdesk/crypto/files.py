"""Sealed files: attachments and raw mails, each under a key of its own, in chunks of 64 KiB that open alone.

A file's name is its id; nothing about its content stands in its name or beside it. What is not sealed never touches the
disk. A file is there whole, or not at all.
"""

import errno
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Final
from uuid import UUID

from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage, storages

from helpdesk.core.ids import new_id
from helpdesk.crypto import aead
from helpdesk.crypto.aead import Stream, bound
from helpdesk.crypto.errors import BlobMissing, DecryptionError, StorageFull
from helpdesk.crypto.keyring import KeyRef, OpenKey, opening_key, sealing_key

_FULL: Final = {errno.ENOSPC, errno.EDQUOT}
_PARTIAL: Final = ".part"


@dataclass(frozen=True, slots=True)
class Blob:
    """A sealed file: its id, and the size of its plaintext."""

    id: UUID
    size_bytes: int


def write_blob(chunks: Iterable[bytes], ref: KeyRef, *, kind: str) -> Blob:
    """Seal `chunks` (of any size) into a new file under the key of `ref`, bound to `kind` ("attachment", "raw").

    It is on the disk when this returns. Raises StorageFull, and then no file is left; so it is when `chunks` raises.
    """
    blob_id = new_id()
    stream = aead.new_stream(_file_key(sealing_key(ref), blob_id), aad=_context(blob_id, kind))
    content = _SealedContent(stream, chunks)
    _storage().save(_name(blob_id), content)  # type: ignore[arg-type] # a storage asks for chunks() alone
    return Blob(blob_id, content.size_bytes)


def open_blob(blob_id: UUID, ref: KeyRef, *, kind: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
    """Return an iterator over the plaintext from `start` up to `stop` (excluded; None for the end), chunk by chunk.

    A negative `start` counts from the end. Only the chunks of the range are read, and each is proved before it is
    given: the first one now, when the purpose is asked for, the others while the iterator is read.
    Raises NoPurpose, DecryptionError, BlobMissing, KeyMissing or KeyDestroyed.
    """
    key = _file_key(opening_key(ref), blob_id)
    plain = _opened(blob_id, key, aad=_context(blob_id, kind), span=slice(start, stop))
    return chain([next(plain, b"")], plain)


def delete_blob(blob_id: UUID) -> None:
    """Remove the file; nothing happens when it is gone already."""
    _storage().delete(_name(blob_id))


def find_blobs(*, older_than: datetime) -> Iterator[UUID]:
    """Yield the id of each sealed file that was written before `older_than`, for the sweep of those without a row."""
    for name in _old_names(older_than):
        if not name.endswith(_PARTIAL):
            yield UUID(hex=Path(name).name)


def drop_partials(*, older_than: datetime) -> int:
    """Remove what a crash left half written before `older_than`; how many there were."""
    names = [name for name in _old_names(older_than) if name.endswith(_PARTIAL)]
    for name in names:
        _storage().delete(name)
    return len(names)


class BlobFolder(FileSystemStorage):
    """A folder of sealed files. What `save` gave back survives a power cut; a failed one leaves nothing."""

    def _save(self, name: str, content: "_SealedContent") -> str:
        target = Path(self.path(name))
        partial = target.with_name(target.name + _PARTIAL)
        try:
            _make_folder(target.parent, mode=self.directory_permissions_mode or 0o700)
            _write(partial, content.chunks())
            partial.rename(target)
            _sync(target.parent)
        except OSError as error:
            if error.errno in _FULL:
                raise StorageFull("no room is left for sealed files") from error
            raise
        finally:
            partial.unlink(missing_ok=True)
        return name


class _SealedContent:
    """What a storage is given to save: it seals the chunks as they are asked for, and counts them."""

    def __init__(self, stream: Stream, plain: Iterable[bytes]) -> None:
        self.size_bytes = 0
        self._stream = stream
        self._plain = plain

    def chunks(self) -> Iterator[bytes]:
        yield self._stream.header
        for number, (chunk, last) in enumerate(_even(self._plain)):
            self.size_bytes += len(chunk)
            yield self._stream.seal(number, chunk, last=last)


def _even(chunks: Iterable[bytes]) -> Iterator[tuple[bytearray, bool]]:
    """Yield the same bytes in chunks of 64 KiB, each with whether it is the last, which alone may be shorter."""
    held = bytearray()
    for chunk in chunks:
        left = memoryview(chunk)
        while left:
            if len(held) == aead.CHUNK_BYTES:
                yield held, False
                held = bytearray()
            room = aead.CHUNK_BYTES - len(held)
            held += left[:room]
            left = left[room:]
    yield held, True


def _opened(blob_id: UUID, key: bytes, *, aad: bytes, span: slice) -> Iterator[bytes]:
    try:
        file = _storage().open(_name(blob_id), "rb")
    except FileNotFoundError as error:
        raise BlobMissing(f"the sealed file {blob_id} is gone") from error
    with file:
        body_bytes = file.seek(0, os.SEEK_END) - aead.HEADER_BYTES
        file.seek(0)
        stream = aead.known_stream(key, file.read(aead.HEADER_BYTES), aad=aad)
        yield from _range(file, stream, body_bytes=body_bytes, span=span)


def _range(file: "File[bytes]", stream: Stream, *, body_bytes: int, span: slice) -> Iterator[bytes]:
    """Yield the plaintext of `span`. A span that reaches the end, or lies behind it, proves that the end is there."""
    if body_bytes < aead.TAG_BYTES:
        raise DecryptionError("the sealed file was cut off")
    size = stream.chunk_bytes
    sealed = size + aead.TAG_BYTES
    final = (body_bytes - 1) // sealed
    start, stop, _ = span.indices(body_bytes - (final + 1) * aead.TAG_BYTES)
    first, last = (start // size, (stop - 1) // size) if start < stop else (final, final)
    file.seek(aead.HEADER_BYTES + first * sealed)
    for number in range(first, last + 1):
        plain = stream.unseal(number, file.read(sealed), last=number == final)
        offset = number * size
        wanted = plain[max(0, start - offset) : max(0, stop - offset)]
        if wanted:
            yield wanted


def _file_key(key: OpenKey, blob_id: UUID) -> bytes:
    return aead.derive_key(key.secret, info=bound(b"blob", blob_id.bytes))


def _context(blob_id: UUID, kind: str) -> bytes:
    return bound(b"blob", blob_id.bytes, kind.encode())


def _name(blob_id: UUID) -> str:
    """Return the file's name below two levels of folders, from the random end of the id: its start is only the time."""
    text = blob_id.hex
    return f"{text[-2:]}/{text[-4:-2]}/{text}"


def _storage() -> Storage:
    return storages["blobs"]


def _old_names(older_than: datetime) -> Iterator[str]:
    storage = _storage()
    folders = [""] if storage.exists("") else []
    for _level in range(2):
        folders = [f"{folder}/{name}".lstrip("/") for folder in folders for name in storage.listdir(folder)[0]]
    for folder in folders:
        for name in storage.listdir(folder)[1]:
            if storage.get_modified_time(f"{folder}/{name}") < older_than:
                yield f"{folder}/{name}"


def _make_folder(folder: Path, *, mode: int) -> None:
    for missing in reversed([path for path in (folder, *folder.parents) if not path.exists()]):
        missing.mkdir(mode=mode, exist_ok=True)
        _sync(missing.parent)


def _write(path: Path, chunks: Iterable[bytes]) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        for chunk in chunks:
            left = memoryview(chunk)
            while left:
                left = left[os.write(file, left) :]
        os.fsync(file)
    finally:
        os.close(file)


def _sync(folder: Path) -> None:
    """Make the names in `folder` survive a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
