"""Keyset cursors: where the next page begins, as an opaque word for an address line."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from helpdesk.core.errors import Invalid

_MICROSECONDS = 1_000_000


class BadCursor(Invalid):
    """The address holds a place that we did not write."""

    code = "bad_cursor"


def write_cursor(at: datetime, row_id: UUID) -> str:
    """Return the cursor of the row (`at`, `row_id`): 32 letters, safe in a URL."""
    micros = int(at.timestamp()) * _MICROSECONDS + at.microsecond
    return base64.urlsafe_b64encode(micros.to_bytes(8, "big") + row_id.bytes).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the moment (UTC) and the id that `write_cursor` was given. Raises BadCursor."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if len(raw) != 24:
            raise BadCursor("that page does not exist; begin at the first one")
        seconds, micros = divmod(int.from_bytes(raw[:8], "big"), _MICROSECONDS)
        at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)
    except (ValueError, binascii.Error, OverflowError, OSError) as error:
        raise BadCursor("that page does not exist; begin at the first one") from error
    return at, UUID(bytes=raw[8:])
