"""Cursors come back as they were written, and nothing else is taken for one."""

import base64
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.core.paging import BadCursor, read_cursor, write_cursor

MOMENTS = st.datetimes(timezones=st.just(UTC))
KEY = UUID("01890000-0000-7000-8000-000000000001")


@given(at=MOMENTS, row_id=st.uuids())
def test_a_cursor_comes_back_as_it_was_written(at: datetime, row_id: UUID) -> None:
    cursor = write_cursor(at, row_id)

    assert read_cursor(cursor) == (at, row_id)
    assert len(cursor) == 32
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize("before", [timedelta(microseconds=1), timedelta(days=365 * 70, microseconds=7)])
def test_a_moment_before_1970_has_a_cursor(before: timedelta) -> None:
    at = datetime(1970, 1, 1, tzinfo=UTC) - before

    assert read_cursor(write_cursor(at, KEY)) == (at, KEY)


@given(text=st.text(max_size=40))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    try:
        at, row_id = read_cursor(text)
    except BadCursor:
        return
    assert write_cursor(at, row_id) == text


@given(raw=st.binary(min_size=24, max_size=24))
def test_any_24_bytes_are_a_cursor_or_refused(raw: bytes) -> None:
    text = base64.urlsafe_b64encode(raw).decode()
    try:
        at, row_id = read_cursor(text)
    except BadCursor:
        return
    assert write_cursor(at, row_id) == text


@pytest.mark.parametrize(
    "text", ["", "x", "A" * 31, "A" * 33, "A" * 36, "Ä" * 32, "A" * 16 + " " * 16, "f" * 32, "f" + "_" * 31, "=" * 32]
)
def test_a_word_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor) as refused:
        read_cursor(text)

    assert (refused.value.code, refused.value.status) == ("bad_cursor", 422)


def test_a_good_word_is_taken() -> None:
    assert read_cursor("A" * 32) == (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))
