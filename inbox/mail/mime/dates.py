"""Dates of headers (RFC 5322 3.3) as aware UTC instants; what cannot be read is None."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz

from inbox.mail.mime.headers import decode_header

_MAX_CHARS = 200
_ZONE_AND_OFFSET = re.compile(r"\b(?:GMT|UTC?)\s?([+-]\d{4})\b")
_WORD = re.compile(r"[^\W\d_]{3,9}\.?")
_WORDS = {
    "mär": "Mar", "märz": "Mar", "mai": "May", "okt": "Oct", "dez": "Dec", "févr": "Feb", "mars": "Mar", "avr": "Apr",
    "juin": "Jun", "juil": "Jul", "août": "Aug", "déc": "Dec", "ene": "Jan", "abr": "Apr", "ago": "Aug", "dic": "Dec",
    "gen": "Jan", "mag": "May", "giu": "Jun", "lug": "Jul", "set": "Sep", "ott": "Oct", "fev": "Feb", "out": "Oct",
    "mrt": "Mar", "mei": "May", "maj": "May", "des": "Dec",
    "cet": "+0100", "cest": "+0200", "mez": "+0100", "mesz": "+0200", "bst": "+0100", "west": "+0100", "eet": "+0200",
    "eest": "+0300", "msk": "+0300", "jst": "+0900", "kst": "+0900", "hkt": "+0800", "sgt": "+0800", "aest": "+1000",
    "aedt": "+1100", "nzst": "+1200", "nzdt": "+1300",
}  # fmt: skip


def read_date(raw: bytes) -> datetime | None:
    """Return the instant of a Date header in UTC; without a zone, or with -0000, it is taken as UTC."""
    text = _in_english(decode_header(raw[:_MAX_CHARS]).strip("\"' "))
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return _read_iso(text)
        year, month, day, hour, minute, second = parts[:6]
        local = datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        return local - timedelta(seconds=parts[9] or 0)
    except (ValueError, OverflowError, IndexError, TypeError):
        return None


def _in_english(text: str) -> str:
    """Write the months and time zones that programs name in their own language as RFC 5322 does."""
    text = _ZONE_AND_OFFSET.sub(r"\1", text)
    return _WORD.sub(lambda found: _WORDS.get(found[0].lower().rstrip("."), found[0]), text)


def _read_iso(text: str) -> datetime | None:
    """Read the form of RFC 3339, which some programs write into a Date header."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def received_date(raw: bytes) -> datetime | None:
    """Return when the server named in a Received header took the mail, None when the header does not tell."""
    return read_date(raw.rpartition(b";")[2].strip()) if b";" in raw else None
