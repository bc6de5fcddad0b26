"""Invitations (RFC 5545, RFC 5546): when, where and who, for a small card; a damaged calendar gives none."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

from icalendar import Calendar, Component
from icalendar.timezone import tzp
from icalendar.timezone.zoneinfo import ZONEINFO

from inbox.mail.mime.charsets import decode
from inbox.mail.mime.guarded import guarded
from inbox.mail.mime.parsed import Address, Invitation
from inbox.mail.mime.plain import clean_line, clean_text

CALENDAR_TYPES = {"text/calendar", "application/ics", "text/x-vcalendar"}
_CONTINENTS = {
    "Africa", "America", "Antarctica", "Arctic", "Asia", "Atlantic", "Australia", "Europe", "Indian", "Pacific",
}  # fmt: skip
_zones: dict[str, ZoneInfo] = {}
_METHODS = {"REQUEST", "CANCEL", "REPLY", "PUBLISH", "COUNTER", "ADD", "REFRESH", "DECLINECOUNTER"}
_MAX_BYTES = 1024 * 1024
_MAX_EVENTS = 10
_MAX_ATTENDEES = 200
_MAX_CHARS = 1_000
_MAX_WORDS_CHARS = 20_000


def load_zones() -> None:
    """Read the time zones of all places, so that they are found later without opening a file."""
    names = {"UTC", "GMT", *(name for name in available_timezones() if name.partition("/")[0] in _CONTINENTS)}
    _zones.update({name: ZoneInfo(name) for name in names})


class _Loaded(ZONEINFO):
    """The zones that are loaded, and no others: a calendar may bring its own, for itself alone."""

    def timezone(self, name: str) -> ZoneInfo | None:
        return _zones.get(name)

    def knows_timezone_id(self, tzid: str) -> bool:
        return tzid in _zones


def read_invitations(data: bytes) -> tuple[Invitation, ...]:
    """Return the events of a calendar file, none when it is damaged, too big or holds none."""
    if len(data) > _MAX_BYTES or b"BEGIN:VEVENT" not in data.upper():
        return ()
    return guarded(_read, data) or ()


def words_of(invitations: Iterable[Invitation]) -> str:
    """Return what invitations say in words, for a mail that has none of its own."""
    pieces = [piece for found in invitations for piece in (found.summary, found.description) if piece]
    return "\n\n".join(dict.fromkeys(pieces))


def _read(data: bytes) -> tuple[Invitation, ...]:
    if not _zones:
        load_zones()
    tzp.use(_Loaded())  # and forget the zones that the calendar before brought along
    text = decode(data, "utf-8").replace("\x00", "")
    found: list[Invitation] = []
    for calendar in Calendar.from_ical(text, multiple=True):
        method = clean_line(str(calendar.get("METHOD", ""))).upper()
        found += [_invitation(event, method) for event in calendar.walk("VEVENT")[:_MAX_EVENTS]]
    return tuple(dict.fromkeys(found))[:_MAX_EVENTS]


def _invitation(event: Component, method: str) -> Invitation:
    starts = event.decoded("DTSTART", None)
    ends = event.decoded("DTEND", None)
    length = event.decoded("DURATION", None)
    if ends is None and isinstance(length, timedelta) and isinstance(starts, date):
        ends = starts + length
    all_day = isinstance(starts, date) and not isinstance(starts, datetime)
    attendees = [address for value in _listed(event.get("ATTENDEE"))[:_MAX_ATTENDEES] if (address := _person(value))]
    return Invitation(
        summary=_line(event.get("SUMMARY")),
        starts=_moment(starts),
        ends=_last_day(ends) if all_day else _moment(ends),
        all_day=all_day,
        floating=isinstance(starts, datetime) and starts.tzinfo is None,
        place=_line(event.get("LOCATION")),
        organiser=next((person for value in _listed(event.get("ORGANIZER")) if (person := _person(value))), None),
        attendees=tuple(attendees),
        method=method if method in _METHODS else "",
        description=clean_text(str(event.get("DESCRIPTION", "")))[:_MAX_WORDS_CHARS].strip(),
        repeats=event.get("RRULE") is not None,
    )


def _listed(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else [value] if value is not None else []


def _line(value: object) -> str:
    first = next(iter(_listed(value)), "")
    return clean_line(str(first))[:_MAX_CHARS]


def _person(value: object) -> Address | None:
    """Return whom a calendar address names: `mailto:` taken off, its CN as the name."""
    address = clean_line(str(value)).strip("'\"<> ")
    address = address[7:] if address.lower().startswith("mailto:") else address
    params = getattr(value, "params", {})
    name = _line(params.get("CN")).strip("\"' ")
    return Address(name, address[:_MAX_CHARS]) if "@" in address or name else None


def _moment(value: object) -> datetime | None:
    """Return an instant in UTC; a day is its first moment, a time without a zone is taken as it stands."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime.combine(value, time(0), tzinfo=UTC) if isinstance(value, date) else None


def _last_day(value: object) -> datetime | None:
    """Return the last day that belongs to it; RFC 5545 3.6.1 names the day after."""
    end = _moment(value)
    return end - timedelta(days=1) if end else None
