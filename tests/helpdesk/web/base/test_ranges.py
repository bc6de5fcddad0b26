"""A request's range after RFC 9110: a part of the bytes, the whole, or a refusal, and never anything else."""

import pytest
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.web.base.ranges import Span, Unsatisfiable, span_of

ETAG = '"abc"'


def span(header: str, size: int = 1000, *, if_range: str = "") -> Span | None:
    """Return the part that a request with this header asks for."""
    headers = {"Range": header} | ({"If-Range": if_range} if if_range else {})
    return span_of(RequestFactory().get("/", headers=headers), size, etag=ETAG)


@pytest.mark.parametrize(
    ("header", "start", "stop"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-499", 0, 500),
        ("bytes=500-", 500, 1000),
        ("bytes=999-", 999, 1000),
        ("bytes=500-5000", 500, 1000),
        ("bytes=-1", 999, 1000),
        ("bytes=-5000", 0, 1000),
        ("BYTES=1-2", 1, 3),
        ("bytes= 1-2", 1, 3),
    ],
)
def test_a_single_range_is_a_part(header: str, start: int, stop: int) -> None:
    assert span(header) == Span(start, stop, 1000)


@pytest.mark.parametrize(
    "header",
    ["", "bytes", "bytes=", "bytes=-", "bytes=2-1", "bytes=0-1,5-6", "lines=0-1", "bytes=a-b", "bytes=0x1-2", "bytes=1",
     "bytes=-1-2", "bytes=\u0661-2", "bytes=" + "9" * 19 + "-", "bytes=1-2;"],
)  # fmt: skip
def test_what_is_no_single_range_is_the_whole(header: str) -> None:
    assert span(header) is None


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-", 1000), ("bytes=9999-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0)]
)
def test_a_range_behind_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(Unsatisfiable):
        span(header, size)

    assert span("bytes=999-", 1000) == Span(999, 1000, 1000)


def test_the_end_of_an_empty_file_is_the_whole() -> None:
    assert span("bytes=-5", 0) is None


@pytest.mark.parametrize(
    ("if_range", "is_part"), [(ETAG, True), ('"other"', False), ('W/"abc"', False), ("Mon", False)]
)
def test_a_part_is_given_of_the_same_file_alone(
    if_range: str,
    is_part: bool,  # noqa: FBT001 - the expected value
) -> None:
    assert (span("bytes=0-1", if_range=if_range) is not None) is is_part


@given(st.integers(0, 50), st.integers(0, 60), st.integers(0, 60))
def test_a_part_lies_inside_and_says_so(size: int, first: int, last: int) -> None:
    try:
        found = span(f"bytes={first}-{last}", size)
    except Unsatisfiable:
        assert first >= size
        return

    if found is None:
        assert first > last
        return
    assert bytes(range(size))[found.start : found.stop] == bytes(range(size))[first : last + 1]
    assert found.length == found.stop - found.start > 0
    assert found.content_range == f"bytes {first}-{min(last, size - 1)}/{size}"
