"""A record is one line: nothing in it can begin a second one."""

import logging
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.core.logs import LineFormatter


def line(message: str = "mail stored", *args: object, **extra: object) -> str:
    """Return a record as it is written."""
    record = logging.LogRecord("inbox.mail", logging.INFO, __file__, 1, message, args, None)
    vars(record).update(extra)
    return LineFormatter().format(record)


def test_a_line_names_time_level_logger_message_and_facts_in_order() -> None:
    written = line("mail %s stored", 7, raw="ab", bytes=12)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO inbox\.mail mail 7 stored bytes=12 raw=ab", written)


def test_a_line_without_facts_ends_with_its_message() -> None:
    assert line().endswith("INFO inbox.mail mail stored")


def test_what_django_adds_is_left_out() -> None:
    assert line(request="<WSGIRequest>", server_time="x", status_code=500).endswith("mail stored")


@given(message=st.text(), value=st.text())
def test_nothing_begins_a_second_line(message: str, value: str) -> None:
    written = line("%s", message, value=value)

    assert "\n" not in written
    assert "\r" not in written


def test_a_traceback_follows_its_line() -> None:
    try:
        int("x")
    except ValueError:
        written = line(exc_info=sys.exc_info()).splitlines()

    assert written[0].endswith("mail stored")
    assert written[1] == "Traceback (most recent call last):"
    assert written[-1] == "ValueError: invalid literal for int() with base 10: 'x'"


@pytest.mark.parametrize("value", ["a\nb", "a\rb", "a\r\nb"])
def test_a_line_end_is_written_out(value: str) -> None:
    assert line(value=value).endswith("value=" + value.replace("\r", "\\r").replace("\n", "\\n"))


class _DatabaseSays(Exception):
    """Speaks as the database does: its words, then the values of the row that they are about."""

    def __str__(self) -> str:
        return (
            'duplicate key value violates unique constraint "one_address"\n'
            "DETAIL:  Key (email)=(kim@example.org) already exists.\nand kim@example.org again"
        )


def test_the_values_of_a_row_stay_out_of_a_traceback() -> None:
    error = _DatabaseSays()
    info = (_DatabaseSays, error, None)

    assert "kim@example.org" in logging.Formatter().formatException(info)
    written = line(exc_info=info)
    assert "kim@example.org" not in written
    assert written.endswith('duplicate key value violates unique constraint "one_address"')
