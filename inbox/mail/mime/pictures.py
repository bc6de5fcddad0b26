"""Which files can stand as pictures inside a mail: raster formats that a page shows, known by their first bytes."""

_SIGNS = (
    ("image/png", 0, b"\x89PNG\r\n\x1a\n"),
    ("image/jpeg", 0, b"\xff\xd8\xff"),
    ("image/gif", 0, b"GIF87a"),
    ("image/gif", 0, b"GIF89a"),
    ("image/webp", 8, b"WEBP"),
)


def picture_type(data: bytes) -> str:
    """Return the type of a picture that a page may show, "" for anything else, whatever its sender called it."""
    return next((kind for kind, at, sign in _SIGNS if data.startswith(sign, at)), "")
