"""Which languages a sender's mail program names."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inbox.mail.mime.headers import Header, Headers
from inbox.mail.mime.languages import languages_of


def headers(**values: bytes) -> Headers:
    """Return headers of these names, underscores for hyphens."""
    return Headers(tuple(Header(name.replace("_", "-"), value) for name, value in values.items()))


@pytest.mark.parametrize(
    ("content", "accept", "tags"),
    [
        (b"de-DE", b"de-DE, en-US", ("de-de", "en-us")),
        (b"", b"en;q=0.3, fr-CH, fr;q=0.9", ("fr-ch", "fr", "en")),
        (b"fr, de", b"", ("fr", "de")),
        (b"", b"de;q=0, en", ("en",)),
        (b"", b"", ()),
        (b"i-klingon-is-a-very-odd-tag, *, 12, de de, =?utf-8?q?pl?=", b"", ("pl",)),
        (b"de\r\n\tDE", b"x" * 5000, ()),
    ],
)
def test_languages_come_in_the_order_that_they_are_wanted(content: bytes, accept: bytes, tags: tuple[str, ...]) -> None:
    assert languages_of(headers(content_language=content, accept_language=accept)) == tags


@settings(deadline=None)  # time depends on the machine
@given(st.binary(max_size=300))
def test_whatever_the_header_holds_a_few_plain_tags_come_out(value: bytes) -> None:
    tags = languages_of(headers(content_language=value))

    assert len(tags) <= 10
    assert all(tag.isascii() and tag == tag.lower() and 2 <= len(tag) <= 30 for tag in tags)
