"""The canonical bytes of a payload."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.payload import REDACTED, pack, plain, redact, unpack

TEXT = st.text(st.characters(exclude_categories=()))
"""Every code point, lone surrogates and NUL too."""
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=10,
)
KEY = UUID("01890000-0000-7000-8000-000000000001")


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_packed_content_comes_back_unchanged(content: dict[str, None]) -> None:
    assert unpack(pack(content)) == content


@given(st.dictionaries(TEXT, VALUES, max_size=5))
def test_packed_bytes_are_ascii_without_control_characters(content: dict[str, None]) -> None:
    packed = pack(content)

    assert all(0x20 <= byte < 0x7F for byte in packed)


def test_order_of_names_does_not_change_the_bytes() -> None:
    assert pack({"b": 1, "a": "x"}) == pack({"a": "x", "b": 1}) == b'{"a":"x","b":1}'


@pytest.mark.parametrize("data", [b"[]", b"1", b"not json"])
def test_bytes_that_hold_no_object_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"object|Expecting"):
        unpack(data)


def test_details_become_plain_with_keys_as_text() -> None:
    detail = plain({"one": KEY, "many": [KEY, 3, None], "pair": (True, "x"), "in": {"key": KEY}})

    assert detail == {"one": str(KEY), "many": [str(KEY), 3, None], "pair": [True, "x"], "in": {"key": str(KEY)}}


@pytest.mark.parametrize(("value", "shown"), [("hepatitis", REDACTED), ("x", REDACTED), ("", "")])
def test_redacted_value_shows_neither_letters_nor_length(value: str, shown: str) -> None:
    assert redact(value) == shown
