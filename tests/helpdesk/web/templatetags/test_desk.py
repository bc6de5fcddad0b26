"""Icons, times, initials and the hidden field of a form."""

import re
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import time_machine
from django.utils import timezone

from helpdesk.web.templatetags.desk import (
    age,
    ago,
    delivery_kind,
    folder_icon,
    hue,
    icon,
    initials,
    moment,
    of,
    once,
    qr,
    tally,
    unlabelled,
    utc,
)
from inbox.tickets.states import Folder

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (timedelta(seconds=-5), "now"),
        (timedelta(seconds=59), "now"),
        (timedelta(minutes=1), "1m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=1), "1h"),
        (timedelta(hours=23, minutes=59), "23h"),
        (timedelta(days=1), "1d"),
        (timedelta(days=6, hours=23), "6d"),
        (timedelta(days=7), "18 Nov"),
        (timedelta(days=400), "21 Oct 2025"),
    ],
)
def test_age_is_as_short_as_it_can_be(passed: timedelta, shown: str) -> None:
    with time_machine.travel(NOW, tick=False):
        assert age(NOW - passed) == shown


def test_moment_is_shown_in_the_readers_zone_and_kept_in_utc() -> None:
    with time_machine.travel(NOW, tick=False), timezone.override("Europe/Berlin"):
        shown = moment(datetime(2026, 11, 25, 9, 5, tzinfo=UTC))

    assert shown == ('<time datetime="2026-11-25T09:05:00Z" title="2026-11-25 10:05:00 CET">25 Nov, 10:05</time>')


def test_moment_of_another_year_names_it() -> None:
    with time_machine.travel(NOW, tick=False):
        assert ">31 Dec 2025, 23:59<" in moment(datetime(2025, 12, 31, 23, 59, tzinfo=UTC))


def test_ago_carries_the_whole_moment() -> None:
    with time_machine.travel(NOW, tick=False):
        assert ago(NOW - timedelta(minutes=3)) == (
            '<time datetime="2026-11-25T11:57:00Z" title="2026-11-25 11:57:00 UTC">3m</time>'
        )


def test_utc_stays_utc_in_any_zone() -> None:
    with timezone.override("Asia/Tokyo"):
        assert ">2026-11-25 12:00:00<" in utc(NOW)


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maja Lind", "ML"),
        ("Bjørn", "B"),
        ("ana maria costa", "AC"),
        ("tom@desk.example", "TD"),
        ("李 明", "李明"),
        ("<script>", "?"),
        ("", "?"),
        ("  -- ", "?"),
    ],
)
def test_initials_are_letters(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_hue_is_the_same_for_the_same_name() -> None:
    assert hue("Maja Lind") == hue("maja lind")
    assert {hue(f"person {n}") for n in range(100)} == set(range(6))


def test_of_finds_what_a_mapping_holds() -> None:
    assert (of({1: "a"}, 1), of({1: "a"}, 2), of(None, 1)) == ("a", None, None)


@pytest.mark.parametrize(("count", "shown"), [(0, ""), (1, "1"), (99, "99"), (100, "99+")])
def test_tally_stops_at_99(count: int, shown: str) -> None:
    assert tally(count) == shown


def test_every_folder_has_an_icon_of_its_own() -> None:
    assert len({folder_icon(folder) for folder in Folder}) == len(Folder)


def test_delivery_has_a_colour_for_a_refusal_and_none_for_what_is_unknown() -> None:
    assert (delivery_kind("refused"), delivery_kind("?")) == ("danger", "off")


def test_a_subject_of_blanks_gets_words() -> None:
    assert (unlabelled("  "), unlabelled(" Hello ")) == ("(no subject)", "Hello")


def test_icon_is_hidden_from_readers_and_escapes_its_name() -> None:
    assert icon("reply", 20) == (
        '<svg class="icon" width="20" height="20" aria-hidden="true"><use href="/static/img/icons.svg#reply"/></svg>'
    )
    assert "<b>" not in icon("<b>")


def test_once_is_a_fresh_uuid_each_time() -> None:
    values = [re.findall(r'value="([^"]+)"', once())[0] for _ in range(2)]

    assert values[0] != values[1]
    assert [str(UUID(value)) for value in values] == values


def test_qr_is_a_drawing_without_the_text() -> None:
    drawn = qr("otpauth://totp/x?secret=JBSWY3DPEHPK3PXP")

    assert drawn.startswith('<svg class="qr" viewBox="0 0 ')
    assert "JBSWY3DP" not in drawn
    assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", re.findall(r' d="([^"]+)"', drawn)[0])
