"""The languages that a mail's sender reads, as their mail program tells (RFC 3282): nothing is guessed from words."""

import re
from typing import Final

from inbox.mail.mime.headers import Headers

_MOST: Final = 10
_RANGE: Final = re.compile(
    r"(?P<tag>[a-z]{2,3}(?:-[a-z0-9]{1,8}){0,3})(?:\s*;\s*q\s*=\s*(?P<weight>[01](?:\.\d{1,3})?))?"
)


def languages_of(headers: Headers) -> tuple[str, ...]:
    """Return language tags in lower case, the most wanted first: of Content-Language, then of Accept-Language.

    What is no tag is left out, and so are languages of no weight.
    """
    tags = [tag for name in ("content-language", "accept-language") for tag in _tags(headers.text(name))]
    return tuple(dict.fromkeys(tags))[:_MOST]


def _tags(value: str) -> list[str]:
    found = [_RANGE.fullmatch(part.strip()) for part in value.lower().split(",")[: 2 * _MOST]]
    weighed = [(float(match["weight"] or 1), match["tag"]) for match in found if match is not None]
    return [tag for weight, tag in sorted(weighed, key=lambda pair: -pair[0]) if weight]
