"""Working hours by the clock on the wall: slots, midnight, days off, and the nights when the clock is changed."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.inboxes.hours import DayOff, Hours, OpenSlot

BERLIN = ZoneInfo("Europe/Berlin")
_DAY = tuple(OpenSlot(weekday, time(9), time(17)) for weekday in range(5))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (datetime(2026, 11, 23, 8, 0, tzinfo=UTC), True),  # Monday, 9:00 in Berlin
        (datetime(2026, 11, 23, 7, 59, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), True),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), False),  # 17:00 is closing time
        (datetime(2026, 11, 22, 10, 0, tzinfo=UTC), False),  # Sunday
        (datetime(2026, 7, 6, 7, 0, tzinfo=UTC), True),  # Monday in summer: 9:00 in Berlin
    ],
)
def test_hours_follow_the_clock_of_the_zone(at: datetime, is_open: bool) -> None:  # noqa: FBT001 - pytest names it
    assert Hours(BERLIN, _DAY).is_open(at) is is_open


def test_without_slots_somebody_is_always_there_but_on_days_off() -> None:
    hours = Hours(BERLIN, days_off=(DayOff(date(2026, 12, 24)),))

    assert hours.is_open(datetime(2026, 12, 23, 22, 59, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 12, 23, 23, 0, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 12, 24, 22, 59, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 12, 24, 23, 0, tzinfo=UTC))


def test_a_day_off_counts_once_or_every_year() -> None:
    once = Hours(BERLIN, _DAY, (DayOff(date(2026, 5, 1)),))
    yearly = Hours(BERLIN, _DAY, (DayOff(date(2026, 5, 1), every_year=True),))
    this_year, later = datetime(2026, 5, 1, 10, tzinfo=UTC), datetime(2028, 5, 1, 10, tzinfo=UTC)

    assert (once.is_open(this_year), once.is_open(later)) == (False, True)
    assert (yearly.is_open(this_year), yearly.is_open(later)) == (False, False)


def test_a_night_shift_is_two_slots_and_midnight_ends_the_first() -> None:
    hours = Hours(BERLIN, (OpenSlot(0, time(22), time(0)), OpenSlot(1, time(0), time(6))))
    monday = datetime(2026, 11, 23, tzinfo=BERLIN)

    worked = [hour for hour in range(48) if hours.is_open(monday + timedelta(hours=hour))]

    assert worked == [22, 23, 24, 25, 26, 27, 28, 29]


def test_the_hour_that_comes_twice_is_open_both_times() -> None:
    hours = Hours(BERLIN, (OpenSlot(6, time(2), time(3)),))  # Sunday, 25 October 2026: 2:30 comes twice

    assert hours.is_open(datetime(2026, 10, 25, 0, 30, tzinfo=UTC))
    assert hours.is_open(datetime(2026, 10, 25, 1, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2026, 10, 25, 2, 30, tzinfo=UTC))


_CLOCK = st.times()
_MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the library's bounds are bare
_ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Chatham", "Africa/Casablanca"])


@settings(deadline=None)  # time depends on the machine
@given(_MOMENTS, _ZONES, st.integers(0, 6), _CLOCK, _CLOCK)
def test_a_slot_holds_exactly_its_clock_times(at: datetime, zone: str, weekday: int, one: time, two: time) -> None:
    opens, closes = sorted((one, two))
    local = at.astimezone(ZoneInfo(zone))
    in_slot = local.weekday() == weekday and opens <= local.time() < closes

    assert Hours(ZoneInfo(zone), (OpenSlot(weekday, opens, closes),)).is_open(at) is (
        in_slot or _all_day(local, weekday, opens, closes)
    )


def _all_day(local: datetime, weekday: int, opens: time, closes: time) -> bool:
    return closes == time(0) and local.weekday() == weekday and opens <= local.time()


@settings(deadline=None)  # time depends on the machine
@given(_MOMENTS, _ZONES)
def test_a_full_week_is_always_open(at: datetime, zone: str) -> None:
    full = tuple(OpenSlot(weekday, time(0), time(0)) for weekday in range(7))

    assert Hours(ZoneInfo(zone), full).is_open(at)
