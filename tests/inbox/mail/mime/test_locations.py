"""Pictures that the HTML names by their Content-Location (RFC 2557)."""

import time

from inbox.mail.mime.body import File, with_locations


def pictures(count: int) -> list[File]:
    """Return pictures of one location."""
    return [File("a.png", "image/png", "", b"", location="a.png") for _ in range(count)]


def test_a_picture_is_named_by_its_location() -> None:
    source, files = with_locations('<img src="a.png">', pictures(1))

    assert (source, files[0].content_id) == ('<img src="cid:a.png">', "a.png")


def test_html_that_is_too_long_to_be_shown_is_not_looked_through() -> None:
    html = "<img src=a.png>" * 1_000_000
    began = time.process_time()

    source, files = with_locations(html, pictures(50))

    assert time.process_time() - began < 5.0  # seconds; it took a minute
    assert (source is html, files) == (True, pictures(50))
