"""Where the root key comes from: a file of the service user, or the environment. It never stands in the database."""

import base64
import hmac
import os
import stat
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from helpdesk.crypto import aead
from helpdesk.crypto.errors import KeyMissing, UnsafeKeyFile
from helpdesk.settings import env

_ID_LABEL: Final = b"postern root key id"
_ID_LENGTH: Final = 8
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_VARIABLE: Final = "POSTERN_ROOT_KEY"


class KeyProvider(ABC):
    """Something that wraps and unwraps KeyEncryptionKeys. `place` says in messages where its root key is looked for."""

    name: str
    place: str

    @abstractmethod
    def _read(self) -> bytes:
        """Return the root key. Raises KeyMissing or UnsafeKeyFile."""

    @abstractmethod
    def make(self) -> None:
        """Make a root key where there is none. Raises KeyMissing if this provider cannot."""

    def root_key_id(self) -> str:
        """Return the short public id of the root key: it names the key and tells nothing about it."""
        return hmac.digest(self._read(), _ID_LABEL, "sha256").hex()[:_ID_LENGTH]

    def wrap(self, key: bytes, *, context: bytes) -> bytes:
        """Return `key` sealed under the root key and bound to `context`."""
        return aead.seal(AESGCM(self._read()), key, context)

    def unwrap(self, wrapped: bytes, *, context: bytes) -> bytes:
        """Return the key that `wrap` sealed. Raises DecryptionError if the root key, `wrapped` or `context` differs."""
        return aead.unseal(AESGCM(self._read()), wrapped, context)


class KeyFileProvider(KeyProvider):
    """Reads the root key from a file that only its owner may read (mode 0400 or 0600)."""

    name = "file"

    def __init__(self, path: Path) -> None:
        """Read from `path`, each time anew: a key taken away is gone when the key ring forgets."""
        self.path = path
        self.place = str(path)

    def make(self) -> None:
        """Make the file with a fresh key."""
        make_root_key(self.path)

    def _read(self) -> bytes:
        try:
            with self.path.open("rb") as file:
                mode = os.fstat(file.fileno()).st_mode
                if mode & _OTHERS:
                    raise UnsafeKeyFile(
                        f"{self.place} has mode {stat.S_IMODE(mode):04o}: others may use the root key; "
                        f"chmod 0400 it, and think about who has read it"
                    )
                return _decode(file.read(), place=self.place)
        except OSError as error:
            raise KeyMissing(f"the root key cannot be read from {self.place}: {error.strerror}") from error


class EnvironmentProvider(KeyProvider):
    """Takes the root key from POSTERN_ROOT_KEY (or the file that POSTERN_ROOT_KEY_FILE names, unchecked).

    Weaker than a file of one's own: the environment of a process can be read in /proc by its user.
    """

    name = "environment"
    place = _VARIABLE

    def make(self) -> None:
        """Refuse: nobody can set a variable for the next start."""
        raise KeyMissing(f"{_VARIABLE} is not set; make a key with: openssl rand -hex 32")

    def _read(self) -> bytes:
        text = env.text(_VARIABLE, "")
        if not text:
            raise KeyMissing(f"{_VARIABLE} is not set")
        return _decode(text.encode(), place=_VARIABLE)


def provider() -> KeyProvider:
    """Return the provider that the settings name."""
    if KeyFileProvider.name == settings.KEY_PROVIDER:
        return KeyFileProvider(settings.ROOT_KEY_FILE)
    if EnvironmentProvider.name == settings.KEY_PROVIDER:
        return EnvironmentProvider()
    raise ImproperlyConfigured(f"POSTERN_KEY_PROVIDER must be file or environment, not {settings.KEY_PROVIDER!r}")


def make_root_key(path: Path) -> None:
    """Write a fresh root key to `path`, mode 0400. Never touches a file that is there: raises FileExistsError."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    try:
        os.write(file, base64.b64encode(aead.new_key()) + b"\n")
        os.fsync(file)
    finally:
        os.close(file)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _decode(text: bytes, *, place: str) -> bytes:
    """Return the 32 bytes that `text` spells in hex or base64."""
    word = text.strip()
    try:
        is_hex = len(word) == 2 * aead.KEY_BYTES
        key = bytes.fromhex(word.decode("ascii")) if is_hex else base64.b64decode(word, validate=True)
    except ValueError as error:
        raise UnsafeKeyFile(f"{place} does not hold a root key: neither hex nor base64") from error
    if len(key) != aead.KEY_BYTES:
        raise UnsafeKeyFile(f"{place} does not hold a root key: {len(key)} bytes instead of {aead.KEY_BYTES}")
    return key
