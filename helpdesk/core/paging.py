"""Keyset cursors: where the next page begins, as an opaque word for an address line."""

import base64
import binascii
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from helpdesk.core.errors import Invalid

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_MOMENT_BYTES: Final = 8
_CURSOR_BYTES: Final = 24


class BadCursor(Invalid):
    """The address holds a place that we did not write."""

    code = "bad_cursor"


def write_cursor(at: datetime, row_id: UUID) -> str:
    """Return the cursor of the row (`at`, `row_id`): 32 letters, safe in a URL. `at` may lie before 1970."""
    micros = (at - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(micros.to_bytes(_MOMENT_BYTES, "big", signed=True) + row_id.bytes).decode()


def read_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Return the moment (UTC) and the id that `write_cursor` was given. Raises BadCursor."""
    try:
        raw = base64.b64decode(cursor.encode("ascii"), altchars=b"-_", validate=True)
        if len(raw) != _CURSOR_BYTES:
            raise BadCursor("that page does not exist; begin at the first one")
        micros = int.from_bytes(raw[:_MOMENT_BYTES], "big", signed=True)
        at = _EPOCH + timedelta(microseconds=micros)
    except (ValueError, binascii.Error, OverflowError) as error:
        raise BadCursor("that page does not exist; begin at the first one") from error
    return at, UUID(bytes=raw[_MOMENT_BYTES:])
