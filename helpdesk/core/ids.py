"""Keys of rows: UUIDv7, made by the application because a seal is bound to its row before the row exists."""

import uuid

from uuid_utils.compat import uuid7


def new_id() -> uuid.UUID:
    """Return a fresh UUIDv7 (RFC 9562 5.7): ordered by the millisecond in which it was made."""
    return uuid7()
