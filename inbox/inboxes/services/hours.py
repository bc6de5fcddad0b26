"""The working hours of an inbox, read from its rows."""

from zoneinfo import ZoneInfo

from inbox.inboxes.hours import DayOff, Hours, OpenSlot
from inbox.inboxes.models import Inbox


def hours_of(inbox: Inbox) -> Hours:
    """Return when the inbox is staffed, in two queries."""
    slots = inbox.opening_hours.values_list("weekday", "opens", "closes")
    days_off = inbox.holidays.values_list("day", "every_year")
    return Hours(
        ZoneInfo(inbox.time_zone),
        tuple(OpenSlot(weekday, opens, closes) for weekday, opens, closes in slots),
        tuple(DayOff(day, every_year) for day, every_year in days_off),
    )
