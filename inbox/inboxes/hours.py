"""Working hours: when an inbox is staffed, in its own time zone. Pure values, no rows."""

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Final
from zoneinfo import ZoneInfo

_MIDNIGHT: Final = time(0)


@dataclass(frozen=True, slots=True)
class OpenSlot:
    """A stretch of one weekday (0 is Monday) from `opens` up to, not with, `closes`; midnight there ends the day."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class DayOff:
    """A day without work, each year when `every_year`."""

    day: date
    every_year: bool = False


@dataclass(frozen=True, slots=True)
class Hours:
    """The working hours of an inbox. Without a slot it is staffed at any time but on days off."""

    zone: ZoneInfo
    slots: tuple[OpenSlot, ...] = ()
    days_off: tuple[DayOff, ...] = field(default_factory=tuple)

    def is_open(self, at: datetime) -> bool:
        """Return whether somebody works at the aware moment `at`, by the clock on the wall of the zone."""
        local = at.astimezone(self.zone)
        if any(_falls_on(off, local.date()) for off in self.days_off):
            return False
        today = [slot for slot in self.slots if slot.weekday == local.weekday()]
        clock = local.time()
        return not self.slots or any(_holds(slot, clock) for slot in today)


def _holds(slot: OpenSlot, clock: time) -> bool:
    return slot.opens <= clock and (clock < slot.closes or slot.closes == _MIDNIGHT)


def _falls_on(off: DayOff, day: date) -> bool:
    if off.every_year:
        return (off.day.month, off.day.day) == (day.month, day.day)
    return off.day == day
