"""The gate's rules for headers and lengths."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpdesk.core.gate import Refused, body_length, clean_headers

NAMES = st.binary(min_size=1, max_size=8) | st.sampled_from([b"cookie", b"x_forwarded_for", b"x-forwarded-for"])


def test_cookies_are_joined_in_their_order() -> None:
    headers = [(b"cookie", b"a=1"), (b"host", b"x"), (b"cookie", b"b=2")]

    assert clean_headers(headers) == [(b"host", b"x"), (b"cookie", b"a=1; b=2")]


@given(st.lists(st.tuples(NAMES, st.binary(max_size=8))))
def test_no_underscore_and_one_cookie_line_pass(headers: list[tuple[bytes, bytes]]) -> None:
    clean = clean_headers(headers)

    assert [name for name, _ in clean if b"_" in name] == []
    assert sum(name == b"cookie" for name, _ in clean) == any(name == b"cookie" for name, _ in headers)
    plain = [header for header in headers if b"_" not in header[0] and header[0] != b"cookie"]
    assert [header for header in clean if header[0] != b"cookie"] == plain


@pytest.mark.parametrize(("values", "length"), [([], 0), ([b"0"], 0), ([b"100"], 100), ([b"7", b"7"], 7)])
def test_a_plain_length_is_read(values: list[bytes], length: int) -> None:
    assert body_length([(b"content-length", value) for value in values], most=100) == length


@pytest.mark.parametrize(
    ("values", "status"),
    [([b"101"], 413), ([b"9" * 5000], 413), ([b"1", b"2"], 400), ([b"-1"], 400), ([b""], 400), ([b"+1"], 400)],
)
def test_an_odd_length_is_refused(values: list[bytes], status: int) -> None:
    with pytest.raises(Refused) as refusal:
        body_length([(b"content-length", value) for value in values], most=100)

    assert refusal.value.status == status
