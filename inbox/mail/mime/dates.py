"""Dates of headers (RFC 5322 3.3) as aware UTC instants; what cannot be read is None."""

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from inbox.mail.mime.headers import decode_header

_MAX_CHARS = 200


def read_date(raw: bytes) -> datetime | None:
    """Return the instant of a Date header in UTC; without a zone, or with -0000, it is taken as UTC."""
    text = decode_header(raw[:_MAX_CHARS])
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return _read_iso(text)
        year, month, day, hour, minute, second = parts[:6]
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return local - timedelta(seconds=parts[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _read_iso(text: str) -> datetime | None:
    """Read the form of RFC 3339, which some programs write into a Date header."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def received_date(raw: bytes) -> datetime | None:
    """Return when the server named in a Received header took the mail, None when the header does not tell."""
    return read_date(raw.rpartition(b";")[2].strip()) if b";" in raw else None
