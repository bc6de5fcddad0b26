"""What can go wrong with keys and seals. Pure: no Django; the words for a `code` stand in `web/`."""

from helpdesk.core.errors import Unavailable


class CryptoError(Exception):
    """Something sealed cannot be opened, or a key cannot be used. `code` is stable and names the case."""

    code = "crypto"


class DecryptionError(CryptoError):
    """The bytes are not what was sealed here: changed, cut, moved or of another row. An integrity failure."""

    code = "integrity"


class BlobMissing(DecryptionError):
    """A sealed file that a row names is not there. An integrity failure too."""

    code = "blob_missing"


class KeyMissing(CryptoError):
    """There is no such key: no DataKey for this owner, no KeyEncryptionKey, or no root key."""

    code = "key_missing"


class KeyDestroyed(CryptoError):
    """The key was destroyed on purpose; what was sealed under it is gone for good."""

    code = "key_destroyed"


class WrongRootKey(CryptoError):
    """The root key at hand is not the one that the desk was sealed under. `wanted` and `found` are short public ids."""

    code = "wrong_root_key"

    def __init__(self, wanted: str, *, found: str, place: str) -> None:
        """Name the key that is wanted, the one that was found and the place where it was looked for."""
        super().__init__(
            f"this desk was sealed under root key {wanted}; {place} holds {found}; "
            f"put the right key there; nothing was changed"
        )
        self.wanted = wanted
        self.found = found


class UnsafeKeyFile(CryptoError):
    """The key file can be read or written by others than its owner, or does not hold a key."""

    code = "unsafe_key_file"


class StorageFull(Unavailable):
    """No room is left for sealed files; nothing was written."""

    code = "storage_full"
