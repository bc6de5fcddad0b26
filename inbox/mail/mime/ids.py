"""Message-IDs (RFC 5322 3.6.4) as they really come: folded, without brackets, several where one should be."""

import re

from inbox.mail.mime.limits import MAX_IDS
from inbox.mail.mime.plain import clean_line

_ID = re.compile(r"<[^<>\s]{3,250}>")
_SPACE = re.compile(r"\s+")
_MAX_CHARS = 252


def one_id(raw: bytes) -> str:
    """Return the first id of a header with its brackets; what has none is taken as it stands; "" when it is empty."""
    text = clean_line(raw.decode("utf-8", "replace"))
    found = _ID.search(text) or _ID.search(_SPACE.sub("", text))
    return found.group() if found else text[:_MAX_CHARS]


def all_ids(values: list[bytes]) -> tuple[str, ...]:
    """Return the ids of all headers of one name, each once, in order; of too many the last ones."""
    text = " ".join(clean_line(value.decode("utf-8", "replace")) for value in values)
    return tuple(dict.fromkeys(_ID.findall(text)))[-MAX_IDS:]
